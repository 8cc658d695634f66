/**
 * The port to the recorder: who turns spans into events.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Tracer from "effect/Tracer"
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
  /** The model that answers: llm and embedding spans. */
  readonly model?: string | undefined
  /** Who runs the model: llm and embedding spans. Lower-cased on the wire. */
  readonly provider?: string | undefined
  /** The application that the span belongs to. */
  readonly agentService?: string | undefined
  /** The same as `agentService`, by its older name. */
  readonly mlApp?: string | undefined
  /** The experiment that the span runs: it and the spans under it belong to the experiments scope. */
  readonly experiment?: ExperimentInput | undefined
}

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
 * Records spans. Every member is synchronous and total.
 *
 * @category services
 * @since 0.1.0
 */
export interface RecorderService {
  readonly start: (options: {
    /** The context around the span: its parent, its region, the request behind it. */
    readonly ambient: ContextReader
    readonly kind: SpanKind
    readonly name: string
    readonly options: SpanOptions | undefined
    readonly span: Tracer.Span
    readonly carrier: Carrier | undefined
  }) => OpenSpan | undefined
  readonly annotate: (span: OpenSpan | undefined, input: AnnotationInput) => void
  /** What spans that start inside a region get, beyond what the regions around it say. */
  readonly region: (outer: Annotation | undefined, input: AnnotationInput) => Annotation
  /**
   * Ends a span. `output` makes its output from the value that the effect succeeded with. What is given back is to be run
   * before the span's effect goes on: a wait for room, where such was asked for.
   */
  readonly finish: (
    ambient: ContextReader,
    span: OpenSpan,
    exit: Exit.Exit<unknown, unknown>,
    output: ((value: never) => unknown) | undefined
  ) => Effect.Effect<void> | undefined
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
