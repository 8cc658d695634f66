// From CommonJS, by the `require` of ES modules.
const Effect = require("effect/Effect")
const LLMObs = require("effect-llmobs/LLMObs")
const Root = require("effect-llmobs")
const Core = require("effect-llmobs/core")

if (Root.LLMObs.llm !== LLMObs.llm) throw new Error("two copies of the face")
if (Core.SpanId.toDecimal("00000000000000ff") !== "255") throw new Error("the core")

const support = Effect.succeed("Tomorrow.").pipe(
  LLMObs.llm("chat", {
    model: "gpt-5",
    provider: "openai",
    input: "When does \"parcel 7\" arrive?\nIt is late.",
    capture: true
  }),
  Effect.andThen(Effect.fail(new Error("no parcel")).pipe(LLMObs.tool("track"), Effect.ignore)),
  LLMObs.workflow("support", { sessionId: "s-1" })
)

void Effect.runPromise(
  support.pipe(Effect.provide(LLMObs.layerFromConfig({ mlApp: "shop", flushTimeout: "1 minute" })))
)
