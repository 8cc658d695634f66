/** A program that makes events, hands them to Redis, and prints its books when nothing is pending. */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as RedisOutbox from "effect-llmobs/RedisOutbox"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"

const [url, count] = process.argv.slice(2)

const span = Effect.void.pipe(LLMObs.llm("call", { model: "m", provider: "p", input: "a question" }))

const Live = LLMObs.layer({ mlApp: "fleet", apm: "off", agentless: true, flushInterval: "20 millis" }).pipe(
  Layer.provide(RedisOutbox.layer({ url: Redacted.make(url!) }))
)

const main = Effect.gen(function*() {
  for (let index = 0; index < Number(count); index++) {
    yield* span
    // Some leave alone and some together, so that there are many batches.
    if (index % 10 === 0) yield* LLMObs.flush
  }
  for (let turn = 0; turn < 20 && (yield* LLMObs.flush).pending > 0; turn++);
  console.log(JSON.stringify(yield* LLMObs.ledger))
})

await Effect.runPromise(
  main.pipe(
    Effect.provide(Live),
    // Its output is its books.
    Effect.provideService(References.MinimumLogLevel, "None")
  )
)
