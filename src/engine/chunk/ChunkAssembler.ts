/**
 * Gathers the finished spans of local traces into chunks.
 *
 * **Details**
 *
 * A chunk is complete when every span that was started in its local trace has ended. A long trace leaves in parts: when
 * `minSpans` spans wait, or when the oldest has waited `maxAgeMillis`. A span that starts after a chunk has left begins
 * another chunk of the same trace.
 */
import type { AssembledSpan, AssembledTrace, LiveSpan, LocalTrace } from "./LocalTrace.ts"

/** Times are milliseconds on a monotonic clock. */
export interface ChunkAssembler {
  readonly start: (span: AssembledSpan) => void
  readonly finish: (span: AssembledSpan, now: number) => void
  /** Sends the chunks that have waited too long. Returns the time of the next sweep that could find one, if any. */
  readonly sweep: (now: number) => number | undefined
  /** Sends every finished span now. */
  readonly flush: () => void
}

/** Makes an assembler. */
export const make = (options: {
  readonly minSpans: number
  readonly maxAgeMillis: number
  /** Takes a chunk, synchronously. If it throws, it has taken nothing, and the spans wait for the next sweep. */
  readonly emit: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Called when a first finished span waits in a trace that stays open. */
  readonly onWaiting?: (() => void) | undefined
}): ChunkAssembler => {
  const waiting = new Set<AssembledTrace>()

  const emit = (trace: AssembledTrace): void => {
    const spans = trace.finished
    trace.finished = []
    waiting.delete(trace)
    try {
      // Sorted by start, so that the local root comes first.
      options.emit(trace, spans.length === 1 ? spans : spans.sort((a, b) => a.index - b.index))
    } catch {
      trace.finished = spans
      waiting.add(trace)
      options.onWaiting?.()
    }
  }

  return {
    start: (span) => {
      span.trace.open++
    },
    finish: (span, now) => {
      const trace = span.trace
      span.ended = true
      trace.open--
      if (trace.finished.length === 0) trace.oldestFinishedAt = now
      trace.finished.push(span)
      if (trace.open <= 0 || trace.finished.length >= options.minSpans) return emit(trace)
      if (trace.finished.length === 1) {
        waiting.add(trace)
        options.onWaiting?.()
      }
    },
    sweep: (now) => {
      let next: number | undefined
      // A copy, because a trace that could not leave is added again and must not be visited twice.
      const traces = [...waiting]
      for (const trace of traces) {
        const due = trace.oldestFinishedAt + options.maxAgeMillis
        if (due <= now) emit(trace)
        else if (next === undefined || due < next) next = due
      }
      return next
    },
    flush: () => {
      const traces = [...waiting]
      for (const trace of traces) emit(trace)
    }
  }
}
