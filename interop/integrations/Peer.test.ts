import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { isInstalled, missing } from "./Installed.ts"
import type { Difference } from "./PeerComparison.ts"
import { compare, underTheirs } from "./PeerComparison.ts"

const differences: ReadonlyArray<Difference> = [
  { calls: /^(openai|anthropic)/, path: /^provider$/, reason: "theirs is known for the provider's own host alone" },
  { calls: /^(anthropic|google)/, path: /^model$/, reason: "ours is the model that answered, as theirs is for OpenAI" },
  { calls: /./, path: /^metadata\.finish_reason$/, reason: "theirs leaves it out" },
  { calls: /refused/, path: /^metadata\.status_code$/, reason: "theirs leaves it out" },
  { calls: /^anthropic stream/, path: /^metadata\.stream$/, reason: "ours records all parameters" },
  { calls: /embedding/, path: /^metadata\.encoding_format$/, reason: "ours is what the client asks the provider for" },
  { calls: /embedding/, path: /^metrics\.(output|reasoning_output)_tokens$/, reason: "theirs adds zeros" },
  { calls: /stream/, path: /^metrics\.time_to_first_token$/, reason: "theirs leaves it out" },
  { calls: /^openai|^anthropic/, path: /^toolDefinitions/, reason: "theirs leaves them out" },
  { calls: /^(anthropic|google)/, path: /^metrics\.reasoning_output_tokens$/, reason: "theirs leaves them out" },
  { calls: /^google/, path: /^metrics\.cache_read_input_tokens$/, reason: "theirs leaves them out" },
  { calls: /^google/, path: /^metrics\.output_tokens$/, reason: "theirs leaves out the thoughts" },
  { calls: /tool/, path: /^output\.messages\.\d+\.content$/, reason: "theirs leaves out an empty text" },
  {
    calls: /^anthropic tool/,
    path: /^output\.messages/,
    reason: "ours keeps a message whole that has a text and a call"
  },
  { calls: /refused/, path: /^output/, reason: "theirs adds an empty message" },
  { calls: /^openai chat refused/, path: /^error\.type$/, reason: "ours is the name of the error that is thrown" },
  { calls: /^anthropic refused/, path: /^error\.message$/, reason: "ours is the provider's message, theirs its JSON" }
]

const ofCalls = (spans: ReadonlyArray<ObservedSpan>) =>
  spans.filter(({ kind }) => kind === "llm" || kind === "embedding").toSorted((a, b) => a.startMillis - b.startMillis)

describe("clients beside dd-trace", () => {
  it.live(
    "records the same events as dd-trace, field by field, but for the listed differences",
    (ctx) =>
      Effect.gen(function*() {
        const needed = ["dd-trace", "openai", "@anthropic-ai/sdk", "@google/genai"].find((name) => !isInstalled(name))
        if (needed !== undefined) ctx.skip(missing(needed))
        const { calls, make, run } = yield* Effect.promise(() => import("./PeerCalls.ts"))
        const agent = yield* LLMObs.DevAgent
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => ProviderServer.start()),
          (server) => Effect.promise(server.close)
        )
        assert.strictEqual(yield* Effect.promise(() => underTheirs("PeerProgram.ts", agent, server.origin)), 0)
        const before = agent.spans()
        const theirs = ofCalls(before)
        const { anthropic, google, openai } = make(server.origin)
        yield* Effect.promise(() =>
          run({ openai: Clients.wrap(openai), anthropic: Clients.wrap(anthropic), google: Clients.wrap(google) })
        )
        yield* LLMObs.flush
        const ours = ofCalls(agent.spans().slice(before.length))
        assert.deepStrictEqual([theirs.length, ours.length], [calls.length, calls.length])

        const { unexplained, unused } = compare(calls.map(([name]) => name), theirs, ours, differences)
        assert.deepStrictEqual(unexplained, [])
        assert.deepStrictEqual(unused, [])
      }).pipe(Effect.scoped, Effect.provide(LLMObs.layerDev({ mlApp: "shop", print: false, flushTimeout: "1 minute" })))
  )
})
