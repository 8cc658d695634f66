/**
 * Keeps finished chunks undecided until the Agent is known or given up.
 *
 * **Details**
 *
 * Whether an event can ride depends on the Agent: on its filters, and on what its traces can carry. A chunk that is
 * decided before the Agent was asked could ride into a filter. So chunks wait here, in order. When more than `maxChunks`
 * wait, the oldest is decided by what is known.
 */
import type { LiveSpan, LocalTrace } from "./LocalTrace.ts"

/** Where chunks wait. */
export interface ChunkHold {
  readonly take: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Decides everything that waits, whatever is known. */
  readonly release: () => void
  /** Whether no chunk waits here, with events or without. */
  readonly isEmpty: () => boolean
  /** Records that wait here. */
  readonly records: () => number
}

/** Makes an empty hold. */
export const make = (options: {
  readonly maxChunks: number
  readonly isKnown: () => boolean
  /** Decides a chunk, or throws and has decided nothing. */
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
      // Before the chunk is taken: what throws has taken nothing.
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
