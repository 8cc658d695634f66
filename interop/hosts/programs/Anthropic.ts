/**
 * The spans that Anthropic's SDK writes by itself, with the span processor at 1 % head sampling.
 *
 * @since 0.2.0
 */
import { context, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace"
import * as assert from "node:assert/strict"
import * as ProviderServer from "../../../providers/ProviderServer.ts"
import { alwaysRecord, LLMObsSpanProcessor } from "../../../src/layers/OtelProcessor.ts"
import * as Testing from "../../../src/layers/Testing.ts"
import { check, loader, parentOf, run } from "../Checks.ts"

const processor = new LLMObsSpanProcessor({ layer: Testing.layer({ flushTimeout: "1 minute" }) })
const provider = new TracerProvider({
  sampler: alwaysRecord(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) })),
  spanProcessors: [processor]
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(provider)

const { default: Anthropic } = loader("packages/anthropic")("@anthropic-ai/sdk")
const server = await ProviderServer.start()
const client = new Anthropic({
  apiKey: "local",
  baseURL: server.origin,
  maxRetries: 1,
  openTelemetry: { traces: { contentMode: "content" } }
})
const request = (content: string, more: object = {}) => ({
  model: "claude-opus-5",
  max_tokens: 100,
  messages: [{ role: "user", content }],
  ...more
})
const tools = [{ name: "weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }]

await trace.getTracer("app").startActiveSpan("agent", {
  attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support" }
}, async (span) => {
  await client.messages.create(request("Hi", { system: "Be brief." }))
  await client.messages.create(request("Weather?", { tools }))
  await client.messages.stream(request("Stream")).finalText()
  await client.messages.create(request("Again [once 500]"))
  await client.messages.create(request("Fail [status 400]")).catch(() => {})
  span.end()
})
await processor.forceFlush()
const events = await processor.run(Testing.events())
const calls = events.filter(({ kind }) => kind === "llm")
const asking = (text: string) => {
  const found = calls.filter(({ input }) => Testing.texts(input).some((content) => content.startsWith(text)))
  assert.equal(found.length, 1, `one call that asks ${text}, among ${JSON.stringify(calls.map(({ input }) => input))}`)
  return found[0]!
}

check("each call is one event under the agent, also a retried and a failed one", () => {
  assert.equal(calls.length, 5)
  for (const call of calls) assert.equal(parentOf(events, call), "support")
})

check("messages, instructions, model, provider and counts are right", () => {
  const call = asking("Hi")
  assert.deepEqual(Testing.texts(call.input).toSorted(), ["Be brief.", "Hi"])
  assert.deepEqual(Testing.texts(call.output), ["You said: Hi"])
  assert.deepEqual([call.model, call.provider], ["claude-opus-5-20260901", "anthropic"])
  const { cache_read_input_tokens, cache_write_input_tokens, input_tokens, output_tokens } = call.metrics
  assert.deepEqual([cache_read_input_tokens, cache_write_input_tokens, output_tokens], [60, 10, 20])
  assert.equal(input_tokens, 100)
})

check("a call of a tool is in the answer", () => {
  assert.match(JSON.stringify(asking("Weather?").output), /"name":"weather"/)
})

check("a stream is one event with the whole answer", () => {
  assert.deepEqual(Testing.texts(asking("Stream").output), ["You said: Stream"])
})

check("a failed call has its error", () => {
  const call = asking("Fail")
  assert.equal(call.status, "error")
  assert.notEqual(call.error?.type, "")
})

await run()
await server.close()
await processor.shutdown()
