/**
 * Rows about time: the clock jumps, the event loop stands still, everything happens at once.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as AgentProcess from "./AgentProcess.ts"
import { eventually } from "./Eventually.ts"
import * as JumpingClock from "./JumpingClock.ts"
import type { Row } from "./Row.ts"
import { apiKey } from "./Row.ts"
import { once } from "./Verdict.ts"

const events = 20
const hour = 3_600_000

/** The time of day moves by this much while events wait; nobody flushes. */
const jump = (name: string, millis: number, more: Partial<Row> = {}): Row => {
  const jumping = JumpingClock.make()
  return {
    name: `the clock jumps ${name}`,
    promised: once,
    clock: jumping.clock,
    run: ({ agent, emit, wait }) =>
      Effect.gen(function*() {
        yield* emit(1)
        yield* wait(5_000)
        // Something waits for its turn when the clock moves.
        agent.configure({ evpStatus: [503, 503, 503], tracesStatus: [503, 503, 503] })
        yield* emit(events)
        yield* emit(events, { road: "trace" })
        yield* Effect.sleep(150)
        jumping.jump(millis)
        yield* emit(events)
        yield* emit(events, { road: "trace" })
        yield* wait(15_000)
      }),
    ...more
  }
}

/** A stall outlasts the time in which an answer is due, which a slow Agent does not. */
const timeoutSeconds = 3
const stallMillis = 4_000

/** With an Agent in a process of its own, which goes on and answers meanwhile. */
const stall = (name: string, direct: boolean): Row => {
  let remote: AgentProcess.AgentProcess
  return {
    name: `${direct ? "direct: " : ""}the event loop stalls${name}`,
    promised: once,
    direct,
    alone: true,
    env: { _DD_LLMOBS_WRITER_TIMEOUT: String(timeoutSeconds) },
    prepare: () =>
      Effect.map(AgentProcess.make({ latencyMillis: 300 }), (made) => {
        remote = made
      }),
    options: () => direct ? { overrideOrigin: remote.url } : { agentUrl: remote.url },
    received: Effect.suspend(() => remote.ids),
    run: ({ emit, wait }) =>
      Effect.gen(function*() {
        yield* emit(1)
        yield* wait(5_000)
        yield* emit(events)
        yield* emit(events, { road: "trace" })
        const requests = (yield* remote.requests) + 1
        yield* eventually(Effect.map(remote.requests, (came) => came >= requests), 5_000)
        const end = performance.now() + stallMillis
        while (performance.now() < end) { /* busy */ }
        yield* emit(events)
        yield* wait(20_000)
        return undefined
      })
  }
}

/** The whole burst is one stall of the event loop. */
const burst = (): Row => {
  let remote: AgentProcess.AgentProcess
  return {
    name: "10,000 spans of 5 KB in one tick",
    promised: once,
    alone: true,
    prepare: () =>
      Effect.map(AgentProcess.make({ maxEvents: 100_000, maxEventsBytes: 1_000_000_000 }), (made) => {
        remote = made
      }),
    options: () => ({ agentUrl: remote.url }),
    received: Effect.suspend(() => remote.ids),
    run: ({ wait }) =>
      Effect.gen(function*() {
        const text = "0123456789".repeat(250)
        const span = Effect.void.pipe(LLMObs.llm("burst", { model: "m", provider: "p", input: text }))
        const annotated = Effect.void.pipe(
          LLMObs.llm("burst", { model: "m", provider: "p", input: text, metadata: { text } })
        )
        for (let index = 0; index < 5_000; index++) {
          yield* span
          yield* annotated
        }
        yield* wait(30_000)
      })
  }
}

/** A jump of the wall clock must not shorten the half minute that a program waits for an Agent. */
const late = (name: string, millis: number): Row => {
  const jumping = JumpingClock.make()
  return {
    name: `the Agent is late, the clock jumps ${name}`,
    promised: once,
    clock: jumping.clock,
    lateAgent: true,
    // Events that bypass the Agent do not arrive.
    env: { DD_API_KEY: apiKey, DD_SITE: "datadoghq.eu", DD_PROXY_HTTPS: "http://127.0.0.1:1" },
    run: ({ emit, pending, proxy, wait }) =>
      Effect.gen(function*() {
        yield* emit(events, { road: "trace" })
        yield* emit(events)
        yield* Effect.sleep(300)
        jumping.jump(millis)
        yield* Effect.sleep(1_000)
        const held = yield* pending
        yield* proxy.up
        yield* wait(15_000)
        return held === 2 * events ? undefined : `${held} were held`
      })
  }
}

export const rows: ReadonlyArray<Row> = [
  late("forward by an hour", hour),
  late("back by an hour", -hour),
  jump("forward by an hour", hour),
  jump("back by an hour", -hour),
  // Waiting events grow no older by a jump.
  jump("forward by 25 hours", 25 * hour),
  jump("forward by two days", 48 * hour),
  jump("back by two days", -48 * hour),
  stall("", false),
  stall("", true),
  {
    name: "flushes at the same time",
    promised: once,
    run: ({ agent, emit, settle }) =>
      Effect.gen(function*() {
        agent.configure({ evpStatus: [503] })
        yield* emit(events)
        const flushes = yield* Effect.forEach([1, 2, 3, 4], () => Effect.forkChild(LLMObs.flush))
        yield* emit(events, { road: "trace" })
        yield* Fiber.joinAll(flushes)
        yield* settle(20_000)
      })
  },
  burst()
]
