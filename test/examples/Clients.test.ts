import { assert, describe, it } from "@effect/vitest"
import * as Testing from "effect-llmobs/Testing"
import * as Effect from "effect/Effect"
import * as AnyClient from "../../examples/clients/AnyClient.ts"
import * as OpenAi from "../../examples/clients/OpenAi.ts"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import * as RequestChannels from "../../src/adapters/undici/RequestChannels.ts"

const localServer = Effect.acquireRelease(
  Effect.promise(() => ProviderServer.start()),
  (server) => Effect.promise(server.close)
)

const shown = Effect.map(
  Testing.events(),
  (spans) => spans.map(({ kind, metrics, name }) => [kind, name, metrics["total_tokens"]])
)

describe("examples/clients", () => {
  it.live("records OpenAI's client by one line", () =>
    Effect.gen(function*() {
      yield* OpenAi.program(yield* localServer)
      assert.deepStrictEqual(yield* shown, [
        ["workflow", "support", undefined],
        ["llm", "OpenAI.createResponse", 120],
        ["llm", "OpenAI.createChatCompletion", 120]
      ])
    }).pipe(Effect.scoped, Effect.provide(Testing.layer())))

  it.live("records any client without a line", (ctx) =>
    Effect.gen(function*() {
      if (!RequestChannels.mayHaveBodies()) ctx.skip("Node publishes no bodies before 24.4")
      yield* AnyClient.program(yield* localServer)
      assert.deepStrictEqual(yield* shown, [
        ["workflow", "support", undefined],
        ["llm", "OpenAI.createChatCompletion", 120]
      ])
    }).pipe(Effect.scoped, Effect.provide(AnyClient.layer), Effect.provide(Testing.layer())))
})
