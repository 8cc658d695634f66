/**
 * One instrumentation of the client of OpenAI, with the span processor at 1 % head sampling.
 *
 * @since 0.2.0
 */
import { context, createNoopMeter, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace"
import * as Effect from "effect/Effect"
import * as assert from "node:assert/strict"
import * as ProviderServer from "../../../providers/ProviderServer.ts"
import type { ObservedSpan } from "../../../src/domain/observed/ObservedSpan.ts"
import { alwaysRecord, LLMObsSpanProcessor } from "../../../src/layers/OtelProcessor.ts"
import * as Testing from "../../../src/layers/Testing.ts"
import { check, loader, parentOf, run } from "../Checks.ts"

const which = process.argv[2] ?? "openinference"
const load = loader(`packages/${which}`)
const processor = new LLMObsSpanProcessor({ layer: Testing.layer({ flushTimeout: "1 minute" }) })
const provider = new TracerProvider({
  sampler: alwaysRecord(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) })),
  spanProcessors: [processor]
})
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(provider)

/** Instruments a client the way that each package has. */
const client = () => {
  const loadClient = () => {
    const module = load("openai")
    return module.OpenAI ?? module.default ?? module
  }
  if (which === "otel-openai") {
    const { OpenAIInstrumentation } = load("@opentelemetry/instrumentation-openai")
    const instrumentation = new OpenAIInstrumentation({ captureMessageContent: true })
    // The logger provider of an application, with our processor alone.
    const { logs } = processor
    instrumentation.setLoggerProvider({
      getLogger: () => ({
        enabled: () => true,
        emit: (record: { readonly context?: never; readonly body?: unknown }) =>
          logs.onEmit(record, record.context ?? context.active())
      })
    })
    instrumentation.setMeterProvider({ getMeter: () => createNoopMeter() })
    instrumentation.setTracerProvider(provider)
    instrumentation.enable()
    return loadClient()
  }
  const { OpenAIInstrumentation } = which === "traceloop"
    ? load("@traceloop/instrumentation-openai")
    : load("@arizeai/openinference-instrumentation-openai")
  const instrumentation = new OpenAIInstrumentation(
    which === "traceloop" ? { traceContent: true } : { tracerProvider: provider }
  )
  instrumentation.setTracerProvider(provider)
  const OpenAI = loadClient()
  instrumentation.manuallyInstrument(OpenAI)
  return OpenAI
}

const server = await ProviderServer.start()
const openai = new (client())({ apiKey: "local", baseURL: server.openai, maxRetries: 0 })
const system = { role: "system", content: "Be brief." }
const user = (content: string) => ({ role: "user", content })
const tools = [{
  type: "function",
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } }
}]

/** The events of a call, made inside a span of the application. */
const during = async (call: () => Promise<unknown>): Promise<ReadonlyArray<ObservedSpan>> => {
  await processor.run(Effect.flatMap(Testing.Testing, ({ clear }) => clear))
  const attributes = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support" }
  await trace.getTracer("app").startActiveSpan("invoke_agent", { attributes }, async (span) => {
    await call()
    span.end()
  })
  await processor.forceFlush()
  return processor.run(Testing.events())
}

const chat = (messages: ReadonlyArray<object>, more: object = {}) =>
  during(() => openai.chat.completions.create({ model: "gpt-5", messages, temperature: 0.2, ...more }))

const only = (events: ReadonlyArray<ObservedSpan>, kind = "llm"): ObservedSpan => {
  const found = events.filter((event) => event.kind === kind)
  assert.equal(
    found.length,
    1,
    `one ${kind} event, among ${events.map((event) => `${event.kind} ${event.name}`).join(", ")}`
  )
  assert.equal(parentOf(events, found[0]), "support")
  return found[0]!
}

check("a chat is an event with messages, model, provider and counts, under the agent", async () => {
  const call = only(await chat([system, user("Hi")]))
  assert.deepEqual(Testing.texts(call.input), ["Be brief.", "Hi"])
  assert.deepEqual(Testing.texts(call.output), ["You said: Hi"])
  assert.match(String(call.model), /^gpt-5/)
  assert.equal(call.provider?.toLowerCase(), "openai")
  assert.equal(call.metrics["input_tokens"], 100)
  assert.equal(call.metrics["output_tokens"], 20)
})

check("a call of a tool is in the answer", async () => {
  const call = only(await chat([user("Weather?")], { tools }))
  assert.match(JSON.stringify(call.output), /"name":"weather"/)
})

check("a stream is one event with the whole answer", async () => {
  const call = only(
    await during(async () => {
      const stream = await openai.chat.completions.create({
        model: "gpt-5",
        messages: [user("Hi")],
        stream: true,
        stream_options: { include_usage: true }
      })
      for await (const _ of stream) { /* to its end */ }
    })
  )
  assert.deepEqual(Testing.texts(call.output), ["You said: Hi"])
})

check("a response is an event with its text", async () => {
  const call = only(await during(() => openai.responses.create({ model: "gpt-5", input: "Hi" })))
  assert.match(Testing.texts(call.output).join(), /You said: Hi/)
})

if (which !== "traceloop") {
  check("an embedding is an event with what the instrumentation records of it", async () => {
    const call = only(
      await during(() => openai.embeddings.create({ model: "text-embedding-3-small", input: "a" })),
      "embedding"
    )
    assert.match(String(call.model), /^text-embedding-3-small/)
    if (which === "openinference") assert.deepEqual(Testing.texts(call.input), ["a"])
  })
}

check("a failed call becomes an event, at shutdown if the instrumentation never ends its span", async () => {
  const testing = await processor.run(Testing.Testing)
  const ended = await during(() =>
    openai.chat.completions.create({ model: "gpt-5", messages: [user("Hi [status 500]")] }).catch(() => {})
  )
  await processor.shutdown()
  const all = [...ended, ...await Effect.runPromise(testing.events)]
  const call = only([...new Map(all.map((event) => [event.spanId, event])).values()])
  assert.deepEqual(Testing.texts(call.input), ["Hi [status 500]"])
  assert.ok(call.status === "error" || call.tags["effect.span.unfinished"] === "true", JSON.stringify(call.tags))
})

await run()
await server.close()
