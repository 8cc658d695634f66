import { assert, describe, it } from "@effect/vitest"
import { context as contexts, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api"
import type { Context as OtelContext, Span } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import type { Sampler } from "@opentelemetry/sdk-trace"
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider
} from "@opentelemetry/sdk-trace"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { SdkSpan } from "../../src/adapters/otel/HostedSpan.ts"
import { HostedSpans } from "../../src/adapters/otel/HostedSpans.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { alwaysRecord, LLMObsSpanProcessor } from "../../src/layers/OtelProcessor.ts"
import * as Testing from "../../src/layers/Testing.ts"

contexts.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

const ratio = () => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) })

const make = (
  { sampler = alwaysRecord(ratio()), ...options }: { readonly markExported?: boolean; readonly sampler?: Sampler } = {}
) => {
  const exporter = new InMemorySpanExporter()
  const processor = new LLMObsSpanProcessor({ ...options, layer: Testing.layer() })
  const provider = new TracerProvider({
    sampler,
    spanProcessors: [new SimpleSpanProcessor({ exporter }), processor]
  })
  const tracer = provider.getTracer("app")
  /** Runs a function in a span of its own, which it can change until it ends. */
  const span = <A>(
    name: string,
    attributes: Record<string, string | number>,
    body: (span: Span) => A,
    context: OtelContext = contexts.active()
  ): A =>
    tracer.startActiveSpan(name, { attributes }, context, (span) => {
      try {
        return body(span)
      } finally {
        span.end()
      }
    })
  return {
    exporter,
    processor,
    provider,
    span,
    tracer,
    events: async () => {
      await processor.forceFlush()
      return processor.run(Testing.events())
    }
  }
}

const chat = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.response.model": "gpt-5" }
const agent = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support" }

let lastId = 0

/** A span as the SDK gives it to processors, with a trace of its own. */
const sdkSpan = (name: string, attributes: Record<string, string> = chat): SdkSpan => {
  const spanId = (++lastId).toString(16).padStart(16, "0")
  return {
    name,
    attributes,
    events: [],
    status: { code: 0 },
    startTime: [1, 0],
    endTime: [2, 0],
    spanContext: () => ({ traceId: spanId.padStart(32, "1"), spanId, traceFlags: 1 })
  }
}

