/**
 * Keeps finished chunks undecided while nobody knows what the Agent does with them.
 *
 * **Details**
 *
 * Whether an event can ride depends on the Agent: on its filters, and on what its traces can carry. A chunk that is
 * decided before the Agent was asked could ride into a filter. So chunks wait here, in order, until the Agent is known or
 * given up. When more than `maxChunks` wait, the oldest is decided by what is known.
 *
 * @since 0.1.0
 */
import type { LiveSpan, LocalTrace } from "./LocalTrace.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface ChunkHold {
  readonly take: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Decides everything that waits, whatever is known. */
  readonly release: () => void
  /** Whether no chunk waits here, with events or without. */
  readonly isEmpty: () => boolean
  /** Records that wait here. */
  readonly records: () => number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly maxChunks: number
  readonly isKnown: () => boolean
  readonly route: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
  /** Called when a chunk has to wait. */
  readonly onHeld: () => void
}): ChunkHold => {
  let held: Array<readonly [LocalTrace, ReadonlyArray<LiveSpan>]> = []
  let head = 0
  let records = 0

  const decideOldest = (): void => {
    const [trace, spans] = held[head++]!
    for (const span of spans) {
      if (span.record !== undefined && span.claim === "none") records--
    }
    options.route(trace, spans)
  }

  return {
    take: (trace, spans) => {
      if (options.isKnown() && head === held.length) return options.route(trace, spans)
      held.push([trace, spans])
      for (const span of spans) {
        if (span.record !== undefined && span.claim === "none") records++
      }
      if (held.length - head > options.maxChunks) decideOldest()
      options.onHeld()
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
