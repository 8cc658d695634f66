/**
 * A program that makes events, says so, and goes on until a signal ends it.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Ledgers from "../../src/domain/Ledger.ts"
import { Delivery } from "../../src/ports/Delivery.ts"

const [url, count] = process.argv.slice(2)

const span = Effect.void.pipe(LLMObs.llm("call", { model: "m", provider: "p", input: "a question" }))

const main = Effect.scoped(Effect.gen(function*() {
  // Read after the layer has closed: by then nothing may be left.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(books, (ledger) =>
      Effect.sync(() => {
        console.log(`pending ${Ledgers.pending(ledger)}`)
      }))
  )
  let books = Effect.succeed(Ledgers.empty)
  return yield* Effect.gen(function*() {
    books = (yield* Delivery).ledger
    for (let index = 0; index < Number(count); index++) yield* span
    console.log("made")
    return yield* Effect.never
  }).pipe(Effect.provide(LLMObs.layer({ mlApp: "victim", agentUrl: url, flushInterval: "1 hour" })))
}))

NodeRuntime.runMain(main)
