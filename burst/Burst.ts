/**
 * Many spans: a burst that memory has no room for, while the intake refuses everything, with a durable outbox behind it;
 * or a steady stream, on defaults.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setImmediate, setTimeout } from "node:timers/promises"
import * as V8 from "node:v8"
import { Worker } from "node:worker_threads"
import * as Ledgers from "../src/domain/delivery/Ledger.ts"
import type { Ledger } from "../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../src/layers/LLMObs.ts"

export interface Report {
  readonly ledger: Ledger
  /** The counts of the intake. */
  readonly received: { readonly spans: number; readonly duplicates: number }
  readonly offeredMillis: number
  readonly deliveredMillis: number
  /** Processor time of the program's thread while spans were offered, in milliseconds. */
  readonly offeringCpuMillis: number
  /** The longest that one of every eighth span took, its work and ours, in milliseconds of the thread's processor time. */
  readonly longestSpan: number
  /** Delays of the event loop while spans were offered, in milliseconds; and with their delivery. */
  readonly loopWhileOffering: { readonly p99: number; readonly max: number }
  readonly loop: { readonly p99: number; readonly max: number }
  readonly mostPending: number
  readonly peakHeapMegabytes: number
}

// A machine that is busy with other things says little by its clock.
const cpuMillis = (): number => {
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1_000
}

export const run = async (options: {
  readonly spans: number
  readonly bytes: number
  readonly overMillis: number
  readonly maxBytes?: number
  readonly durability?: "process" | "power"
  /** The intake takes everything from the start, and there is no durable outbox. */
  readonly steady?: boolean
}): Promise<Report> => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "llmobs-burst-"))
  const sink = new Worker(new URL("./Sink.ts", import.meta.url))
  const [{ port }] = await once(sink, "message") as [{ readonly port: number }]
  const layer = LLMObs.layer({
    mlApp: "burst",
    agentless: true,
    apiKey: Redacted.make("none"),
    overrideOrigin: `http://127.0.0.1:${port}`,
    maxBytes: options.maxBytes,
    durable: options.steady === true
      ? undefined
      : { directory: folder, durability: options.durability, maxBytes: 4 * 1024 ** 3 }
  })
  if (options.steady === true) sink.postMessage("open")

  const program = Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    const runSync = Effect.runSyncWith(context)
    const loop = monitorEventLoopDelay({ resolution: 5 })
    const input = "The parcel is late. ".repeat(Math.ceil(options.bytes / 20)).slice(0, options.bytes)
    let longestSpan = 0
    let mostPending = 0
    let peak = 0
    const look = Effect.map(LLMObs.ledger, (ledger) => {
      mostPending = Math.max(mostPending, Ledgers.pending(ledger))
      peak = Math.max(peak, V8.getHeapStatistics().used_heap_size)
      if (!Ledgers.balances(ledger)) throw new Error(`The books do not balance: ${JSON.stringify(ledger)}`)
      return ledger
    })
    const start = performance.now()
    const startCpu = cpuMillis()
    loop.enable()
    for (let offered = 0; offered < options.spans;) {
      const due = Math.min(
        options.spans,
        Math.ceil((options.spans * (performance.now() - start + 5)) / options.overMillis)
      )
      // A program that is late catches up in parts: it has other things to do too.
      for (const end = Math.min(due, offered + 200); offered < end; offered++) {
        // To look costs a tenth of a span.
        const looks = offered % 8 === 0
        const before = looks ? cpuMillis() : 0
        runSync(Effect.void.pipe(LLMObs.task("burst", { input: `${offered} ${input}` })))
        if (looks) longestSpan = Math.max(longestSpan, cpuMillis() - before)
      }
      yield* look
      yield* Effect.promise(() => offered < due ? setImmediate() : setTimeout(5))
    }
    const offeredMillis = performance.now() - start
    const offeringCpuMillis = cpuMillis() - startCpu
    const loopWhileOffering = { p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 }
    sink.postMessage("open")
    for (let round = 0; round < 60; round++) {
      yield* LLMObs.flush
      if (Ledgers.pending(yield* look) === 0) break
    }
    loop.disable()
    const deliveredMillis = performance.now() - start
    sink.postMessage("count")
    const [received] = yield* Effect.promise(() => once(sink, "message"))
    return {
      ledger: yield* look,
      received,
      offeredMillis,
      deliveredMillis,
      offeringCpuMillis,
      longestSpan,
      loopWhileOffering,
      loop: { p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 },
      mostPending,
      peakHeapMegabytes: peak / 1024 ** 2
    }
  })
  try {
    return await Effect.runPromise(Effect.provide(program, layer))
  } finally {
    await sink.terminate()
    Fs.rmSync(folder, { recursive: true, force: true })
  }
}
