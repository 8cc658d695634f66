/**
 * Makes a million spans, kept and rejected in turn, and looks at the heap after each twentieth of them.
 *
 * It runs with `--expose-gc`. The heap is flat when the second half of the run adds nothing beyond what a garbage
 * collection leaves lying about. A server in another process reads and discards the requests.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as ChildProcess from "node:child_process"
import * as Path from "node:path"

const spans = Number(process.argv[2] ?? 1_000_000)
const rounds = 20
const allowedGrowth = 8 * 1024 * 1024

const collect = (globalThis as { readonly gc?: () => void }).gc
if (collect === undefined) throw new Error("Run this with --expose-gc.")

const sink = ChildProcess.fork(Path.join(import.meta.dirname, "Sink.ts"), { stdio: "inherit" })
const url = await new Promise<string>((resolve) => sink.once("message", (message) => resolve(String(message))))

const text = "The parcel left the depot this morning and arrives tomorrow. ".repeat(8)

let traces = 0
const one = Effect.suspend(() => {
  const kept = ++traces % 2 === 0
  return Effect.succeed(text).pipe(
    LLMObs.llm("chat", { model: "m", provider: "p", input: text, output: (reply) => reply }),
    LLMObs.workflow("support", { sessionId: `s-${traces}` }),
    LLMObs.extract({
      "x-datadog-trace-id": String(traces),
      "x-datadog-parent-id": "1",
      "x-datadog-sampling-priority": kept ? "1" : "-1"
    })
  )
})

const heap = (): number => {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}

const program = Effect.gen(function*() {
  const heaps: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    for (let made = 0; made < spans / rounds; made += 2) {
      yield* one
      if (made % 1_000 === 0) yield* LLMObs.flush
    }
    yield* LLMObs.flush
    heaps.push(heap())
    console.log(
      `${String((round + 1) * spans / rounds).padStart(9)} spans  heap ${(heaps.at(-1)! / 1048576).toFixed(1)} MiB`
    )
  }
  const books = yield* LLMObs.ledger
  const growth = Math.min(...heaps.slice(-3)) - Math.min(...heaps.slice(rounds / 2 - 3, rounds / 2))
  const lost = books.enqueued - books.delivered.agent - books.delivered.intake
  console.log(
    `grew ${
      (growth / 1048576).toFixed(2)
    } MiB over the second half · enqueued ${books.enqueued} · not delivered ${lost}`
  )
  return growth <= allowedGrowth && lost === 0 ? 0 : 1
})

process.exitCode = await Effect.runPromise(Effect.provide(program, LLMObs.layer({ mlApp: "memory", agentUrl: url })))
sink.kill()
