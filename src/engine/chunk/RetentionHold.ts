/**
 * Keeps events that have nothing to ride on until the retention decision of their trace is taken.
 *
 * **Details**
 *
 * Such an event could leave at the end of its span; when the decision still waits for the tags of the trace's root, it
 * waits too, for `maxAgeMillis` at most. The decision is then taken from the tags that are there.
 *
 * @since 0.1.0
 */
import type { Retention } from "../../domain/span/SpanContext.ts"
import * as LateRetention from "../record/LateRetention.ts"
import type { ChunkAssembler } from "./ChunkAssembler.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface RetentionHold {
  /** Calls `release` when the decision is taken: at once when there is nothing to wait for. */
  readonly wait: (retention: Retention | undefined, now: number, release: () => void) => void
  /** Events that wait here. */
  readonly records: () => number
  /** An assembler whose sweep, flush and count take in the events that wait here. */
  readonly around: (chunks: ChunkAssembler, onWaiting: () => void) => ChunkAssembler
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: { readonly maxAgeMillis: number }): RetentionHold => {
  const oldest = new Map<Retention, number>()
  let records = 0
  let onWaiting = () => {}
  return {
    wait: (retention, now, release) => {
      if (retention === undefined || !LateRetention.isOpen(retention)) return release()
      records++
      LateRetention.whenTaken(retention, () => {
        records--
        oldest.delete(retention)
        release()
      })
      if (oldest.has(retention)) return
      oldest.set(retention, now)
      onWaiting()
    },
    records: () => records,
    around: (chunks, wake) => {
      onWaiting = wake
      return {
        ...chunks,
        sweep: (now) => {
          let next = chunks.sweep(now)
          for (const [retention, since] of oldest) {
            const due = since + options.maxAgeMillis
            if (due <= now) LateRetention.freeze(retention)
            else if (next === undefined || due < next) next = due
          }
          return next
        },
        flush: () => {
          for (const retention of oldest.keys()) LateRetention.freeze(retention)
          chunks.flush()
        },
        records: () => records + chunks.records()
      }
    }
  }
}
