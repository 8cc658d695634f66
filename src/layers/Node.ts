/**
 * LLM Observability for plain JavaScript, by the methods of `tracer.llmobs`: programs of Datadog's SDK for JavaScript run
 * by changing their import.
 *
 * **Details**
 *
 * `init` starts the engine at once. The methods find the running span through `AsyncLocalStorage`. Every option and
 * `DD_*` variable is that of `LLMObs.layer`, and the promises are the same: nothing is lost without a count, and `flush`
 * can be awaited. When the process has nothing left to do, waiting events are sent.
 *
 * **Gotchas**
 *
 * With a durable outbox, the engine is ready a moment after `init`: await `tracer.ready`. docs/moving-from-dd-trace.md
 * lists what differs from Datadog's SDK.
 *
 * **Example** (A wrapped function)
 *
 * ```ts import.meta.vitest
 * import tracer from "effect-llmobs/Node"
 * import * as Testing from "effect-llmobs/Testing"
 *
 * const { llmobs } = tracer.init({ layer: Testing.layer() })
 * await tracer.ready
 *
 * const answer = llmobs.wrap({ kind: "workflow" }, async function answer(question: string) {
 *   return llmobs.trace({ kind: "llm", name: "chat", modelName: "gpt-5" }, async () => {
 *     llmobs.annotate({ inputData: question, outputData: "Tomorrow.", metrics: { inputTokens: 4 } })
 *     return "Tomorrow."
 *   })
 * })
 *
 * await answer("When?") // => "Tomorrow."
 * const report = await llmobs.flush()
 * report.delivered // => 2
 * await tracer.close()
 * ```
 *
 * @since 0.2.0
 */
import type * as Layer from "effect/Layer"
import { LlmObsSdk } from "../adapters/llmobs-sdk/LlmObsSdk.ts"
import * as NodeEngine from "../composition/NodeEngine.ts"
import type { Options } from "../composition/Options.ts"

export type {
  /**
   * The place of a span, for links and headers.
   *
   * @category models
   * @since 0.2.0
   */
  ExportedSpan,
  /**
   * The methods of `tracer.llmobs`.
   *
   * @category services
   * @since 0.2.0
   */
  LlmObsSdk as LLMObs,
  /**
   * The options of a span.
   *
   * @category models
   * @since 0.2.0
   */
  SdkSpanOptions as SpanOptions
} from "../adapters/llmobs-sdk/LlmObsSdk.ts"
export type {
  /**
   * A running span, as functions that are traced get it.
   *
   * @category models
   * @since 0.2.0
   */
  SdkSpan as Span
} from "../adapters/llmobs-sdk/SdkSpan.ts"
export type {
  /**
   * The options of `annotate`.
   *
   * @category models
   * @since 0.2.0
   */
  SdkAnnotation as AnnotationOptions
} from "../domain/sdk/SdkAnnotation.ts"
export type {
  /**
   * A finished span as its processor gets it.
   *
   * @category models
   * @since 0.2.0
   */
  SdkProcessedSpan as LLMObservabilitySpan
} from "../domain/sdk/SdkProcessor.ts"

/**
 * The options of `init`: those of `LLMObs.layer`, and the places that Datadog's SDK has for some of them.
 *
 * @category models
 * @since 0.2.0
 */
export interface InitOptions extends Options {
  /** The application, and whether events go to the intake without an Agent. */
  readonly llmobs?: { readonly mlApp?: string | undefined; readonly agentlessEnabled?: boolean | undefined } | undefined
  /** The address of the Agent: the same as `agentUrl`. */
  readonly url?: string | undefined
  /** The host of the Agent, if there is no address. */
  readonly hostname?: string | undefined
  /** The port of the Agent, if there is no address. Default: 8126. */
  readonly port?: number | string | undefined
  /** The layer that records and delivers, instead of `LLMObs.layerFromConfig` with these options. */
  readonly layer?: Layer.Layer<never, unknown> | undefined
}

const engine = NodeEngine.make()

/**
 * The methods. Before `init` they run functions without spans.
 *
 * @category services
 * @since 0.2.0
 */
export const llmobs: LlmObsSdk = new LlmObsSdk(engine)

/**
 * Starts the engine. A second call changes nothing until `close`. It returns the tracer, whose `llmobs` has the methods.
 *
 * @category constructors
 * @since 0.2.0
 */
export const init = (options: InitOptions = {}): Tracer => {
  const { hostname, layer, llmobs: given, port, url, ...rest } = options
  const host = hostname === undefined && port === undefined
    ? undefined
    : `http://${hostname ?? "localhost"}:${port ?? 8126}`
  engine.start(
    {
      agentUrl: url ?? host,
      mlApp: given?.mlApp,
      agentless: given?.agentlessEnabled,
      ...rest
    },
    layer
  )
  return tracer
}

/**
 * The tracer, with the part of Datadog's that LLM Observability needs.
 *
 * @category models
 * @since 0.2.0
 */
export interface Tracer {
  readonly init: (options?: InitOptions) => Tracer
  readonly llmobs: LlmObsSdk
  /** Resolves when the engine has started, which only a durable outbox delays. */
  readonly ready: Promise<void>
  /** Ends open spans as unfinished, sends what waits for at most `flushTimeout`, and stops. */
  readonly close: () => Promise<void>
}

const tracer: Tracer = {
  init,
  llmobs,
  get ready() {
    return engine.ready()
  },
  close: engine.close
}

export default tracer
