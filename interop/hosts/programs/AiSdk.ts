/**
 * The spans of `@ai-sdk/otel`, with the span processor.
 *
 * @since 0.2.0
 */
import { context, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { TracerProvider } from "@opentelemetry/sdk-trace"
import * as assert from "node:assert/strict"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"
import * as ProviderServer from "../../../providers/ProviderServer.ts"
import { LLMObsSpanProcessor } from "../../../src/layers/OtelProcessor.ts"
import * as Testing from "../../../src/layers/Testing.ts"
import { check, parentOf, run } from "../Checks.ts"

const processor = new LLMObsSpanProcessor({ layer: Testing.layer({ flushTimeout: "1 minute" }) })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }))

const require = createRequire(new URL("../../packages/ai-sdk/package.json", import.meta.url))
const load = async (name: string) => import(pathToFileURL(require.resolve(name)).href)
const { embed, generateText, isStepCount, registerTelemetry, streamText, tool } = await load("ai")
const { OpenTelemetry } = await load("@ai-sdk/otel")
const { createOpenAI } = await load("@ai-sdk/openai")
const { z } = await load("zod")

registerTelemetry(new OpenTelemetry())
const server = await ProviderServer.start()
const openai = createOpenAI({ apiKey: "local", baseURL: server.openai })
const tools = { weather: tool({ inputSchema: z.object({ city: z.string() }), execute: () => ({ degrees: 4 }) }) }

await generateText({ model: openai("gpt-5"), prompt: "Weather?", stopWhen: isStepCount(3), tools })
await processor.forceFlush()
const whole = await processor.run(Testing.events())

check("a model that calls a tool makes an agent, two calls and the tool, with one parent each", () => {
  const kinds = whole.map(({ kind }) => kind)
  assert.equal(kinds.filter((kind) => kind === "llm").length, 2, kinds.join(" "))
  assert.equal(kinds.filter((kind) => kind === "tool").length, 1, kinds.join(" "))
  assert.equal(kinds.filter((kind) => kind === "agent").length, 1, kinds.join(" "))
  assert.equal(whole.filter((event) => parentOf(whole, event) === undefined).length, 1)
})

check("only the calls count tokens", () => {
  const counted = whole.filter(({ metrics }) => metrics["input_tokens"] !== undefined)
  assert.deepEqual([...new Set(counted.map(({ kind }) => kind))], ["llm"])
  assert.deepEqual(counted.map(({ metrics }) => metrics["input_tokens"]), [100, 100])
})

check("calls have messages and the tool has its arguments and its result", () => {
  const calls = whole.filter(({ kind }) => kind === "llm")
  assert.ok(calls.some(({ output }) => Testing.texts(output).join().includes("You said: Weather?")))
  const weather = whole.find(({ kind }) => kind === "tool")
  assert.equal(weather?.name, "weather")
  assert.match(JSON.stringify([weather?.input, weather?.output]), /city.*degrees/)
})

check("an embedding counts its tokens once", async () => {
  await embed({ model: openai.embeddingModel("text-embedding-3-small"), value: "a" })
  await processor.forceFlush()
  const events = (await processor.run(Testing.events())).filter(({ kind }) => kind === "embedding")
  assert.equal(events.filter(({ metrics }) => metrics["input_tokens"] === 7).length, 1)
})

check("a stream is one event with the whole answer", async () => {
  const before = (await processor.run(Testing.events())).length
  await streamText({ model: openai("gpt-5"), prompt: "Hi" }).consumeStream()
  await processor.forceFlush()
  const calls = (await processor.run(Testing.events())).slice(before).filter(({ kind }) => kind === "llm")
  assert.deepEqual(calls.map(({ output }) => Testing.texts(output).join()), ["You said: Hi"])
})

await run()
await server.close()
await processor.shutdown()
