/**
 * The port to a tracer of one's own that embeds `effect-llmobs/core`: the parts by which the laws of an embedder drive it.
 *
 * **Details**
 *
 * The laws look at what leaves the tracer, so they hold for any way of writing one. An embedder is an adapter of a few
 * lines: it runs planned spans by the tracer's own API, and gives the requests of the tracer to the Agent of the law.
 *
 * @since 0.2.0
 */
import type { AnnotationInput } from "../domain/span/Annotation.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"

/**
 * A span that a law wants.
 *
 * @category models
 * @since 0.2.0
 */
export interface PlannedSpan {
  readonly name: string
  /** Makes it a span of LLM Observability. The annotation is given while the span runs. */
  readonly llm?: { readonly kind: SpanKind; readonly annotation?: AnnotationInput | undefined } | undefined
  /** Members of baggage that the program sets on the span, before its children start. */
  readonly baggage?: { readonly [key: string]: string } | undefined
  /** The error with which its work fails, after its children have ended. */
  readonly error?: Error | undefined
  /** Whether the span makes a call, whose headers `run` returns. */
  readonly calls?: boolean | undefined
  readonly children?: ReadonlyArray<PlannedSpan> | undefined
}

/**
 * Headers by lower-case name.
 *
 * @category models
 * @since 0.2.0
 */
export interface EmbedderHeaders {
  readonly [name: string]: string
}

/**
 * A tracer in the hands of a law.
 *
 * @category models
 * @since 0.2.0
 */
export interface EmbeddedTracer {
  /**
   * Runs the spans of a plan: in a trace of their own, or in the trace of a request with these headers. It does not fail
   * if a planned span does. Returns the headers of the planned calls, in their order.
   */
  readonly run: (plan: PlannedSpan, request?: EmbedderHeaders) => Promise<ReadonlyArray<EmbedderHeaders>>
  /** Sends what waits, and ends when each request is answered. */
  readonly flush: () => Promise<void>
}

/**
 * The surroundings of a tracer.
 *
 * @category models
 * @since 0.2.0
 */
export interface EmbedderWorld {
  /** Sends a request to the Agent. It does not fail; a status of 0 is a connection that closed without an answer. */
  readonly send: (request: {
    readonly method: "GET" | "POST" | "PUT"
    readonly path: string
    readonly headers: EmbedderHeaders
    readonly body: Uint8Array
  }) => Promise<{ readonly status: number; readonly headers: EmbedderHeaders; readonly body: string }>
  /** Whether the sampler of the tracer keeps a new trace. A decision that a request brings wins over it. */
  readonly keeps: boolean
  /** Whether LLM Observability is embedded. Without it every planned span is a plain one. */
  readonly llmobs: boolean
}

/**
 * Starts a tracer. Its application is `shop`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Embedder {
  readonly start: (world: EmbedderWorld) => EmbeddedTracer | Promise<EmbeddedTracer>
}

/**
 * The laws of an embedder, each with the sentence that it proves.
 *
 * @category constants
 * @since 0.2.0
 */
export const embedderLaws = {
  "rides": "an event of a kept trace rides on its own span, and goes nowhere else",
  "rescued": "an event of a rejected trace goes to the intake, and its span is marked and carries nothing",
  "priority-untouched": "the embedding changes no sampling priority, and leaves no span out",
  "other-spans-untouched": "a span without an event has the same tags as without the embedding",
  "upstream-decides": "the sampling decision that a request brings decides about its events",
  "one-route": "each of many events takes one route, whatever happens to its trace",
  "idempotent": "a second flush sends no event again",
  "refused-payload": "the events of a trace payload that the Agent refuses, or does not answer, go to the intake",
  "incapable-agent": "no event rides to an Agent that does not take structs",
  "filtered-trace": "an event of a trace that a filter of the Agent drops goes to the intake",
  "large-event": "an event that is too large to ride goes to the intake",
  "intake-outage": "an event that the intake refuses for a time is sent again",
  "identity": "an event has the ids of its span, and the application",
  "parents": "the parent of an event is the nearest LLM span above it, over plain spans",
  "labels": "baggage of the request and of the program brings session, user and account, and no more",
  "explicit-label": "an annotated session wins over the one in baggage",
  "experiment": "baggage with an experiment puts the events below it into the experiments scope",
  "browser-experiment": "a browser's request puts no event into the experiments scope",
  "propagation": "the LLM trace goes on in the service that a call reaches",
  "failure": "a span that fails has an event with its error",
  "bad-input": "an annotation that cannot be read disturbs neither the program nor the event"
} as const

/**
 * The name of a law.
 *
 * @category models
 * @since 0.2.0
 */
export type EmbedderLawName = keyof typeof embedderLaws
