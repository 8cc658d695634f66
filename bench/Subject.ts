/** The process that a library is measured in. It does its job, tells its parent, and ends. */
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setImmediate, setTimeout } from "node:timers/promises"
import type { Assignment, Job, ToParent } from "./Job.ts"
import * as Jobs from "./Job.ts"
import type { Running, Start } from "./Library.ts"
import { libraries } from "./Library.ts"
import { count } from "./PlannedSpan.ts"
import * as Profiler from "./Profiler.ts"
import * as Shape from "./Shape.ts"
import * as TurnMeter from "./TurnMeter.ts"

const threadMicros = (): number => {
  const { system, user } = process.threadCpuUsage()
  return system + user
}

const processMicros = (): number => {
  const { system, user } = process.cpuUsage()
  return system + user
}

const send = (message: ToParent): void => void process.send!(message)

// The parent looks at the sink and says when nothing has come for a while.
const quiet = (): Promise<void> =>
  new Promise((resolve) => {
    process.once("message", () => resolve())
    send({ _tag: "Quiet" })
  })

// Everything that was made has been sent.
const settled = async (running: Running): Promise<void> => {
  await running.flush()
  running.drain?.()
  await quiet()
}

const mostLate = 50

/** Makes the texts of the job's spans, which is no work of a library, and returns the rest of the job. */
const prepare = (job: Job): (running: Running) => Promise<number> => {
  let running: Running
  const pause = async (): Promise<void> => {
    if (job.flush === "each turn") await running.flush()
    await setImmediate()
  }
  const work = job.pace._tag === "Together" ? () => setImmediate() : undefined
  const plan = Shape.planner(job.shape, { pause, work })
  return (started) => {
    running = started
    return perform(running, job, plan, pause)
  }
}

/** Makes the spans of the job, and tells how many. */
const perform = async (
  running: Running,
  { pace, shape }: Job,
  plan: ReturnType<typeof Shape.planner>,
  pause: () => Promise<void>
): Promise<number> => {
  let spans = 0
  switch (pace._tag) {
    case "Start":
      await running.run(plan(1))
      return 1
    case "Together":
      for (let round = 0; round < pace.rounds; round++) {
        const plans = plan(pace.traces)
        spans += count(plans)
        await running.runTogether(plans)
        await pause()
      }
      return spans
    case "Turns": {
      const traces = Math.max(1, Math.floor(pace.spansPerTurn / shape.spansPerTrace))
      while (spans < pace.spans) {
        const plans = plan(traces)
        spans += count(plans)
        await running.run(plans)
        await pause()
      }
      return spans
    }
    case "Rate": {
      const start = performance.now()
      const all = pace.perSecond * pace.seconds
      while (spans < all) {
        const due = Math.min(all, Math.ceil((performance.now() - start) / 1_000 * pace.perSecond))
        const late = Math.floor((due - spans) / shape.spansPerTrace)
        // A program that is late does not do all of it in one turn.
        const traces = Math.min(late, mostLate)
        if (traces > 0) {
          await running.run(plan(traces))
          spans += traces * shape.spansPerTrace
        }
        await (late > mostLate ? setImmediate() : setTimeout(2))
      }
      return spans
    }
  }
}

/** Makes the spans before the measurement, and tells how many. */
const warmUp = async (running: Running, job: Job): Promise<number> => {
  if (job.warmUp === 0) return 0
  // Some libraries deliver nothing before they have heard of the Agent.
  await setTimeout(300)
  const pace = { _tag: "Turns", spans: job.warmUp, spansPerTurn: Math.min(250, job.warmUp) } as const
  const shape = job.shape.tree === "wide" ? { ...job.shape, tree: "single", spansPerTrace: 1 } as const : job.shape
  const spans = await prepare({ ...job, shape, pace, flush: "each turn" })(running)
  await settled(running)
  return spans
}

const { job, sink } = JSON.parse(process.env[Jobs.variable]!) as Assignment
const starts = job.pace._tag === "Start"
const load = async (): Promise<Start> => {
  const { start } = await import(`./libraries/${libraries[job.library].file}`) as { readonly start: Start }
  return start
}
// Where the start is measured, it includes the import.
const loaded = starts ? undefined : await load()

const made = prepare(job)

const begun = performance.now()
const thread = threadMicros()
const whole = processMicros()
const running = await (loaded ?? await load())(sink)
const before = await warmUp(running, job)

const startedAt = starts
  ? { begun, thread, whole }
  : { begun: performance.now(), thread: threadMicros(), whole: processMicros() }
const profiler = job.profiles === true ? await Profiler.start() : undefined
const delay = monitorEventLoopDelay({ resolution: 2 })
delay.enable()
const meter = job.watchesTurns ? TurnMeter.start() : undefined
const spans = await made(running)
const started = starts ? { thread: threadMicros(), whole: processMicros() } : undefined
delay.disable()
const wallMillis = performance.now() - startedAt.begun
await settled(running)
const threadAfter = threadMicros()
const processAfter = processMicros()
const parts = await profiler?.stop()
const turns = await meter?.stop()
send({
  _tag: "Report",
  report: {
    spans: spans + before,
    measured: spans,
    threadMicros: ((started?.thread ?? threadAfter) - startedAt.thread) / spans,
    processMicros: ((started?.whole ?? processAfter) - startedAt.whole) / spans,
    wallMillis,
    peakRssMegabytes: process.resourceUsage().maxRSS / 1_024,
    delayP99Millis: delay.percentile(99) / 1e6,
    delayMaxMillis: delay.max / 1e6,
    turns,
    parts
  }
})
await running.close()
process.disconnect()
// Libraries leave timers and sockets behind.
process.exit()
