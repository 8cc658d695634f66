/**
 * Keeps events without a carrier until the retention decision of their trace is taken.
 *
 * **Details**
 *
 * Such an event could leave at the end of its span. If the decision still depends on the tags of the trace's root, the
 * event waits for `maxAgeMillis` at most. The decision is then taken from the tags at that time.
 */
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { OpenRetention, PendingRecord } from "../../ports/LateRetention.ts"
import * as LateRetention from "../record/LateRetention.ts"
import * as AgeQueue from "./AgeQueue.ts"
import type { ChunkAssembler } from "./ChunkAssembler.ts"

/** The events that wait for a decision. */
export interface RetentionHold {
  /** Calls `release` with the event once the decision of its trace is taken, or at once if it already is. */
  readonly wait: (record: PendingRecord, now: number, release: (record: SpanRecord) => void) => void
  /** The number of events that wait. */
  readonly records: () => number
  /** An assembler whose sweep and flush also release the events that wait here. */
  readonly around: (chunks: ChunkAssembler, onWaiting: () => void) => ChunkAssembler
}

/** Makes an empty hold. */
export const make = (options: { readonly maxAgeMillis: number }): RetentionHold => {
  const waiting = AgeQueue.make<OpenRetention>()
  let records = 0
  let onWaiting = () => {}

  const freeze = (retention: OpenRetention): number => {
    const before = records
    LateRetention.freeze(retention)
    return before - records
  }

  return {
    wait: (record, now, release) => {
      const { retention } = record.context
      if (!LateRetention.isOpen(retention)) return release(LateRetention.close(record))
      let isHeld = false
      retention.whenTaken(() => {
        waiting.remove(retention)
        if (!isHeld) return
        records--
        release(LateRetention.close(record))
      })
      if (waiting.add(retention, now)) onWaiting()
      // This is last, so that a call that throws has held nothing.
      isHeld = true
      records++
    },
    records: () => records,
    around: (chunks, wake) => {
      onWaiting = wake
      return {
        ...chunks,
        sweep: (now) => {
          const next = chunks.sweep(now)
          const ours = waiting.sweep(now, options.maxAgeMillis, freeze)
          return next === undefined ? ours : ours === undefined ? next : Math.min(next, ours)
        },
        flush: () => {
          const ours = waiting.flush(freeze)
          const others = chunks.flush()
          return () => ours() || others()
        }
      }
    }
  }
}
