/**
 * A program that keeps its events in a file, because nobody is there to take them, and says when each one was made.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"

const path = process.argv[2]!

const main = Effect.gen(function*() {
  for (let index = 0; index < 5_000; index++) {
    yield* Effect.void.pipe(LLMObs.task(`event-${index}`))
    Fs.writeSync(1, `${Date.now()}\n`)
    yield* Effect.sleep(1)
  }
})

await Effect.runPromise(
  Effect.provide(main, LLMObs.layer({ mlApp: "scribe", agentUrl: "http://127.0.0.1:1", durable: { path } }))
)
