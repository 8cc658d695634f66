/**
 * A program that makes events, says so, and goes on until a signal ends it. At its end, for which it has so many seconds,
 * it prints its books. When it is to know the Agent before, it sends one event first.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import { empty } from "../../src/domain/Ledger.ts"
import { Delivery } from "../../src/ports/Delivery.ts"

const [agentUrl, count, seconds, first, path] = process.argv.slice(2)

const span = Effect.void.pipe(LLMObs.llm("call", { model: "m", provider: "p", input: "a question" }))

const main = Effect.scoped(Effect.gen(function*() {
  // Read after the layer has closed: by then nothing may be in memory.
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(books, (ledger) =>
      Effect.sync(() => {
        console.log(JSON.stringify(ledger))
      }))
  )
  let books = Effect.succeed(empty)
  return yield* Effect.gen(function*() {
    books = (yield* Delivery).ledger
    if (first === "first") yield* Effect.andThen(span, LLMObs.flush)
    for (let index = 0; index < Number(count); index++) yield* span
    console.log("made")
    return yield* Effect.never
  }).pipe(Effect.provide(LLMObs.layer({
    mlApp: "victim",
    agentUrl,
    flushInterval: "1 hour",
    flushTimeout: `${Number(seconds)} seconds`,
    ...(path === undefined ? {} : { durable: { path } })
  })))
}))

NodeRuntime.runMain(main)
