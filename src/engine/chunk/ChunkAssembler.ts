/**
 * Gathers the finished spans of local traces into chunks.
 *
 * **Details**
 *
 * A chunk is complete when every span that was started in its local trace has ended. A long trace leaves in parts: when
 * `minSpans` spans wait, or when the oldest has waited `maxAgeMillis`. A span that starts in a trace whose chunk has left
 * begins another chunk of the same trace.
 *
 * @since 0.1.0
 */
import type { LiveSpan, LocalTrace } from "./LocalTrace.ts"

/**
 * Times are milliseconds on a clock that only goes forward.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChunkAssembler {
  readonly start: (span: LiveSpan) => void
  readonly finish: (span: LiveSpan, now: number) => void
  /** Sends what has waited too long. Gives the time of the next sweep that could find something, if any. */
  readonly sweep: (now: number) => number | undefined
  /** Sends every finished span now. */
  readonly flush: () => void
  /** Records that wait in chunks. */
  readonly records: () => number
}

const isWaiting = (span: LiveSpan): boolean => span.record !== undefined && span.claim === "none"

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly minSpans: number
  readonly maxAgeMillis: number
  /** Takes a chunk. It is called synchronously and does not throw. */
  readonly emit: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Called when a first finished span waits in a trace that stays open. */
  readonly onWaiting?: (() => void) | undefined
}): ChunkAssembler => {
  const waiting = new Set<LocalTrace>()
  let records = 0

  const emit = (trace: LocalTrace): void => {
    const spans = trace.finished
    trace.finished = []
    waiting.delete(trace)
    for (const span of spans) {
      if (isWaiting(span)) records--
    }
    // In order of their start, so that the local root comes first.
    options.emit(trace, spans.length === 1 ? spans : spans.sort((a, b) => a.index - b.index))
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
      if (isWaiting(span)) records++
      if (trace.open <= 0 || trace.finished.length >= options.minSpans) return emit(trace)
      if (trace.finished.length === 1) {
        waiting.add(trace)
        options.onWaiting?.()
      }
    },
    sweep: (now) => {
      let next: number | undefined
      for (const trace of waiting) {
        const due = trace.oldestFinishedAt + options.maxAgeMillis
        if (due <= now) emit(trace)
        else if (next === undefined || due < next) next = due
      }
      return next
    },
    flush: () => {
      for (const trace of waiting) emit(trace)
    },
    records: () => records
  }
}