describe("LLMObsSpanProcessor", () => {
  it("makes an event of each model call at 1 % head sampling, and leaves the exporters their volume", async () => {
    const { events, exporter, provider, span } = make()
    for (let i = 0; i < 100; i++) {
      span(
        "GET /chat",
        {},
        () =>
          span(
            "invoke_agent support",
            agent,
            () => span("step", {}, () => span("chat gpt-5", {}, (call) => call.setAttributes(chat)))
          ),
        ROOT_CONTEXT
      )
    }
    const all = await events()
    const agents = new Map(all.filter(({ kind }) => kind === "agent").map((agent) => [agent.spanId, agent]))
    const calls = all.filter(({ kind }) => kind === "llm")
    assert.strictEqual(calls.length, 100)
    for (const call of calls) assert.strictEqual(agents.get(call.parentId!)?.name, "support")
    assert.isBelow(exporter.getFinishedSpans().length, 100)
    await provider.shutdown()
  })

  it("takes session, user and experiment from the baggage that a span was started in", async () => {
    const { events, provider, span } = make()
    const members = { "session.id": "s-1", "user.id": "u-1", "_ml_obs.experiment_id": "e-1" }
    const baggage = propagation.createBaggage(
      Object.fromEntries(Object.entries(members).map(([key, value]) => [key, { value }]))
    )
    span("GET /chat", {}, () => span("chat", chat, () => {}), propagation.setBaggage(ROOT_CONTEXT, baggage))
    const [call] = await events()
    assert.strictEqual(call?.sessionId, "s-1")
    assert.include(call!.tags, { "usr.id": "u-1", experiment_id: "e-1" })
    await provider.shutdown()
  })

  it("puts spans of effects and of OpenTelemetry into one tree, each under the other", async () => {
    const { events, processor, provider, span } = make()
    const inner = Effect.sync(() => "Tomorrow.").pipe(LLMObs.llm("answer", { model: "gpt-5" }))
    const program = Effect.promise(async () => {
      await Promise.resolve()
      span("execute_tool look", { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look" }, () => {})
      await span("invoke_agent inner", { ...agent, "gen_ai.agent.name": "inner" }, () => processor.run(inner))
    }).pipe(LLMObs.workflow("support"), Effect.provide(processor.layer))
    let traceId = ""
    await span("GET /chat", {}, async (root) => {
      traceId = root.spanContext().traceId
      await span("invoke_agent outer", { ...agent, "gen_ai.agent.name": "outer" }, () => Effect.runPromise(program))
    }, ROOT_CONTEXT)
    const all = await events()
    const byName = new Map(all.map((event) => [event.name, event]))
    const parentOf = (name: string) => all.find(({ spanId }) => spanId === byName.get(name)?.parentId)?.name
    assert.deepStrictEqual(
      ["support", "look", "inner", "answer"].map((name) => [name, parentOf(name)]),
      [["support", "outer"], ["look", "support"], ["inner", "support"], ["answer", "inner"]]
    )
    assert.strictEqual(new Set(all.map((event) => event.traceId)).size, 1)
    assert.deepStrictEqual([...new Set(all.map((event) => event.apmTraceId))], [traceId])
    await provider.shutdown()
  })

  it("makes one event of a span that a tracer of effects makes in OpenTelemetry, and finds children of both kinds", async () => {
    const { events, processor, provider, span, tracer } = make()
    const contextOf = (parent: Tracer.AnySpan | undefined): OtelContext => {
      if (parent === undefined) return contexts.active()
      const spanContext = { traceId: parent.traceId, spanId: parent.spanId, traceFlags: 1 }
      return trace.setSpanContext(contexts.active(), spanContext)
    }
    // The bridge of an application: spans of effects are spans of OpenTelemetry, active while the effect runs.
    const bridge = Tracer.make({
      span: (options) => {
        const made = tracer.startSpan(options.name, {}, contextOf(Option.getOrUndefined(options.parent)))
        const native = new Tracer.NativeSpan(options)
        const end = native.end.bind(native)
        return Object.defineProperties(native, {
          traceId: { value: made.spanContext().traceId },
          spanId: { value: made.spanContext().spanId },
          end: {
            value: (...args: Parameters<typeof end>) => {
              made.end()
              end(...args)
            }
          }
        })
      },
      context: (primitive, fiber) =>
        contexts.with(
          contextOf(Context.getOrUndefined(fiber.context, Tracer.ParentSpan)),
          () => primitive["~effect/Effect/evaluate"](fiber)
        )
    })
    const program = Effect.promise(async () => span("chat", chat, () => {})).pipe(
      LLMObs.task("step"),
      Effect.withSpan("plain"),
      LLMObs.workflow("support"),
      Effect.provide(processor.layer),
      Effect.provideService(Tracer.Tracer, bridge)
    )
    await span("invoke_agent", agent, () => Effect.runPromise(program), ROOT_CONTEXT)
    const all = await events()
    const nameOf = (id: string | undefined) => all.find(({ spanId }) => spanId === id)?.name
    assert.sameDeepMembers(
      all.map(({ name, parentId }) => [name, nameOf(parentId)]),
      [["support", undefined], ["support", "support"], ["step", "support"], ["chat", "step"]]
    )
    await provider.shutdown()
  })

  it("sends finished spans of a running root at a flush, and later ones under the same parents", async () => {
    const { events, provider, tracer } = make()
    const root = tracer.startSpan("job", { attributes: agent }, ROOT_CONTEXT)
    const inside = trace.setSpan(ROOT_CONTEXT, root)
    tracer.startSpan("chat 1", { attributes: chat }, inside).end()
    assert.deepStrictEqual((await events()).map(({ name }) => name), ["chat 1"])
    tracer.startSpan("chat 2", { attributes: chat }, inside).end()
    root.end()
    const late = tracer.startSpan("chat 3", { attributes: chat }, inside)
    late.end()
    const all = await events()
    const owner = all.find(({ kind }) => kind === "agent")!
    assert.deepStrictEqual(
      all.filter(({ parentId }) => parentId === owner.spanId).map(({ name }) => name).sort(),
      ["chat 1", "chat 2", "chat 3"]
    )
    await provider.shutdown()
  })

  it("ends a forgotten span at shutdown, at the end of its root and with a tag", async () => {
    const { events, processor, provider, tracer } = make()
    const root = tracer.startSpan("GET /chat", { startTime: [1_800_000_000, 0] }, ROOT_CONTEXT)
    const inside = trace.setSpan(ROOT_CONTEXT, root)
    tracer.startSpan("chat", { attributes: chat, startTime: [1_800_000_001, 0] }, inside)
    root.end([1_800_000_003, 0])
    assert.deepStrictEqual(await events(), [])
    const testing = await processor.run(Testing.Testing)
    await provider.shutdown()
    const [call] = await Effect.runPromise(testing.events)
    assert.deepStrictEqual([call?.name, call?.durationMillis], ["chat", 2_000])
    assert.include(call!.tags, { "effect.span.unfinished": "true" })
  })

  it("marks spans whose events are its own for Datadog's conversion, and no other", async () => {
    const { exporter, provider, span } = make({ sampler: new AlwaysOnSampler() })
    span("GET /chat", {}, () => span("chat", {}, (call) => call.setAttributes(chat)))
    const marks = exporter.getFinishedSpans().map(({ attributes, name }) => [name, attributes["dd_llmobs_enabled"]])
    assert.deepStrictEqual(marks, [["chat", false], ["GET /chat", undefined]])
    await provider.shutdown()
    const plain = make({ sampler: new AlwaysOnSampler(), markExported: false })
    plain.span("chat", chat, () => {})
    assert.isUndefined(plain.exporter.getFinishedSpans()[0]?.attributes["dd_llmobs_enabled"])
    await plain.provider.shutdown()
  })

  it("makes one event of a model call that two libraries write a span of, with what either knows", async () => {
    const { events, provider, span } = make()
    span(
      "chat",
      { ...chat, "gen_ai.input.messages": JSON.stringify([{ role: "user", parts: [] }]) },
      () => span("anthropic.messages.create", { ...chat, "gen_ai.usage.output_tokens": 3 }, () => {})
    )
    const all = await events()
    assert.strictEqual(all.length, 1)
    assert.strictEqual(all[0]?.metrics["output_tokens"], 3)
    await provider.shutdown()
  })

  it("counts the tokens of an embedding once if the operation and the provider call both have a span", async () => {
    const { events, provider, span } = make()
    const embeddings = { "gen_ai.operation.name": "embeddings", "gen_ai.usage.input_tokens": 4 }
    span("embeddings outer", embeddings, () => span("embeddings inner", embeddings, () => {}))
    const all = await events()
    assert.deepStrictEqual(
      all.map(({ metrics, name }) => [name, metrics["input_tokens"]]).toSorted(),
      [["embeddings inner", 4], ["embeddings outer", undefined]]
    )
    await provider.shutdown()
  })

  it("adds messages of log records to the span that they were emitted in", async () => {
    const { events, processor, provider, span } = make()
    span("chat", chat, (call) => {
      const { logs } = processor
      const spanContext = call.spanContext()
      logs.onEmit({ spanContext, eventName: "gen_ai.user.message", body: { content: "When?" } })
      logs.onEmit({
        spanContext,
        eventName: "gen_ai.choice",
        body: { index: 0, finish_reason: "stop", message: { role: "assistant", content: "Tomorrow." } }
      })
    })
    const [call] = await events()
    assert.deepStrictEqual([Testing.texts(call!.input), Testing.texts(call!.output)], [["When?"], ["Tomorrow."]])
    await provider.shutdown()
  })

  it("rejects a flush that leaves events undelivered, and a shutdown after it ends", async () => {
    const processor = new LLMObsSpanProcessor({
      layer: LLMObs.layer({ agentUrl: "http://127.0.0.1:1", flushTimeout: "20 millis", apm: "off" }).pipe(
        Layer.provide(Logger.layer([]))
      )
    })
    const provider = new TracerProvider({ spanProcessors: [processor] })
    provider.getTracer("app").startSpan("chat", { attributes: chat }).end()
    const failure = await processor.forceFlush().then(() => undefined, (error: unknown) => String(error))
    assert.include(failure, "1 events are not delivered yet")
    await processor.shutdown()
    provider.getTracer("app").startSpan("chat", { attributes: chat }).end()
    await processor.shutdown()
  })

  it("leaves spans to Datadog's conversion if the layer failed, because none has an event", async () => {
    const processor = new LLMObsSpanProcessor({ layer: Layer.effectDiscard(Effect.fail("no Agent")) })
    const exporter = new InMemorySpanExporter()
    const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter }), processor] })
    const tracer = provider.getTracer("app")
    tracer.startSpan("first", {}, ROOT_CONTEXT).end()
    const failure = await processor.forceFlush().then(() => undefined, (error: unknown) => String(error))
    assert.include(failure, "no Agent")
    tracer.startSpan("chat", { attributes: chat }, ROOT_CONTEXT).end()
    assert.isUndefined(exporter.getFinishedSpans()[1]?.attributes["dd_llmobs_enabled"])
    await provider.shutdown()
  })

  it("warns of a registered sampler that drops spans, and not of one that is wrapped", async () => {
    const warnings = async (sampler: Sampler): Promise<ReadonlyArray<string>> => {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => {
        lines.push(String(message))
      })
      const processor = new LLMObsSpanProcessor({
        layer: Testing.layer().pipe(Layer.provideMerge(Logger.layer([logger])))
      })
      const provider = new TracerProvider({ sampler, spanProcessors: [processor] })
      trace.setGlobalTracerProvider(provider)
      processor.onStart(provider.getTracer("app").startSpan("first"))
      await processor.forceFlush()
      trace.disable()
      await provider.shutdown()
      return lines.filter((line) => line.includes("sampler"))
    }
    assert.lengthOf(await warnings(ratio()), 1)
    assert.lengthOf(await warnings(alwaysRecord(ratio())), 0)
    assert.lengthOf(await warnings(new AlwaysOnSampler()), 0)
  })
})

