/**
 * Keeps finished chunks undecided until the Agent is known or given up.
 *
 * **Details**
 *
 * The Agent's filters and capabilities determine whether an event can ride. A chunk that is decided earlier could ride
 * into a filter, so chunks wait here, in order. If more than `maxChunks` wait, the oldest is decided without the
 * Agent's answer.
 */
import type { LiveSpan, LocalTrace } from "./LocalTrace.ts"

/** The waiting chunks. */
export interface ChunkHold {
  readonly take: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Decides every waiting chunk, even if the Agent is not known. */
  readonly release: () => void
  /** Whether no chunk waits, with events or without. */
  readonly isEmpty: () => boolean
  /** The number of records that wait. */
  readonly records: () => number
}

/** Makes an empty hold. */
export const make = (options: {
  readonly maxChunks: number
  readonly isKnown: () => boolean
  /** Decides a chunk. If it throws, nothing is decided. */
  readonly route: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Called when a chunk has to wait. */
  readonly onHeld: () => void
}): ChunkHold => {
  let held: Array<readonly [trace: LocalTrace, spans: ReadonlyArray<LiveSpan>, records: number]> = []
  let head = 0
  let records = 0

  const decideOldest = (): void => {
    const [trace, spans, waiting] = held[head]!
    options.route(trace, spans)
    head++
    records -= waiting
    if (head > options.maxChunks) {
      held = held.slice(head)
      head = 0
    }
  }

  return {
    take: (trace, spans) => {
      if (options.isKnown() && head === held.length) return options.route(trace, spans)
      // This may throw, so it comes before the chunk is added.
      if (held.length - head >= options.maxChunks) decideOldest()
      const waiting = spans.filter((span) => span.record !== undefined && span.claim === "none").length
      options.onHeld()
      held.push([trace, spans, waiting])
      records += waiting
    },
    release: () => {
      while (head < held.length) decideOldest()
      held = []
      head = 0
    },
    isEmpty: () => head === held.length,
    records: () => records
  }
}
