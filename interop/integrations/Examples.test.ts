import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import * as LangChain from "../../src/layers/LangChain.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

const shown = (program: (server: ProviderServer.ProviderServer) => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    yield* program(
      yield* Effect.acquireRelease(
        Effect.promise(() => ProviderServer.start()),
        (server) => Effect.promise(server.close)
      )
    )
    return (yield* Testing.events()).map(({ kind, name, output }) => [kind, name, ...Testing.texts(output)])
  }).pipe(Effect.scoped, Effect.provide(Testing.layer()), Effect.runPromise)

describe("examples/clients", () => {
  it("records Anthropic's client by one line, with the tool of the program between its calls", async (ctx) => {
    if (!isInstalled("@anthropic-ai/sdk")) ctx.skip(missing("@anthropic-ai/sdk"))
    const Anthropic = await import("../../examples/clients/Anthropic.ts")
    assert.deepStrictEqual(await shown(Anthropic.program), [
      ["agent", "weather"],
      ["llm", "anthropic.request", "I look."],
      ["tool", "weather", "It rains."],
      ["llm", "anthropic.request", "You said: How is the weather in Oslo?"]
    ])
  })

  it("records Google's client by one line", async (ctx) => {
    if (!isInstalled("@google/genai")) ctx.skip(missing("@google/genai"))
    const Google = await import("../../examples/clients/Google.ts")
    assert.deepStrictEqual(await shown(Google.program), [
      ["workflow", "guide"],
      ["llm", "google_genai.request", "You said: Tell me about Oslo."]
    ])
  })
})

describe("examples/frameworks", () => {
  it("records the AI SDK by one line: a tool between two calls, and a stream", async (ctx) => {
    if (!isInstalled("ai")) ctx.skip(missing("ai"))
    const AiSdk = await import("../../examples/frameworks/AiSdk.ts")
    assert.deepStrictEqual(await shown(AiSdk.program), [
      ["agent", "guide"],
      ["workflow", "generateText", "You said: How is the weather in Oslo?"],
      ["llm", "languageModelCall", ""],
      ["tool", "weather", "It rains in Oslo."],
      ["llm", "languageModelCall", "You said: How is the weather in Oslo?"],
      ["workflow", "streamText", "You said: Tell me about Oslo."],
      ["llm", "languageModelCall", "You said: Tell me about Oslo."]
    ])
  })

  it("records LangGraph by one line, with its nodes", async (ctx) => {
    if (!isInstalled("@langchain/langgraph")) ctx.skip(missing("@langchain/langgraph"))
    const { program } = await import("../../examples/frameworks/LangChain.ts")
    // A module that is imported here registers in an asynchronous context of its own; a program's first module does not.
    const { registerConfigureHook } = await import(/* @vite-ignore */ "@langchain/core/context" as string) as {
      readonly registerConfigureHook: (hook: never) => void
    }
    LangChain.register(registerConfigureHook)
    const names = (await shown(program)).map(([kind, name]) => [kind, name])
    assert.deepStrictEqual(names, [
      ["agent", "guide"],
      ["workflow", "LangGraph"],
      ["task", "model"],
      ["llm", "ChatOpenAI"],
      ["task", "tools"],
      ["tool", "weather"],
      ["task", "model"],
      ["llm", "ChatOpenAI"]
    ])
  })

  it("records OpenAI Agents by one line, with each call of the model once", async (ctx) => {
    if (!isInstalled("@openai/agents")) ctx.skip(missing("@openai/agents"))
    const { setTracingDisabled } = await import(/* @vite-ignore */ "@openai/agents" as string) as {
      readonly setTracingDisabled: (disabled: boolean) => void
    }
    // The framework records nothing under NODE_ENV=test.
    setTracingDisabled(false)
    const { program } = await import("../../examples/frameworks/OpenAiAgents.ts")
    const names = (await shown(program)).map(([kind, name]) => [kind, name])
    assert.deepStrictEqual(names, [
      ["workflow", "support"],
      ["workflow", "Agent workflow"],
      ["agent", "guide"],
      ["llm", "guide (LLM)"],
      ["tool", "weather"],
      ["llm", "guide (LLM)"]
    ])
  })

  it("records Mastra by one line, with each call of the model once", async (ctx) => {
    if (!isInstalled("@mastra/core", new URL("../mastra/newest/package.json", import.meta.url))) {
      ctx.skip(missing("@mastra/core", "interop/mastra"))
    }
    const { program } = await import("../../examples/frameworks/Mastra.ts")
    const names = (await shown(program)).map(([kind, name]) => [kind, name])
    assert.deepStrictEqual(names, [
      ["workflow", "support"],
      ["agent", "agent run: 'guide'"],
      ["workflow", "llm: 'gpt-5'"],
      ["llm", "inference: 0"],
      ["tool", "tool: 'weather'"],
      ["llm", "inference: 1"]
    ])
  })
})
