// A model call inside a workflow: a fiber that sleeps, a promise, and an error.
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"

const answer = Effect.promise(() => Promise.resolve("Tomorrow.")).pipe(
  Effect.tap(() => Effect.sleep(1)),
  LLMObs.llm("chat", {
    model: "gpt-5",
    provider: "openai",
    input: "When does \"parcel 7\" arrive?\nIt is late.",
    capture: true
  })
)

const failing = Effect.fail(new Error("no parcel")).pipe(LLMObs.tool("track"), Effect.ignore)

export const support = Effect.andThen(answer, failing).pipe(LLMObs.workflow("support", { sessionId: "s-1" }))
