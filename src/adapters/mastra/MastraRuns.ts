/**
 * The running spans of Mastra, by their ids.
 */
import type { OfferedTool } from "../../domain/provider/Tools.ts"
import { guard } from "../../engine/books/Guard.ts"
import type { RunningLayer } from "../../engine/context/RunningLayers.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import * as NamedLabels from "../../engine/record/NamedLabels.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import * as PairedSpans from "../../engine/record/PairedSpan.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"
import type { ExportedSpan } from "./ExportedSpan.ts"
import * as ExportedSpans from "./ExportedSpan.ts"

interface Run {
  readonly layer: RunningLayer
  readonly kind: ReturnType<typeof ExportedSpans.kindOf>
  /** The span of the run, or that of the nearest run around it if it has none. */
  readonly span: PairedSpan | undefined
  readonly isOwn: boolean
  /** Whether it is inside a call that the program describes itself. */
  readonly isHidden: boolean
  readonly around: Run | undefined
  /** The open runs inside. */
  readonly inner: Set<string>
  /** The start of the run. */
  readonly given: ExportedSpan
  /** The tools that the generation around it offers, and what it asks of its calls. */
  readonly tools: ReadonlyArray<OfferedTool>
  readonly asked: ExportedSpans.Asked
  readonly forget: () => void
  /** Leaves the span that the caller's function was put into. */
  leave: () => void
  /** The running call of the model directly inside. */
  call: Run | undefined
  /** Whether a call of the model was recorded inside. */
  hasCall: boolean
  /** The time at which it failed, if the error is still to be told. */
  failedAt: bigint | undefined
}

// More spans are not open at a time; the oldest was most likely left.
const mostRuns = 10_000

export class MastraRuns {
  private readonly runs = new Map<string, Run>()

  /** Begins a span that Mastra tells. As an exporter, nothing else puts the call of a model inside it. */
  start(layer: RunningLayer, given: ExportedSpan): void {
    const run = this.begin(layer, given)
    if (run?.isOwn === true && run.span?.open?.claimed === true) run.leave = layer.enter(run.span)
  }

  private begin(layer: RunningLayer, given: ExportedSpan): Run | undefined {
    const { runs } = this
    if (runs.has(given.id) || given.isEvent === true || given.type === "model_chunk") return undefined
    if (runs.size >= mostRuns) {
      for (const oldest of runs.keys()) {
        this.finish(oldest, { unfinished: true })
        break
      }
    }
    const around = runs.get(String(given.parentSpanId))
    const reader = around === undefined ? layer.current() : within(around)
    const isHidden = around === undefined ? RunningLayers.isClaimed(reader) : around.isHidden
    const kind = ExportedSpans.kindOf(given)
    const isOwn = kind !== undefined && !isHidden
    const isGeneration = given.type === "model_generation"
    const run: Run = {
      layer,
      kind,
      span: isOwn ? open(reader, given, kind) : around?.span,
      isOwn,
      isHidden,
      around,
      inner: new Set(),
      given,
      tools: isGeneration ? ExportedSpans.toolsOf(given) : around?.tools ?? [],
      asked: isGeneration ? ExportedSpans.asked(given) : around?.asked ?? {},
      forget: layer.onClose(() => this.finish(given.id, { unfinished: true })),
      leave: () => {},
      call: undefined,
      hasCall: false,
      failedAt: undefined
    }
    runs.set(given.id, run)
    around?.inner.add(given.id)
    if (kind === "llm") noteCall(run)
    if (!isOwn) return run
    const start = kind === "llm"
      ? ExportedSpans.request(given, run.tools, run.asked)
      : ExportedSpans.start(given, kind)
    run.span?.annotate(start)
    return run
  }

  /** Goes on with a span that has begun. */
  update(given: ExportedSpan): void {
    const run = this.runs.get(given.id)
    if (run === undefined || run.isHidden || given.type !== "model_step") return
    // A step learns what it asks of the model when the call has begun.
    run.call?.span?.annotate(ExportedSpans.messages(given.input))
  }

