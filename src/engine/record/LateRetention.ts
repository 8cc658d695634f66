/**
 * A retention decision that is taken as late as possible, and only once.
 *
 * **Details**
 *
 * With sampling rules the decision of an LLM trace depends on the tags of its root, which can still change while the
 * root runs. No event is rendered before the decision is taken. Only these modules take it:
 *
 * - `SpanEnds`: the root ends
 * - `CarriedTrace`: the trace goes on in another service
 * - `Router`: a chunk leaves before the root ended
 * - `HostRouter`: spans of another tracer leave before the root ended
 * - `RetentionHold`: an event without a chunk has waited long enough, or everything is flushed
 * - `Overflow`: an event leaves memory for the disk
 * - `EventEntry`: an event goes to the outbox, which takes none whose decision is open
 */
import type { Retention } from "../../domain/span/SpanContext.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { LateRetention, OpenRetention, PendingRecord } from "../../ports/LateRetention.ts"

class Open implements OpenRetention {
  readonly _tag = "Open"
  readonly #decide: () => Retention
  #taken: Retention | undefined = undefined
  #waiting: Array<() => void> = []

  constructor(decide: () => Retention) {
    this.#decide = decide
  }

  get taken(): Retention | undefined {
    return this.#taken
  }

  take(): Retention {
    if (this.#taken !== undefined) return this.#taken
    const taken = this.#taken = this.#decide()
    const waiting = this.#waiting
    this.#waiting = []
    for (const released of waiting) released()
    return taken
  }

  whenTaken(released: () => void): void {
    if (this.#taken !== undefined) released()
    else this.#waiting.push(released)
  }
}

/** Makes an open decision. `decide` is called when it is frozen. */
export const make = (decide: () => Retention): OpenRetention => new Open(decide)

const isLate = (self: LateRetention): self is OpenRetention => "_tag" in self

/** Whether a decision can still change. */
export const isOpen = (self: LateRetention | undefined): self is OpenRetention =>
  self !== undefined && isLate(self) && self.taken === undefined

/** The decision, taken now if it was open. */
export function freeze(self: LateRetention): Retention
export function freeze(self: LateRetention | undefined): Retention | undefined
export function freeze(self: LateRetention | undefined): Retention | undefined {
  return self !== undefined && isLate(self) ? self.take() : self
}

/**
 * The record with its decision, taken now if it was open. It stays the same object, because the byte budget and the
 * journal identify an event by it.
 */
export const close = (record: PendingRecord): SpanRecord => {
  const { context } = record
  if (context.retention !== undefined && isLate(context.retention)) {
    ;(record as { context: SpanRecord["context"] }).context = { ...context, retention: context.retention.take() }
  }
  return record as SpanRecord
}

/**
 * The record as it can be written now. An open decision is left out. Content is read from the record, because large content
 * can be packed later, and its texts must not be held by a copy.
 */
export const copy = (record: PendingRecord): SpanRecord => {
  const { context } = record
  if (context.retention === undefined || !isLate(context.retention)) return record as SpanRecord
  return {
    ...record,
    context: { ...context, retention: context.retention.taken },
    get annotation() {
      return record.annotation
    },
    get prompt() {
      return record.prompt
    }
  }
}