describe("HostedSpans", () => {
  const finish = (spans: HostedSpans, name: string) => {
    const span = sdkSpan(name)
    spans.start(span, undefined)
    return spans.end(span)
  }

  it("drops and counts held spans if the layer fails, and holds no later one", () => {
    const spans = new HostedSpans({ now: () => 0, request: () => undefined })
    for (let i = 0; i < 3; i++) finish(spans, "chat")
    spans.start(sdkSpan("chat"), undefined)
    assert.deepStrictEqual([spans.held, spans.open, spans.dropped], [3, 1, 0])
    spans.fail()
    assert.deepStrictEqual([spans.held, spans.open, spans.dropped], [0, 0, 3])
    assert.isFalse(finish(spans, "chat"))
    assert.deepStrictEqual([spans.held, spans.open], [0, 0])
  })

  it("drops and counts the oldest held spans while the layer is built", () => {
    const spans = new HostedSpans({ now: () => 0, request: () => undefined })
    for (let i = 0; i < 10_003; i++) finish(spans, "chat")
    assert.deepStrictEqual([spans.held, spans.dropped], [10_000, 3])
  })

  it.live("ends the spans of the oldest trace as unfinished if 10,000 are open, and warns once", () => {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    return Effect.gen(function*() {
      const spans = new HostedSpans({ now: () => 0, request: () => undefined })
      spans.connect(yield* Effect.context<never>())
      const oldest = sdkSpan("oldest")
      spans.start(oldest, undefined)
      for (let i = 0; i < 10_001; i++) spans.start(sdkSpan("GET /stream", {}), undefined)
      assert.strictEqual(spans.open, 10_000)
      // Its own end, after more ends than are remembered, makes no second event.
      for (let i = 0; i < 1_001; i++) finish(spans, "GET /stream")
      spans.end(oldest)
      const unfinished = (yield* Testing.events()).filter(({ name }) => name === "oldest")
      assert.deepStrictEqual(unfinished.map(({ tags }) => tags["effect.span.unfinished"]), ["true"])
      assert.lengthOf(lines.filter((line) => line.includes("spans of OpenTelemetry were open")), 1)
    }).pipe(Effect.provide(Testing.layer().pipe(Layer.provideMerge(Logger.layer([logger])))))
  })

  it("waits 30 seconds for an open span after its root ended, and for the root of a finished one", async () => {
    let now = 0
    const spans = new HostedSpans({ now: () => now, request: () => undefined })
    const provider = new TracerProvider({
      spanProcessors: [{
        onStart: (span) => spans.start(span, undefined),
        onEnd: (span) => void spans.end(span),
        forceFlush: async () => {},
        shutdown: async () => {}
      }]
    })
    const tracer = provider.getTracer("app")
    const program = Effect.gen(function*() {
      spans.connect(yield* Effect.context<never>())
      const names = Effect.map(Testing.events(), (events) => events.map(({ name }) => name))
      const root = tracer.startSpan("job", {}, ROOT_CONTEXT)
      const inside = trace.setSpan(ROOT_CONTEXT, root)
      tracer.startSpan("finished", { attributes: chat }, inside).end()
      now = 29_999
      spans.sweep()
      assert.deepStrictEqual(yield* names, [])
      now = 30_000
      spans.sweep()
      assert.deepStrictEqual(yield* names, ["finished"])
      tracer.startSpan("forgotten", { attributes: chat }, inside)
      root.end()
      now = 59_999
      spans.sweep()
      assert.deepStrictEqual(yield* names, ["finished"])
      now = 60_000
      spans.sweep()
      assert.deepStrictEqual((yield* names).toSorted(), ["finished", "forgotten"])
    })
    await Effect.runPromise(Effect.provide(program, Testing.layer()))
  })
})
