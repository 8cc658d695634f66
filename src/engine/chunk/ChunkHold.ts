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
import * as Slices from "./Slices.ts"

/** The waiting chunks. */
export interface ChunkHold {
  readonly take: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Begins to decide the chunks that wait now, even if the Agent is not known; if it is, also those that come meanwhile. */
  readonly release: () => Slices.Slices
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
  let decided = 0

  const decideOldest = (): number => {
    const [trace, spans, waiting] = held[head]!
    options.route(trace, spans)
    head++
    decided++
    records -= waiting
    if (head > options.maxChunks) {
      held = held.slice(head)
      head = 0
    }
    return spans.length
  }

  return {
    take: (trace, spans) => {
      const isKnown = options.isKnown()
      // The chunks before this one leave first. Two at a time, so that they come to an end even if nobody releases them.
      for (let i = 0; i < 2 && isKnown && head < held.length; i++) decideOldest()
      if (isKnown && head === held.length) return options.route(trace, spans)
      // This may throw, so it comes before the chunk is added.
      if (held.length - head >= options.maxChunks) decideOldest()
      const waiting = spans.filter((span) => span.record !== undefined && span.claim === "none").length
      if (!isKnown) options.onHeld()
      held.push([trace, spans, waiting])
      records += waiting
    },
    release: () => {
      const last = decided + held.length - head
      return () => {
        let spans = 0
        // Once the Agent is known nobody releases the chunks that came meanwhile. They come to an end: see `take`.
        while (decided < last || (head < held.length && options.isKnown())) {
          if (spans >= Slices.most) return true
          spans += decideOldest()
        }
        if (head === held.length) {
          held = []
          head = 0
        }
        return false
      }
    },
    isEmpty: () => head === held.length,
    records: () => records
  }
}
