/**
 * Anthropic's client, with a tool. One line records the calls; the tool is a span of the program.
 */
import Anthropic from "@anthropic-ai/sdk"
import * as Clients from "effect-llmobs/Clients"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import type { ProviderServer } from "../../providers/ProviderServer.ts"
import { main } from "./Run.ts"

const tools: Array<Anthropic.Tool> = [{
  name: "weather",
  description: "The weather of a city.",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
}]

const weather = (input: unknown) =>
  Effect.succeed("It rains.").pipe(LLMObs.tool("weather", { input, output: (text) => text }))

export const program = (server: ProviderServer) => {
  const anthropic = Clients.wrap(new Anthropic({ apiKey: "local", baseURL: server.origin }))
  const ask = (messages: Array<Anthropic.MessageParam>) =>
    Effect.tryPromise(() => anthropic.messages.create({ model: "claude-opus-5", max_tokens: 100, messages, tools }))

  return Effect.gen(function*() {
    const messages: Array<Anthropic.MessageParam> = [{ role: "user", content: "How is the weather in Oslo?" }]
    const first = yield* ask(messages)
    const call = first.content.find((block) => block.type === "tool_use")
    if (call === undefined) return first
    const content = yield* weather(call.input)
    messages.push({ role: "assistant", content: first.content })
    messages.push({ role: "user", content: [{ type: "tool_result", tool_use_id: call.id, content }] })
    return yield* ask(messages)
  }).pipe(LLMObs.agent("weather"))
}

if (import.meta.main) await main(program)
