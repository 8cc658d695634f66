import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"
import * as AiSdk from "../../src/layers/AiSdk.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { isInstalled, missing } from "./Installed.ts"
import type { Difference } from "./PeerComparison.ts"
import { compare, underTheirs } from "./PeerComparison.ts"

const differences: ReadonlyArray<Difference> = [
  { calls: /^llm/, path: /^model$/, reason: "ours is the model that answered" },
  { calls: /^llm/, path: /^metadata\.finish_reason$/, reason: "theirs leaves it out" },
  { calls: /^tool/, path: /^metadata\.tool_call_id$/, reason: "theirs leaves it out" },
  { calls: /^llm/, path: /^metrics\.cache_write_input_tokens$/, reason: "theirs adds a zero" },
  { calls: /^llm/, path: /^metrics\.(total_tokens|\w+_token_details_\w+)$/, reason: "theirs leaves them out" },
  { calls: /^llm/, path: /^metrics\.time_to_first_token$/, reason: "theirs leaves it out" },
  {
    calls: /^llm ask/,
    path: /^(in|out)put\.messages\.[02]\.content$/,
    reason: "theirs leaves out the empty text beside a call of a tool"
  },
  { calls: /^llm ask/, path: /^input\.messages\.3\./, reason: "ours is a result of a tool, theirs a text" },
  { calls: /^llm languageModelCall/, path: /^output\./, reason: "theirs adds an empty message to a call that failed" }
]

const inOrder = (spans: ReadonlyArray<ObservedSpan>): ReadonlyArray<ObservedSpan> =>
  spans.toSorted((a, b) => a.startMillis - b.startMillis)

const parents = (spans: ReadonlyArray<ObservedSpan>): ReadonlyArray<string> => {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const nameOf = (id: string | undefined): string | undefined => {
    const span = id === undefined ? undefined : byId.get(id)
    return span?.kind === "step" ? nameOf(span.parentId) : span?.name
  }
  return inOrder(spans).filter(({ kind }) => kind !== "step").map(({ name, parentId }) =>
    `${name} < ${nameOf(parentId)}`
  )
}

describe("the AI SDK beside dd-trace", () => {
  it.live(
    "records the same events as dd-trace but for its steps, field by field, but for the listed differences",
    (ctx) =>
      Effect.gen(function*() {
        const needed = ["dd-trace", "ai", "@ai-sdk/openai"].find((name) => !isInstalled(name))
        if (needed !== undefined) ctx.skip(missing(needed))
        const agent = yield* LLMObs.DevAgent
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => ProviderServer.start()),
          (server) => Effect.promise(server.close)
        )
        const ended = yield* Effect.promise(() => underTheirs("PeerFrameworkProgram.ts", agent.url, server.openai))
        assert.strictEqual(ended, 0)
        const theirs = agent.spans()
        AiSdk.register()
        const { aiSdk } = yield* Effect.promise(() => import("./PeerFrameworkCalls.ts"))
        yield* Effect.promise(() => aiSdk(server.openai))
        yield* LLMObs.flush
        const ours = agent.spans().slice(theirs.length)
        assert.deepStrictEqual(parents(ours), parents(theirs))
        const compared = inOrder(theirs).filter(({ kind }) => kind !== "step")
        const { unexplained, unused } = compare(
          compared.map(({ kind, name }) => `${kind} ${name}`),
          compared,
          inOrder(ours),
          differences
        )
        assert.deepStrictEqual(unexplained, [])
        assert.deepStrictEqual(unused, [])
      }).pipe(Effect.scoped, Effect.provide(LLMObs.layerDev({ mlApp: "shop", print: false }))),
    60_000
  )
})
