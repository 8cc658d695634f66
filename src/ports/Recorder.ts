/**
 * The port to the recorder, which turns spans into events.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { Problem } from "../domain/Problem.ts"
import type { Annotation, AnnotationInput } from "../domain/span/Annotation.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import type { Carrier } from "./Carrier.ts"
import type { ContextReader } from "./ContextReader.ts"
import type { OpenSpan } from "./CurrentSpan.ts"

/**
 * The options of a span, as a user writes them.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanOptions extends AnnotationInput {
  /** The application that the span belongs to. */
  readonly agentService?: string | undefined
  /** The same as `agentService`, by its older name. */
  readonly mlApp?: string | undefined
  /** The experiment that the span runs: it and the spans under it belong to the experiments scope. */
  readonly experiment?: ExperimentInput | undefined
}

/**
 * A value that is no function, for an option beside which a function means something else.
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
 * The span of a tracer that stands for the same work as a recorded span. Every `Tracer.Span` of Effect is one.
 *
 * **Details**
 *
 * Ids that are valid (32 and 16 hex characters) become those of the recorded span. With `end`, the recorder ends both
 * spans at the same time; left out, the tracer's span ends by other means. One that has ended is left alone.
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
 * All that a span can start from. Everything but its kind and name is optional.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanStart {
  readonly kind: SpanKind
  readonly name: string
  /** The recorded span above. Left out: that of `ambient`. */
  readonly parent?: OpenSpan | undefined
  /** The time of the start, in Unix nanoseconds. Left out: now. */
  readonly at?: bigint | undefined
  /** The context around the span: its region, its account, the request behind it. Left out: nothing is around it. */
  readonly ambient?: ContextReader | undefined
  /** A function as `output` is no value: it makes the output when the span ends. */
  readonly options?: SpanOptions | undefined
  /** The APM span that the event can ride. */
  readonly carrier?: Carrier | undefined
  readonly span?: TracerSpan | undefined
  /**
   * Whether a finalizer ends the span in any case. Any other span can be forgotten by its owner: the recorder then ends it
   * when the layer closes.
   */
  readonly scoped?: boolean | undefined
}

/**
 * How a span ends. Without a failure and without an interruption it ends well.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanEnd {
  /** The time of the end, in Unix nanoseconds. Left out: now. The tracer's span ends at the same time. */
  readonly at?: bigint | undefined
  /** The failure, where there is no `Exit`: anything but `undefined`. */
  readonly error?: unknown
  readonly exit?: Exit.Exit<unknown, unknown> | undefined
  /** Whether the work was cut short on purpose, which is no error: the event is tagged `effect.fiber.interrupted`. */
  readonly interrupted?: boolean | undefined
  /** Whether the work is known to be over and its end was not seen: the event is tagged `effect.span.unfinished`. */
  readonly unfinished?: boolean | undefined
  /** Makes the output from the value that `exit` succeeded with. */
  readonly output?: ((value: never) => unknown) | undefined
  /** Makes the output of a span that has none by then. */
  readonly defaultOutput?: (() => unknown) | undefined
}

/**
 * Records spans. Every member is synchronous and total, and needs no fiber.
 *
 * **Details**
 *
 * A span that `start` gives is open until `end` or `endAndWait` is called with it; a second call changes nothing. Until
 * then its annotations accumulate, its model and provider among them.
 *
 * @category services
 * @since 0.1.0
 */
export interface RecorderService {
  readonly start: (start: SpanStart) => OpenSpan | undefined
  readonly annotate: (span: OpenSpan | undefined, input: AnnotationInput) => void
  /** What spans that start inside a region get, beyond what the regions around it say. */
  readonly region: (outer: Annotation | undefined, input: AnnotationInput) => Annotation
  readonly end: (span: OpenSpan, end?: SpanEnd) => void
  /**
   * Ends a span on behalf of a caller that can wait for room, where the layer's `overflow` asks for that. The effect that is
   * given back must be run before the caller goes on; the event and the tracer's span are finished by then.
   */
  readonly endAndWait: (span: OpenSpan, end?: SpanEnd) => Effect.Effect<void> | undefined
  /** Says what was wrong with what a caller wanted recorded. */
  readonly report: (problems: ReadonlyArray<Problem>) => void
}

/**
 * The recorder of the region, or `undefined` without a layer: spans are then plain Effect spans.
 *
 * @category references
 * @since 0.1.0
 */
export const Recorder: Context.Reference<RecorderService | undefined> = Context.Reference<RecorderService | undefined>(
  "effect-llmobs/ports/Recorder",
  { defaultValue: () => undefined }
)
