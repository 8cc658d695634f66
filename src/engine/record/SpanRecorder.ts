/**
 * Turns running spans into records.
 *
 * **Details**
 *
 * The recorder depends on no tracer and on no fiber: callers start a span, annotate it and end it. So it works under
 * any tracer, in any order of layers, with tracing off, and for callers without fibers. If our tracer opened the span,
 * the record is attached to the APM span and waits for its chunk. Otherwise the event goes to the outbox at once.
 */
import * as Effect from "effect/Effect"
import * as Annotation from "../../domain/span/Annotation.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { RecorderService, SpanEnd } from "../../ports/Recorder.ts"
import { count, guard } from "../books/Guard.ts"
import * as OpenContent from "./OpenContent.ts"
import * as OpenSpans from "./OpenSpans.ts"
import type { RecordedSpan } from "./RecordedSpan.ts"
import type { Options } from "./RecorderOptions.ts"
import * as SpanAnnotator from "./SpanAnnotator.ts"
import * as SpanEnds from "./SpanEnds.ts"
import * as SpanExit from "./SpanExit.ts"
import * as SpanStarts from "./SpanStarts.ts"
import * as SpanTime from "./SpanTime.ts"

export interface SpanRecorder extends RecorderService {
  /** Ends every open span without a finalizer, as unfinished, when the layer closes. */
  readonly endAll: () => void
}

// If more spans without a finalizer are open, the oldest was more likely forgotten than still running.
const mostOpenSpans = 10_000

export const make = (options: Options): SpanRecorder => {
  const { diagnostics, sink } = options
  const content = OpenContent.make(options)
  const start = SpanStarts.make(options, content)
  const finish = SpanEnds.make(options, content)
  const { annotate, makeOutput } = SpanAnnotator.make(options, content)
  // Failed events that are not in the ledger yet. At the end of the stack counting can fail too; then the next call
  // counts.
  let failed = 0
  let unreleased: RecordedSpan | undefined

  const countFailed = (): void => {
    try {
      for (; failed > 0; failed--) sink.fail()
      for (; unreleased !== undefined; unreleased = unreleased.unreleased) content.release(unreleased)
    } catch (error) {
      diagnostics.defect("recorder.fail", error)
    }
  }

  const finishEvent = (span: RecordedSpan, end: SpanEnd, durationNs: number): Effect.Effect<void> | undefined => {
    try {
      if (end.output !== undefined || end.defaultOutput !== undefined) {
        guard(diagnostics, "output", () => makeOutput(span, end), undefined)
      }
      span.ended = true
      return finish(span, end, durationNs)
    } catch (error) {
      span.ended = true
      failed++
      span.unreleased = unreleased
      unreleased = span
      count(diagnostics, "recorder.end", error)
      return undefined
    }
  }

  const endAndWait = (span: RecordedSpan, end: SpanEnd): Effect.Effect<void> | undefined => {
    if (span.ended) return undefined
    const at = SpanTime.fromUnknown(end.at)
    if (end.at !== undefined && at === undefined) diagnostics.report(SpanTime.unusable, span.context.name)
    const elapsed = span.elapsedNs(at)
    const time = at ?? (span.timed ? span.startNs + elapsed : 0n)
    const durationNs = Number(elapsed)
    const waits = finishEvent(span, end, durationNs)
    // A span that could not end here, because the stack is full, stays among the open ones: the close ends it.
    if (span.ended) spans.remove(span)
    if (failed > 0 || unreleased !== undefined) countFailed()
    if (waits !== undefined) {
      return Effect.andThen(
        waits,
        Effect.sync(() => endTracerSpan(diagnostics, span, end, time))
      )
    }
    endTracerSpan(diagnostics, span, end, time)
    return undefined
  }

  const end: RecorderService["end"] = (span, end = well) =>
    guard(diagnostics, "recorder.end", () => {
      const waits = endAndWait(span as RecordedSpan, end)
      // A fiber that runs synchronously does not wait for room.
      if (waits !== undefined) Effect.runSync(waits)
    }, undefined)

  const spans = OpenSpans.make({
    most: mostOpenSpans,
    end: (span) => end(span, { unfinished: true }),
    onFull: () => diagnostics.warnOnce("open_spans", tooManyOpen)
  })

  return {
    // Like `guard`, here and below, which would make a closure for each call.
    start: (input) => {
      try {
        const span = start(input)
        if (input.scoped !== true) spans.add(span)
        return span
      } catch (error) {
        count(diagnostics, "recorder.start", error)
        return undefined
      }
    },
    around: (reader) => reader.getRef(CurrentSpan),
    annotate: (open, input) => {
      try {
        annotate(open as RecordedSpan | undefined, input)
      } catch (error) {
        count(diagnostics, "recorder.annotate", error)
      }
    },
    region: regions(diagnostics),
    end,
    endAndWait: (open, end = well) => {
      const span = open as RecordedSpan
      if (span.ended) return undefined
      try {
        return endAndWait(span, end)
      } catch (error) {
        // The count comes before any call, because this can be the end of the stack.
        if (!span.ended) {
          failed++
          span.unreleased = unreleased
          unreleased = span
        }
        span.ended = true
        count(diagnostics, "recorder.end", error)
        return undefined
      }
    },
    endAll: () => {
      const left = spans.endAll()
      if (left > 0) diagnostics.say(leftOpen(left))
    },
    report: diagnostics.report
  }
}

const regions = (diagnostics: Options["diagnostics"]): RecorderService["region"] => (outer, input) =>
  guard(diagnostics, "recorder.region", () => {
    const { problems, value: said } = Annotation.parse("task", input, ofOneSpan)
    if (problems.length > 0) diagnostics.report(problems)
    return outer === undefined ? said : Annotation.combine(outer, said)
  }, outer ?? Annotation.empty)

// The end of the tracer's span sets the time of a riding event, so both end together.
const endTracerSpan = (
  diagnostics: Options["diagnostics"],
  { span }: RecordedSpan,
  end: SpanEnd,
  time: bigint
): void => {
  try {
    if (span?.end !== undefined && span.status?._tag !== "Ended") span.end(time, SpanExit.of(end))
  } catch (error) {
    count(diagnostics, "recorder.span", error)
  }
}

const well: SpanEnd = {}

// Content belongs to one span, so `annotateSpans` cannot set it.
const ofOneSpan = ["input", "output"] as const

const leftOpen = (spans: number): string =>
  `Ended ${spans} spans that were open when the layer closed; their events have the tag effect.span.unfinished. End each span that makeSpan gives.`

const tooManyOpen =
  `Ended the oldest of ${mostOpenSpans} open spans; its event has the tag effect.span.unfinished. End each span that makeSpan gives.`
