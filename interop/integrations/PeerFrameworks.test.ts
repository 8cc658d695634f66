import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"
import * as AiSdk from "../../src/layers/AiSdk.ts"
import * as LangChain from "../../src/layers/LangChain.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as OpenAiAgents from "../../src/layers/OpenAiAgents.ts"
import { isInstalled, missing } from "./Installed.ts"
import type { Difference } from "./PeerComparison.ts"
import { compare, underTheirs } from "./PeerComparison.ts"

const aiSdkDifferences: ReadonlyArray<Difference> = [
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

const langChainDifferences: ReadonlyArray<Difference> = [
  { calls: /^llm/, path: /^integration$/, reason: "theirs is an event of OpenAI's client, below its workflow" },
  { calls: /^llm/, path: /^provider$/, reason: "theirs is unknown for a server that is not OpenAI's" },
  { calls: /^llm/, path: /^metadata\.stream(_options\.\w+)?$/, reason: "LangChain does not tell it" },
  { calls: /^llm/, path: /^metadata\.finish_reason$/, reason: "theirs leaves it out" },
  { calls: /^llm/, path: /^toolDefinitions\./, reason: "theirs leaves them out" },
  { calls: /^llm/, path: /^metrics\.time_to_first_token$/, reason: "theirs leaves it out" },
  { calls: /^llm/, path: /^output\.messages\.0\.tool_calls\.0\.type$/, reason: "ours is LangChain's own word" },
  {
    calls: /^llm/,
    path: /^output\.messages\.0\.(role|content)$/,
    reason: "theirs adds an empty message to a call that failed"
  },
  { calls: /^llm/, path: /^error\.type$/, reason: "ours is the class of the error that the program gets" },
  { calls: /^tool/, path: /^(in|out)put\.value$/, reason: "theirs has LangChain's own objects around the values" },
  { calls: /^tool/, path: /^metadata\.tool_call_id$/, reason: "theirs leaves it out" }
]

const openAiAgentsDifferences: ReadonlyArray<Difference> = [
  { calls: /^llm/, path: /^provider$/, reason: "theirs is unknown" },
  { calls: /^llm/, path: /^model$/, reason: "the model of a failed call is custom in theirs, unknown in ours" },
  { calls: /^llm/, path: /^(metadata\.tools|toolDefinitions)\./, reason: "theirs has the tools among the parameters" },
  { calls: /^llm/, path: /^metadata\.finish_reason$/, reason: "theirs leaves it out" },
  { calls: /^llm/, path: /^metrics\.cache_read_input_tokens$/, reason: "theirs leaves it out" },
  {
    calls: /^llm/,
    path: /^(input\.messages\.2|output\.messages\.0)\.(content|tool_calls\.0\.tool_id)$/,
    reason: "theirs leaves out the empty text beside a call of a tool, and its id"
  },
  { calls: /^llm/, path: /^input\.messages\.3\./, reason: "ours is a result of a tool, theirs a text or nothing" },
  {
    calls: /^llm/,
    path: /^(in|out)put\.messages\.0\.(role|content)$/,
    reason: "theirs adds empty messages to a call that failed"
  },
  { calls: /^(workflow|agent)/, path: /^error\.message$/, reason: "ours has the error's name and its data" }
]

const inOrder = (spans: ReadonlyArray<ObservedSpan>): ReadonlyArray<ObservedSpan> =>
  spans.toSorted((a, b) => a.startMillis - b.startMillis)

/** Each span with the nearest one around it that is compared too. */
const parents = (
  spans: ReadonlyArray<ObservedSpan>,
  isCompared: (span: ObservedSpan) => boolean
): ReadonlyArray<string> => {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const nameOf = (id: string | undefined): string | undefined => {
    const span = id === undefined ? undefined : byId.get(id)
    return span === undefined || isCompared(span) ? span?.name : nameOf(span.parentId)
  }
  return inOrder(spans).filter(isCompared).map(({ name, parentId }) => `${name} < ${nameOf(parentId)}`)
}

interface Comparison {
  readonly title: string
  readonly packages: ReadonlyArray<string>
  readonly calls: "aiSdk" | "langChain" | "openAiAgents"
  /** LangChain's hook holds where it is registered, so the function is called there. */
  readonly load: () => Promise<() => void>
  /** Whether an event of theirs has one of ours beside it. */
  readonly isCompared: (span: ObservedSpan) => boolean
  /** The name that our event has where theirs has another. */
  readonly nameOf: (span: ObservedSpan) => string
  readonly differences: ReadonlyArray<Difference>
}

const comparisons: ReadonlyArray<Comparison> = [
  {
    title: "the AI SDK: records the same events as dd-trace but for its steps",
    packages: ["ai", "@ai-sdk/openai"],
    calls: "aiSdk",
    load: () => Promise.resolve(AiSdk.register),
    isCompared: ({ kind }) => kind !== "step",
    nameOf: ({ name }) => name,
    differences: aiSdkDifferences
  },
  {
    title: "LangChain: records the same events as dd-trace but for its workflow around a call of a model",
    packages: ["@langchain/core/context", "@langchain/openai"],
    calls: "langChain",
    load: async () => {
      const { registerConfigureHook } = await import("@langchain/core/context")
      return () => LangChain.register(registerConfigureHook)
    },
    isCompared: ({ kind }) => kind !== "workflow",
    nameOf: ({ kind, name }) => kind === "llm" ? "ChatOpenAI" : name,
    differences: langChainDifferences
  },
  {
    title: "OpenAI Agents: records the same events as dd-trace but for its second event of each call of a model",
    packages: ["@openai/agents"],
    calls: "openAiAgents",
    load: async () => {
      const agents = await import("@openai/agents")
      // The framework records nothing under NODE_ENV=test.
      agents.setTracingDisabled(false)
      return () => OpenAiAgents.register(agents)
    },
    isCompared: ({ name }) => !name.startsWith("OpenAI.create"),
    nameOf: ({ name }) => name,
    differences: openAiAgentsDifferences
  }
]

for (const { calls, differences, isCompared, load, nameOf, packages, title } of comparisons) {
  describe("a framework beside dd-trace", () => {
    it.live(
      `${title}, field by field, but for the listed differences`,
      (ctx) =>
        Effect.gen(function*() {
          const needed = ["dd-trace", ...packages].find((name) => !isInstalled(name))
          if (needed !== undefined) ctx.skip(missing(needed))
          const agent = yield* LLMObs.DevAgent
          const server = yield* Effect.acquireRelease(
            Effect.promise(() => ProviderServer.start()),
            (server) => Effect.promise(server.close)
          )
          const ended = yield* Effect.promise(() => underTheirs("PeerFrameworkProgram.ts", agent, server.openai, calls))
          assert.strictEqual(ended, 0)
          const theirs = agent.spans()
          yield* Effect.promise(async () => {
            const made = await import("./PeerFrameworkCalls.ts")
            const register = await load()
            register()
            await made[calls](server.openai)
          })
          yield* LLMObs.flush
          const ours = agent.spans().slice(theirs.length)
          const compared = theirs.map((span) => ({ ...span, name: nameOf(span) }))
          assert.deepStrictEqual(parents(ours, () => true), parents(compared, isCompared))
          const { unexplained, unused } = compare(
            inOrder(compared).filter(isCompared).map(({ kind, name }) => `${kind} ${name}`),
            inOrder(compared).filter(isCompared),
            inOrder(ours),
            differences
          )
          assert.deepStrictEqual(unexplained, [])
          assert.deepStrictEqual(unused, [])
        }).pipe(
          Effect.scoped,
          Effect.provide(LLMObs.layerDev({ mlApp: "shop", print: false, flushTimeout: "1 minute" }))
        )
    )
  })
}
