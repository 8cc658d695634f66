/**
 * A span processor that makes LLM Observability events of OpenTelemetry spans, for the SDKs 1, 2 and 3.
 *
 * **Details**
 *
 * It reads spans by the conventions of `gen_ai` (present and earlier forms), OpenInference and Traceloop, so model calls
 * of `@ai-sdk/otel`, of the SDK of Anthropic and of instrumentations become events, with their parents through any other
 * spans. Session, user and experiment come from OpenTelemetry's baggage. No package of OpenTelemetry is imported.
 *
 * A span reaches processors only if it is recorded. Wrap the sampler of the provider in {@link alwaysRecord}, and head
 * sampling loses no event.
 *
 * **Example** (A provider with a sampler)
 *
 * ```ts import.meta.vitest
 * import { ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace"
 * import { alwaysRecord, LLMObsSpanProcessor } from "effect-llmobs/OtelProcessor"
 * import * as Testing from "effect-llmobs/Testing"
 *
 * const processor = new LLMObsSpanProcessor({ layer: Testing.layer() })
 * const provider = new TracerProvider({
 *   sampler: alwaysRecord(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.01) })),
 *   spanProcessors: [processor]
 * })
 *
 * const span = provider.getTracer("app").startSpan("chat gpt-5", { attributes: { "gen_ai.operation.name": "chat" } })
 * span.end()
 * await provider.forceFlush()
 * ;(await processor.run(Testing.events())).map((event) => event.kind) // => ["llm"]
 * await provider.shutdown()
 * ```
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as AlwaysRecord from "../adapters/otel/AlwaysRecord.ts"
import type { SdkSpan } from "../adapters/otel/HostedSpan.ts"
import type { OtelContext } from "../adapters/otel/OtelApi.ts"
import type { Options } from "../composition/Options.ts"
import * as OtelEngine from "../composition/OtelEngine.ts"
import * as LLMObs from "./LLMObs.ts"

/**
 * The options of a processor: those of `LLMObs.layer`, with the `DD_*` variables for what is not set.
 *
 * @category models
 * @since 0.2.0
 */
export interface ProcessorOptions<A = never> extends Options {
  /** The layer that records and delivers, instead of `LLMObs.layerFromConfig` with these options. */
  readonly layer?: Layer.Layer<A, unknown> | undefined
  /**
   * Whether spans whose events are delivered here get the attributes `dd_llmobs_enabled` (false) and
   * `_dd.llmobs.artificial_gen_ai_tags`, so that Datadog makes no second event of a span that is exported to it too.
   * Default: true. SDK 1 lets a processor write after the end of a span alone: there this one must stand before the
   * exporters' processors.
   */
  readonly markExported?: boolean | undefined
}

/**
 * A span as the SDK gives it to processors.
 *
 * @category models
 * @since 0.2.0
 */
export interface ProcessedSpan {
  readonly spanContext: () => { readonly traceId: string; readonly spanId: string; readonly traceFlags: number }
}

/**
 * A log record as the SDK gives it to processors.
 *
 * @category models
 * @since 0.2.0
 */
export interface ProcessedLog {
  readonly spanContext?: { readonly traceId: string; readonly spanId: string } | undefined
  readonly eventName?: string | undefined
  readonly attributes?: { readonly [key: string]: unknown } | undefined
  readonly body?: unknown
}

/**
 * Makes LLM Observability events of the spans of a tracer provider.
 *
 * **Details**
 *
 * A finished span is held until its local root ends, because only then are the parents of all spans known, or for 30
 * seconds. A span that is still open 30 seconds after its root has ended, and each open one at `shutdown`, is ended with
 * the tag `effect.span.unfinished`.
 *
 * The engine starts with the first span. `layer` gives it to effects: LLM spans of an Effect program and those of
 * OpenTelemetry then share one tree, one configuration and one ledger.
 *
 * **Gotchas**
 *
 * No APM spans are written unless `apm` says so, because the provider has exporters of its own.
 *
 * @category services
 * @since 0.2.0
 */
export class LLMObsSpanProcessor<A = never> {
  readonly #engine: OtelEngine.OtelEngine<A>

  constructor(options: ProcessorOptions<A> = {}) {
    const { layer, markExported, ...rest } = options
    this.#engine = OtelEngine.make({
      layer: layer ?? LLMObs.layerFromConfig({ apm: "off", ...rest }) as unknown as Layer.Layer<A, unknown>,
      marks: markExported !== false
    })
  }

  /** Called by the SDK when a span starts. */
  onStart(span: ProcessedSpan, parentContext?: unknown): void {
    this.#engine.onStart(span as SdkSpan, parentContext as OtelContext | undefined)
  }

  /** Called by SDK 2 and later just before a span ends. */
  onEnding(span: ProcessedSpan): void {
    this.#engine.onEnding(span as SdkSpan)
  }

  /** Called by the SDK when a span has ended. */
  onEnd(span: ProcessedSpan): void {
    this.#engine.onEnd(span as SdkSpan)
  }

  /**
   * Sends the events of all finished spans, also of those whose root is still open. Rejected if some are not delivered
   * before `flushTimeout`; they stay queued.
   */
  forceFlush(): Promise<void> {
    return this.#engine.flush()
  }

  /** Ends open spans as unfinished, sends what waits for at most `flushTimeout`, and stops. */
  shutdown(): Promise<void> {
    return this.#engine.shutdown()
  }

  /** The engine as a layer. Closing it leaves the processor running: `shutdown` stops both. */
  get layer(): Layer.Layer<A> {
    return this.#engine.layer
  }

  /** Runs an effect with the engine, such as `LLMObs.ledger`. */
  run<B, E>(effect: Effect.Effect<B, E, A>): Promise<B> {
    return this.#engine.run(effect)
  }

  /**
   * A processor for log records, for instrumentations that write messages as logs inside the span, such as
   * `@opentelemetry/instrumentation-openai`.
   */
  get logs(): LLMObsLogRecordProcessor {
    return new LLMObsLogRecordProcessor((record, context) => this.#engine.onEmit(record, context as OtelContext))
  }
}

/**
 * Adds the messages in log records to the spans that they are emitted in. {@link LLMObsSpanProcessor} makes it.
 *
 * @category services
 * @since 0.2.0
 */
export class LLMObsLogRecordProcessor {
  readonly #take: (record: ProcessedLog, context: unknown) => void

  constructor(take: (record: ProcessedLog, context: unknown) => void) {
    this.#take = take
  }

  /** Called by the SDK for each log record. */
  onEmit(record: ProcessedLog, context?: unknown): void {
    this.#take(record, context)
  }

  /** There is nothing to flush: the events belong to the span processor. */
  forceFlush(): Promise<void> {
    return Promise.resolve()
  }

  /** There is nothing to shut down: the events belong to the span processor. */
  shutdown(): Promise<void> {
    return Promise.resolve()
  }
}

/**
 * Wraps a sampler so that every span is recorded: processors see all of them, and exporters get those that the sampler
 * keeps, as before. SDK 3 has the same as `createAlwaysRecordSampler`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const alwaysRecord: <S extends AlwaysRecord.Sampler>(sampler: S) => S = AlwaysRecord.wrap
