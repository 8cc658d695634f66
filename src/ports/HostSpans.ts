/**
 * The port to the spans of another tracer, some of which are LLM Observability spans themselves.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type { ContextReader } from "./ContextReader.ts"
import type { OpenSpan } from "./CurrentSpan.ts"
import type { TracerSpan } from "./Recorder.ts"

/**
 * The place of a new span among the other tracer's: its recorded parent, and the trace it belongs to.
 *
 * @category models
 * @since 0.2.0
 */
export interface HostPlace {
  readonly parent: OpenSpan | undefined
  /** 32 hex characters. `undefined` if the other tracer has no span around the caller. */
  readonly traceId: string | undefined
}

/**
 * Joins the recorder's spans and those of another tracer in one tree. Synchronous; it never throws.
 *
 * @category services
 * @since 0.2.0
 */
export interface HostSpansService {
  /** The place of a span that starts now. `current` is the caller's recorded span, if it has one. */
  readonly around: (reader: ContextReader, current: OpenSpan | undefined) => HostPlace
  /** A recorded span has started. `span` is the tracer's span for the same work. */
  readonly started: (open: OpenSpan, span: TracerSpan | undefined) => void
}

/**
 * The other tracer whose spans are joined, if the context in which a layer is built has one.
 *
 * @category references
 * @since 0.2.0
 */
export const CurrentHostSpans: Context.Reference<HostSpansService | undefined> = Context.Reference<
  HostSpansService | undefined
>("effect-llmobs/ports/HostSpans", { defaultValue: () => undefined })
