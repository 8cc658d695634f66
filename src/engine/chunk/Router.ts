/**
 * Applies the rescue table to a chunk. No other module gives an event to a carrier.
 *
 * **Details**
 *
 * The router owns the claims. For each span it reads the table and acts. A riding event stays with its span. An offered
 * event is accepted by the outbox, then its span is marked submitted and loses its struct, in one synchronous step. The
 * sampling priority is read and never changed. A chunk that fails is not sent: its events that no place has taken are
 * counted as dropped.
 */
import * as Rescue from "../../domain/delivery/Rescue.ts"
import * as HeldContents from "../../domain/event/HeldContent.ts"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import * as SpanRecords from "../../domain/span/SpanRecord.ts"
import type { ChunkSpan, TraceChunk } from "../../domain/trace/TraceChunk.ts"
import * as TraceChunks from "../../domain/trace/TraceChunk.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import * as StackRoom from "../books/StackRoom.ts"
import * as LateRetention from "../record/LateRetention.ts"
import * as ChunkView from "./ChunkView.ts"
import type { Conditions } from "./Conditions.ts"
import type { EventEntry } from "./EventEntry.ts"
import * as EventEntries from "./EventEntry.ts"
import type { LocalTrace, RoutedSpan } from "./LocalTrace.ts"

/** Routes events and chunks by the decision. */
export interface Router extends Pick<EventEntry, "finish" | "refuse"> {
  /** The number of events that wait on a carrier for their chunk, from the end of their span on. */
  readonly waiting: () => number
  /** Decides a chunk. It throws only if the stack has no room, before anything is decided. */
  readonly route: (trace: LocalTrace, spans: ReadonlyArray<RoutedSpan>) => void
}

/** The fields of a span that a verdict changes. */
type Decided = Pick<RoutedSpan, "claim" | "meta">

/** Makes a function that acts on a verdict. It returns the record that rides the span, if one does. */
export const acting = (entry: Pick<EventEntry, "offer" | "lose">, ledger: LedgerBook) =>
(
  span: Decided,
  record: SpanRecord | undefined,
  verdict: Rescue.Verdict,
  facts: Rescue.Facts
): SpanRecord | undefined => {
  if (verdict._tag === "Scrub" && verdict.submitted) span.meta[MetaStruct.submittedTag] = "1"
  if (record === undefined || verdict._tag === "Scrub" || verdict._tag === "Untouched") return undefined
  if (verdict._tag === "Ride") {
    span.claim = "riding"
    return record
  }
  if (entry.offer(record)) {
    span.claim = "outbox"
    span.meta[MetaStruct.submittedTag] = "1"
    return undefined
  }
  if (!facts.canRide || verdict.rule === "nothing-to-ride-on" || Rescue.predictsDrop(facts)) {
    entry.lose(record)
    span.claim = "dropped"
    return undefined
  }
  ledger.lastChance++
  span.claim = "riding"
  return record
}

/** The size of the struct of a record, as far as it matters. It is packed only if the content leaves a doubt. */
export const structBytes = (record: SpanRecord, conditions: Pick<Conditions, "structBytes">): number => {
  if (record.bytes <= Rescue.maxStructBytes) return 0
  // The content is a part of the struct.
  const content = HeldContents.of(record)?.place?.length ?? SpanRecords.leastBytes(record)
  return content > Rescue.maxStructBytes ? content : conditions.structBytes(record)
}

const isWhole = (chunk: ReadonlyArray<ChunkSpan | undefined>): chunk is ReadonlyArray<ChunkSpan> =>
  !chunk.includes(undefined)

// Whether the event of a span waits on it.
const waits = ({ claim, record }: RoutedSpan): boolean => record !== undefined && claim === "none"

/** Makes a router. */
export const make = (
  options: EventEntries.Options & {
    readonly conditions: Conditions
    /** Passes a chunk to the trace writer, with the events that ride it. */
    readonly send: (chunk: TraceChunk) => void
    /** Called after a chunk was passed to `send`. */
    readonly onSent: () => void
    /** Hears of each decision about an event, for the debug log. */
    readonly onVerdict?: ((record: SpanRecord, verdict: Rescue.Verdict) => void) | undefined
  }
): Router => {
  const { conditions, ledger } = options
  const entry = EventEntries.make(options)

  const act = acting(entry, ledger)
  const viewOf = ChunkView.make(conditions)

  const decide = (trace: LocalTrace, spans: ReadonlyArray<RoutedSpan>): boolean => {
    const decision = conditions.decide(trace)
    const mode = conditions.mode()
    // Marked before the chunk is shown to anybody: the program's filter sees what the Agent will see.
    if (decision.priority <= 0 && conditions.apm()) conditions.sampleSpans?.(spans)
    const view = viewOf(trace, spans, decision)
    const leaves = conditions.apm() && view.isKept()
    const canRide = leaves && conditions.canRide()
    // A chunk that does not leave carries nothing, so the filter does not matter.
    const filtered = canRide && view.isFiltered()
    const chunk = spans.map((span, i): ChunkSpan | undefined => {
      const record = span.record === undefined ? undefined : LateRetention.close(span.record)
      const facts: Rescue.Facts = {
        llm: span.llm,
        claim: span.claim,
        record: record !== undefined,
        mode,
        canRide: canRide && record?.context.account === undefined,
        structBytes: record === undefined ? 0 : structBytes(record, conditions),
        priority: decision.priority,
        filtered
      }
      const verdict = Rescue.decide(facts)
      const rider = act(span, record, verdict, facts)
      if (record !== undefined) options.onVerdict?.(record, verdict)
      const sealed = leaves ? TraceChunks.carry(view.seal(i), rider) : undefined
      if (rider === undefined) span.record = undefined
      return sealed
    })
    if (leaves && isWhole(chunk)) options.send(TraceChunks.make(chunk))
    return leaves
  }

  // Drops those events of the chunk that neither the outbox nor a sent chunk took.
  const abandon = (waited: ReadonlyArray<RoutedSpan>): void => {
    for (const span of waited) {
      if (span.claim !== "none" && span.claim !== "riding") continue
      if (span.record !== undefined) options.overflow.budget.release(span.record)
      span.record = undefined
      span.claim = "dropped"
      ledger.dropped.failed++
    }
  }

  return {
    finish: entry.finish,
    refuse: entry.refuse,
    waiting: () => entry.onCarriers.events,
    route: (trace, spans) => {
      StackRoom.need()
      // Most often each of them waits, and a list of their own would be made for nothing.
      const waited = spans.every(waits) ? spans : spans.filter(waits)
      let leaves = false
      try {
        leaves = decide(trace, spans)
      } catch (error) {
        abandon(waited)
        options.onDefect("router.route", error)
      }
      entry.onCarriers.events -= waited.length
      if (!leaves) return
      try {
        options.onSent()
      } catch (error) {
        options.onDefect("router.sent", error)
      }
    }
  }
}
