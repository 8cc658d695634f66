/**
 * Gathers the finished spans of local traces into chunks.
 *
 * **Details**
 *
 * A chunk is complete when every span that was started in its local trace has ended. A long trace leaves in parts: when
 * `minSpans` spans wait, or when the oldest has waited `maxAgeMillis`. A span that starts after a chunk has left begins
 * another chunk of the same trace.
 */
import * as AgeQueue from "./AgeQueue.ts"
import type { AssembledSpan, AssembledTrace, LiveSpan, LocalTrace } from "./LocalTrace.ts"
import type { Slices } from "./Slices.ts"

/** Times are milliseconds on a monotonic clock. */
export interface ChunkAssembler {
  readonly start: (span: AssembledSpan) => void
  /** The clock is read only if the span has to wait. */
  readonly finish: (span: AssembledSpan, now: () => number) => void
  /**
   * Sends chunks that have waited too long. Returns the time of the next sweep that could find one, if any: `now` if some
   * are left.
   */
  readonly sweep: (now: number) => number | undefined
  /** Begins to send the spans that have finished by now. */
  readonly flush: () => Slices
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
  const waiting = AgeQueue.make<AssembledTrace>()

  const emit = (trace: AssembledTrace, now: () => number): number => {
    const spans = trace.finished
    trace.finished = []
    waiting.remove(trace)
    try {
      options.emit(trace, byStart(spans))
    } catch {
      trace.finished = spans
      waiting.add(trace, now())
      options.onWaiting?.()
    }
    return spans.length
  }

  return {
    start: (span) => {
      span.trace.open++
    },
    finish: (span, now) => {
      const trace = span.trace
      span.ended = true
      trace.open--
      // A list that grows has place for many, and most traces have few spans.
      if (trace.finished.length === 0) trace.finished = [span]
      else trace.finished.push(span)
      if (trace.open <= 0 || trace.finished.length >= options.minSpans) emit(trace, now)
      else if (!waiting.has(trace) && waiting.add(trace, now())) options.onWaiting?.()
    },
    sweep: (now) => waiting.sweep(now, options.maxAgeMillis, (trace) => emit(trace, () => now)),
    flush: () => waiting.flush((trace) => emit(trace, atOnce))
  }
}

// A chunk that could not be sent in a flush is due at once.
const atOnce = (): number => 0

// The local root comes first. Spans that end one after the other, outwards, only have to be turned round.
const byStart = (spans: Array<LiveSpan>): Array<LiveSpan> => {
  const isOutwards = spans.every(({ index }, at) => at === 0 || index < spans[at - 1]!.index)
  return isOutwards ? spans.reverse() : spans.sort((a, b) => a.index - b.index)
}