  end(given: ExportedSpan): void {
    const run = this.runs.get(given.id)
    if (run === undefined) return
    const at = ExportedSpans.timeOf(given.endTime)
    const { diagnostics } = run.layer
    guard(diagnostics, "mastra.output", () => this.describe(run, given), undefined)
    const failure = guard(diagnostics, "mastra.error", () => ExportedSpans.failureOf(given), {})
    const failed = failure.error === undefined &&
      guard(diagnostics, "mastra.error", () => ExportedSpans.hasFailedAnswer(given), false)
    if (failed) run.failedAt = at
    // The span around it ends with the error, and ends this one too.
    if (!failed || at === undefined || run.around === undefined) {
      this.finish(given.id, failed ? { at, error: unnamed } : { at, ...failure })
    }
  }

  /** Ends what is still open. */
  endAll(): void {
    for (const id of this.runs.keys()) this.finish(id, { unfinished: true })
  }

  /** Calls a function inside a span. Mastra says whether it calls the model. */
  execute<A>(id: string, isModel: boolean, body: () => A): A {
    const run = this.runs.get(id)
    if (run === undefined || run.isHidden) return body()
    if (isModel && run.given.type === "model_step" && !run.hasCall) {
      guard(run.layer.diagnostics, "mastra.call", () => this.begin(run.layer, callOf(run, run.given)), undefined)
    }
    const { span } = run.call ?? run
    return span === undefined ? body() : run.layer.run(span, body)
  }

  private describe(run: Run, given: ExportedSpan): void {
    if (run.kind === "llm") {
      if (run.isOwn) run.span?.annotate(ExportedSpans.answer(given))
      return
    }
    if (run.isOwn) run.span?.annotate(ExportedSpans.end(given, run.kind!))
    // Before 1.13 of its observability, Mastra has no span below a step. A program's own generation has no step.
    const isCall = given.type === "model_step" || given.type === "model_generation" && ExportedSpans.hasUsage(given)
    const call = callOf(run, given)
    if (isCall && !run.hasCall) this.begin(run.layer, call)
    this.update(given)
    this.end(call)
  }

  private finish(id: string, end: SpanEnd): void {
    const run = this.runs.get(id)
    if (run === undefined) return
    this.runs.delete(id)
    run.forget()
    run.leave()
    run.around?.inner.delete(id)
    if (run.around?.call === run) run.around.call = undefined
    // A span is over when the one around it is.
    for (const inner of run.inner) {
      const failedAt = this.runs.get(inner)?.failedAt
      this.finish(
        inner,
        failedAt === undefined ? { at: end.at, unfinished: true } : { at: failedAt, error: end.error ?? unnamed }
      )
    }
    if (run.isOwn) run.span?.end(end)
  }
}

/** The call of a step or a generation that Mastra has no span of its own for. */
const callOf = (run: Run, given: ExportedSpan): ExportedSpan => ({
  ...given,
  id: `${given.id}/call`,
  parentSpanId: given.id,
  type: "model_inference",
  attributes: { ...run.asked, input: undefined, ...given.attributes as object | undefined }
})

const open = (
  reader: ContextReader.ContextReader,
  given: ExportedSpan,
  kind: NonNullable<Run["kind"]>
): PairedSpan => {
  const span = PairedSpans.open(reader, {
    kind,
    name: ExportedSpans.nameOf(given, kind),
    at: ExportedSpans.timeOf(given.startTime),
    options: { ...NamedLabels.of(reader, ExportedSpans.labels(given)), tags: ExportedSpans.tags(given) }
  })
  if (span.open !== undefined && (kind === "llm" || kind === "embedding")) span.open.claimed = true
  return span
}

const within = ({ layer, span }: Run): ContextReader.ContextReader => {
  const { context } = layer.current()
  return ContextReader.make(span === undefined ? context : span.inside(context))
}

const noteCall = (call: Run): void => {
  if (call.around !== undefined) call.around.call = call
  for (let run: Run | undefined = call; run !== undefined && !run.hasCall; run = run.around) run.hasCall = true
}

const unnamed = { name: "ModelError", message: "The model's answer ended with an error that Mastra did not name." }
