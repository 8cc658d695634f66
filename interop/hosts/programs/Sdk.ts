/**
 * One SDK of OpenTelemetry with the span processor: 1,000 traces at 1 % head sampling, baggage, marks, flush, shutdown.
 *
 * @since 0.2.0
 */
import * as assert from "node:assert/strict"
import { alwaysRecord, LLMObsSpanProcessor } from "../../../src/layers/OtelProcessor.ts"
import * as Testing from "../../../src/layers/Testing.ts"
import { check, loader, parentOf, run } from "../Checks.ts"

const version = process.argv[2] ?? "3"
const load = loader(version === "3" ? "." : `packages/otel-sdk-${version}`)

// The three SDKs have types of their own; what is used of them is the same.
interface Span {
  readonly setAttributes: (attributes: object) => void
  readonly setStatus: (status: object) => void
  readonly recordException: (error: Error) => void
  readonly end: () => void
}
const api = load("@opentelemetry/api")
const sdk = version === "3" ? load("@opentelemetry/sdk-trace") : load("@opentelemetry/sdk-trace-base")

const begin = (sampler: object, options: { readonly markExported?: boolean } = {}) => {
  const exporter = new sdk.InMemorySpanExporter()
  const processor = new LLMObsSpanProcessor({
    ...options,
    layer: Testing.layer({ mlApp: "shop", flushTimeout: "1 minute" })
  })
  const simple = new sdk.SimpleSpanProcessor(version === "3" ? { exporter } : exporter)
  // With SDK 1 a span is marked at its end, so ours comes first.
  const Provider = sdk.TracerProvider ?? sdk.BasicTracerProvider
  const provider = new Provider({ sampler, spanProcessors: [processor, simple] })
  const tracer = provider.getTracer("app")
  return {
    exporter,
    processor,
    provider,
    tracer,
    exported: (): ReadonlyArray<{ readonly name: string; readonly attributes: { readonly [key: string]: unknown } }> =>
      exporter.getFinishedSpans(),
    events: () => processor.run(Testing.events()),
    span: (
      name: string,
      parent: object | undefined,
      attributes: object,
      body: (span: Span, context: object) => void
    ) => {
      const span = tracer.startSpan(name, { attributes }, parent ?? api.ROOT_CONTEXT)
      body(span, api.trace.setSpan(parent ?? api.ROOT_CONTEXT, span))
      span.end()
    }
  }
}

const ratio = () => new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(0.01) })
const traces = 1_000
const chat = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.response.model": "gpt-5",
  "gen_ai.usage.input_tokens": 100,
  "gen_ai.input.messages": JSON.stringify([{ role: "user", parts: [{ type: "text", content: "Weather?" }] }])
}

const request = ({ span }: ReturnType<typeof begin>) =>
  span(
    "GET /chat",
    undefined,
    {},
    (_, root) =>
      span(
        "invoke_agent support",
        root,
        { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support" },
        (_, agent) =>
          span("step", agent, {}, (_, step) => {
            span("chat gpt-5", step, {}, (call) => call.setAttributes(chat))
            span("execute_tool weather", step, { "gen_ai.operation.name": "execute_tool" }, (tool) =>
              tool.setAttributes({ "gen_ai.tool.name": "weather", "gen_ai.tool.call.result": "{\"degrees\":4}" }))
          })
      )
  )

check("1,000 of 1,000 model calls are events at 1 % head sampling, and the exporter's volume stays", async () => {
  const plain = begin(ratio())
  for (let i = 0; i < traces; i++) request(plain)
  const volume = plain.exported().length
  assert.ok(volume < 0.03 * traces * 5, `without the sampler: ${volume}`)
  await plain.provider.shutdown()

  const recorded = begin(alwaysRecord(ratio()))
  for (let i = 0; i < traces; i++) request(recorded)
  await recorded.provider.forceFlush()
  const events = await recorded.events()
  assert.equal(events.filter(({ kind }) => kind === "llm").length, traces)
  assert.equal(events.filter(({ kind }) => kind === "tool").length, traces)
  assert.equal(events.filter(({ kind }) => kind === "agent").length, traces)
  assert.ok(recorded.exported().length < 0.03 * traces * 5, `exported: ${recorded.exported().length}`)
  await recorded.provider.shutdown()
})

check("parents are found through other spans, and content, model and counts are right", async () => {
  const scene = begin(new sdk.AlwaysOnSampler())
  request(scene)
  await scene.provider.forceFlush()
  const events = await scene.events()
  const call = events.find(({ kind }) => kind === "llm")
  assert.equal(parentOf(events, call), "support")
  assert.equal(call?.model, "gpt-5")
  assert.equal(call?.metrics["input_tokens"], 100)
  assert.deepEqual(Testing.texts(call!.input), ["Weather?"])
  await scene.provider.shutdown()
})

check("baggage names session, user and experiment", async () => {
  const scene = begin(new sdk.AlwaysOnSampler())
  const members = { "session.id": "s-1", "user.id": "u-1", "_ml_obs.experiment_id": "e-1" }
  const baggage = api.propagation.createBaggage(
    Object.fromEntries(Object.entries(members).map(([key, value]) => [key, { value }]))
  )
  scene.span("chat", api.propagation.setBaggage(api.ROOT_CONTEXT, baggage), chat, () => {})
  await scene.provider.forceFlush()
  const [call] = await scene.events()
  assert.equal(call?.sessionId, "s-1")
  assert.equal(call?.tags["usr.id"], "u-1")
  assert.equal(call?.tags["experiment_id"], "e-1")
  await scene.provider.shutdown()
})

check("exported spans of events are marked for Datadog, others are not", async () => {
  const scene = begin(new sdk.AlwaysOnSampler())
  request(scene)
  await scene.provider.forceFlush()
  const marked = scene.exported().filter(({ attributes }) => attributes["dd_llmobs_enabled"] === false)
  assert.deepEqual(marked.map(({ name }) => name).sort(), [
    "chat gpt-5",
    "execute_tool weather",
    "invoke_agent support"
  ])
  await scene.provider.shutdown()
})

check("the failure of a span is the error of its event", async () => {
  const scene = begin(new sdk.AlwaysOnSampler())
  scene.span("chat", undefined, chat, (call) => {
    call.recordException(new RangeError("too long"))
    call.setStatus({ code: 2, message: "too long" })
  })
  await scene.provider.forceFlush()
  const [call] = await scene.events()
  assert.deepEqual([call?.status, call?.error?.type, call?.error?.message], ["error", "RangeError", "too long"])
  await scene.provider.shutdown()
})

check("a forgotten span is settled at shutdown, and nothing comes after it", async () => {
  const scene = begin(new sdk.AlwaysOnSampler())
  const testing = await scene.processor.run(Testing.Testing)
  scene.span("GET /chat", undefined, {}, (_, root) => {
    scene.tracer.startSpan("chat", { attributes: chat }, root)
  })
  await scene.provider.shutdown()
  scene.span("chat", undefined, chat, () => {})
  const { Effect } = await import("effect")
  const events = await Effect.runPromise(testing.events)
  assert.deepEqual(events.map(({ tags }) => tags["effect.span.unfinished"]), ["true"])
})

await run()
