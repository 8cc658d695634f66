/**
 * A program that makes one event after the other with a durable outbox, and says at each one how many have been
 * delivered. The Agent that it is given is there or is not.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"

const [directory, agentUrl] = process.argv.slice(2)

const main = Effect.gen(function*() {
  for (let index = 0; index < 5_000; index++) {
    yield* Effect.void.pipe(LLMObs.task(`event-${index}`))
    const books = yield* LLMObs.ledger
    Fs.writeSync(1, `${books.delivered.intake}\n`)
    yield* Effect.sleep(1)
  }
})

await Effect.runPromise(
  Effect.provide(
    main,
    LLMObs.layer({
      mlApp: "scribe",
      agentUrl,
      apm: "off",
      flushInterval: "20 millis",
      ...(directory === "" ? {} : { durable: { directory: directory! } })
    })
  )
)
