import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

describe("an Agent without an EVP proxy", () => {
  it.live("logs no complaint about a missing EVP proxy while every event rides", () =>
    Effect.gen(function*() {
      const { layer, lines } = Observed.warnings()
      const agent = yield* DevAgent.make({ endpoints: ["/v0.4/traces", "/info"] })
      const books = yield* Effect.void.pipe(
        LLMObs.workflow("rides"),
        Effect.andThen(LLMObs.flush),
        Effect.andThen(LLMObs.ledger),
        Effect.provide(Observed.layerOf(agent)),
        Effect.provide(layer)
      )
      assert.strictEqual(books.delivered.agent, 1)
      assert.deepStrictEqual(lines, [])
    }))
})
