import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const manifest = {
  instructions: "Be brief.",
  model: "gpt-5",
  modelSettings: { temperature: 0.2 },
  tools: [{ name: "track" }]
}
const written = {
  framework: "manual",
  name: "clerk",
  instructions: "Be brief.",
  model: "gpt-5",
  model_settings: { temperature: 0.2 },
  tools: [{ name: "track" }]
}
const manifestOf = (agent: LLMObs.DevAgent["Service"], name: string) =>
  Observed.at(Observed.named(agent, name).event, "meta.metadata._dd.agent_manifest")

describe("the manifest of an agent span", () => {
  for (const apm of ["llm", "off"] as const) {
    it.live(`writes the manifest into metadata._dd.agent_manifest of the agent's span, with apm: ${apm}`, () =>
      Effect.gen(function*() {
        yield* Effect.void.pipe(
          LLMObs.tool("track", { manifest }),
          LLMObs.agent("clerk", { manifest, metadata: { _dd: "mine", a: 1 } })
        )
        yield* LLMObs.annotateCurrentSpan({ manifest, agentName: "clerk" }).pipe(LLMObs.agent("annotated"))
        yield* Effect.void.pipe(LLMObs.agent("none"))
        const { agent } = yield* Observed.settle
        assert.deepStrictEqual(manifestOf(agent, "clerk"), written)
        assert.deepStrictEqual(manifestOf(agent, "annotated"), written)
        assert.isUndefined(manifestOf(agent, "track"))
        assert.isUndefined(manifestOf(agent, "none"))
      }).pipe(Effect.provide(Observed.dev({ apm }))))
  }

  it.live("shows the manifest to rules as content, and sends only the agent's name without capture", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* Effect.void.pipe(LLMObs.agent("clerk", { manifest, agentName: "clerk" }))
        const { agent } = yield* Observed.settle
        return manifestOf(agent, "clerk")
      })
      const none = yield* Effect.provide(program, Observed.dev({ contentCapture: "none" }))
      assert.deepStrictEqual(none, { framework: "manual", name: "clerk" })
      const redacted = yield* Effect.provide(
        program,
        Observed.dev({
          processors: [(span) => {
            if (span.kind === "agent" && span.manifest !== undefined) span.manifest["instructions"] = "***"
            return span
          }]
        })
      )
      assert.deepStrictEqual(redacted, { ...written, instructions: "***" })
    }))
})
