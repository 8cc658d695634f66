/**
 * The port to the recorder, which turns spans into events.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Problem } from "../domain/Problem.ts"
import type { Annotation, AnnotationInput } from "../domain/span/Annotation.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import type { Carrier } from "./Carrier.ts"
import type { ContextReader } from "./ContextReader.ts"
import type { OpenSpan } from "./CurrentSpan.ts"
import type { SpanRegion } from "./SpanRegion.ts"

/**
 * The options of a span, as a user writes them.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanOptions extends AnnotationInput {
  /** The application that the span belongs to. */
  readonly agentService?: string | undefined
  /** An older name of `agentService`. */
  readonly mlApp?: string | undefined
  /** The experiment that the span runs. The span and its descendants belong to the experiments scope. */
  readonly experiment?: ExperimentInput | undefined
}

/**
 * A value that is no function, for options of which a function has another meaning.
 *
 * @category models
 * @since 0.2.0
 */
export type NotFunction<O> = O extends (...args: never) => unknown ? never : unknown

/**
 * An experiment, as a user names it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ExperimentInput {
  readonly id: string
  readonly name?: string | undefined
  readonly runId?: string | undefined
  readonly runIteration?: number | string | undefined
  readonly datasetName?: string | undefined
  readonly datasetId?: string | undefined
  readonly projectName?: string | undefined
  readonly projectId?: string | undefined
}

/**
 * A tracer's span for the same work as a recorded span. Every `Tracer.Span` of Effect is one.
 *
 * **Details**
 *
 * Valid ids (32 and 16 hex characters) become those of the recorded span. With `end`, the recorder ends both spans at
 * the same time; without it, the tracer's span must be ended elsewhere. A span that has ended is not changed.
 *
 * @category models
 * @since 0.2.0
 */
export interface TracerSpan {
  readonly traceId: string
  readonly spanId: string
  readonly status?: { readonly _tag: "Started" | "Ended" } | undefined
  readonly end?: ((at: bigint, exit: Exit.Exit<unknown, unknown>) => void) | undefined
}

/**
 * The inputs of a new span. Only kind and name are required.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanStart {
  readonly kind: SpanKind
  readonly name: string
  /** The recorded parent. Default: that of `ambient`. */
  readonly parent?: OpenSpan | undefined
  /** The time of the start, in Unix nanoseconds. Default: now. */
  readonly at?: bigint | undefined
  /** The present time, in Unix nanoseconds, if the caller has just read it. Default: read from the clock of `ambient`. */
  readonly now?: bigint | undefined
  /** The clock of `ambient`, if the caller has just read it. */
  readonly clock?: Clock.Clock | undefined
  /** The context around the span: annotations, account and request. Default: an empty context. */
  readonly ambient?: ContextReader | undefined
  /** The regions around `ambient`, if the caller has just read them. */
  readonly region?: SpanRegion | undefined
  /** The options. A function as `output` is no value: it makes the output when the span ends. */
  readonly options?: SpanOptions | undefined
  /** The APM span that the event can ride. */
  readonly carrier?: Carrier | undefined
  readonly span?: TracerSpan | undefined
  /**
   * Whether a finalizer always ends the span. Any other span can be forgotten by its owner, and the recorder ends it
   * when the layer closes.
   */
  readonly scoped?: boolean | undefined
}

/**
 * The end of a span. Without a failure and an interruption its status is ok.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanEnd {
  /** The time of the end, in Unix nanoseconds. Default: now. The tracer's span ends at the same time. */
  readonly at?: bigint | undefined
  /** The failure, if there is no `Exit`: any value but `undefined`. */
  readonly error?: unknown
  readonly exit?: Exit.Exit<unknown, unknown> | undefined
  /** Whether the work was interrupted on purpose, which is no error: the event is tagged `effect.fiber.interrupted`. */
  readonly interrupted?: boolean | undefined
  /** Whether the work is over and its end was not observed: the event is tagged `effect.span.unfinished`. */
  readonly unfinished?: boolean | undefined
  /** Makes the output from the success value of `exit`. */
  readonly output?: ((value: never) => unknown) | undefined
  /** Makes the output of a span that has none when it ends. */
  readonly defaultOutput?: (() => unknown) | undefined
}

/**
 * Records spans. Every member is synchronous, never throws, and needs no fiber.
 *
 * **Details**
 *
 * A span that `start` returns is open until `end` or `endAndWait` is called; a second call changes nothing. Until then
 * it accumulates annotations, including its model and provider.
 *
 * @category services
 * @since 0.1.0
 */
export interface RecorderService {
  readonly start: (start: SpanStart) => OpenSpan | undefined
  /** The recorded span around a caller, which may be a span of another tracer: the parent of one that starts there. */
  readonly around: (reader: ContextReader) => OpenSpan | undefined
  readonly annotate: (span: OpenSpan | undefined, input: AnnotationInput) => void
  /** The annotation for spans that start inside an effect, merged with that of the effects around it. */
  readonly region: (outer: Annotation | undefined, input: AnnotationInput) => Annotation
  readonly end: (span: OpenSpan, end?: SpanEnd) => void
  /**
   * Ends a span for a caller that can wait for room, as the layer's `overflow` may require. The caller must run the
   * returned effect before it continues; the event and the tracer's span are finished by then.
   */
  readonly endAndWait: (span: OpenSpan, end?: SpanEnd) => Effect.Effect<void> | undefined
  /** Reports problems with recorded input. */
  readonly report: (problems: ReadonlyArray<Problem>) => void
}

/**
 * The recorder of the current layer. `undefined` without a layer: spans are then plain Effect spans.
 *
 * @category references
 * @since 0.1.0
 */
export const Recorder: Context.Reference<RecorderService | undefined> = Context.Reference<RecorderService | undefined>(
  "effect-llmobs/ports/Recorder",
  { defaultValue: () => undefined }
)
