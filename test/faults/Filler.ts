/**
 * A program that makes more large events than its memory and its disk have room for, says so, and prints its books when a
 * signal has ended it.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import { empty } from "../../src/domain/Ledger.ts"
import { Delivery } from "../../src/ports/Delivery.ts"

const [path, agentUrl] = process.argv.slice(2)

const span = Effect.void.pipe(LLMObs.llm("large", { input: "0123456789".repeat(400) }))

const main = Effect.scoped(Effect.gen(function*() {
  yield* Effect.addFinalizer(() => Effect.map(books, (ledger) => console.log(JSON.stringify(ledger))))
  let books = Effect.succeed(empty)
  return yield* Effect.gen(function*() {
    books = (yield* Delivery).ledger
    for (let part = 0; part < 50; part++) {
      for (let index = 0; index < 20; index++) yield* span
      yield* Effect.sleep(2)
    }
    console.log("made")
    return yield* Effect.never
  }).pipe(Effect.provide(LLMObs.layer({
    mlApp: "filler",
    agentUrl,
    apm: "off",
    maxBytes: 400_000,
    flushTimeout: "200 millis",
    durable: { path: path! }
  })))
}))

NodeRuntime.runMain(main)
