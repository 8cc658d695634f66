/**
 * Applies the rescue table to a chunk: the one place where an event is given to a carrier.
 *
 * **Details**
 *
 * The router owns the claims. For each span it asks the table and acts: an event that rides stays with its span; an
 * event that is offered is accepted by the outbox, its span is marked submitted and loses its struct, in this order and
 * in one synchronous step. The sampling priority is read and never changed.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as ExportMode from "../../domain/delivery/ExportMode.ts"
import type { DropReason } from "../../domain/delivery/Ledger.ts"
import * as Rescue from "../../domain/delivery/Rescue.ts"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import type { ApmSpan } from "../../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import * as GenAi from "../../domain/trace/GenAi.ts"
import type { ChunkSpan, TraceChunk } from "../../domain/trace/TraceChunk.ts"
import * as TraceChunks from "../../domain/trace/TraceChunk.ts"
import type { Carrier } from "../../ports/Carrier.ts"
import type { OutboxesService } from "../../ports/Outbox.ts"
import { accountOf } from "../../ports/Outbox.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import type { Overflow } from "../outbox/Overflow.ts"
import * as LateRetention from "../record/LateRetention.ts"
import type { LiveSpan, LocalTrace } from "./LocalTrace.ts"
import type { RetentionHold } from "./RetentionHold.ts"
import type { Decision } from "./Sampler.ts"

/**
 * What the router asks of the world around it, at the moment of each chunk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Conditions {
  /** Unix time in milliseconds. */
  readonly now: () => number
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed: () => number
  readonly mode: () => ExportMode.ExportMode
  /** Whether APM traces are written now, by a writer that transports the struct. */
  readonly canRide: () => boolean
  /** Whether APM traces are written now. */
  readonly apm: () => boolean
  /** Whether a filter of the Agent drops a chunk with this root. */
  readonly filtered: (root: Pick<ApmSpan, "resource" | "meta">) => boolean
  /** Whether the program itself keeps a part of a trace that is about to leave. Left out: it keeps all. */
  readonly keeps?: ((spans: ReadonlyArray<ApmSpan>) => boolean) | undefined
  /** The exact size of the packed struct, asked only when the estimate is above the limit. */
  readonly structBytes: (record: SpanRecord) => number
  /** The decision of a trace, frozen by the first call. */
  readonly decide: (trace: LocalTrace) => Decision
  /** Tags that every local root carries: `language`, `runtime-id`, `process_id`. The first span of any chunk has the language. */
  readonly rootTags: {
    readonly meta: { readonly [key: string]: string }
    readonly metrics: { readonly [key: string]: number }
  }
  readonly env: string | undefined
  readonly version: string | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Router {
  /**
   * Enters a finished event into the books. One that has nothing to ride on is offered at once; any other waits on its
   * carrier for the chunk. What is given back is a wait for room, where such was asked for.
   */
  readonly finish: (record: SpanRecord, carrier: Carrier | undefined) => Effect.Effect<void> | undefined
  /** Events that wait on a carrier for their chunk, from the end of their span on. */
  readonly waiting: () => number
  /** Enters an event into the books as dropped. Its APM span stays, and says no more than `record`. */
  readonly refuse: (record: SpanRecord, reason: DropReason, carrier: Carrier | undefined) => void
  /** Decides a chunk. */
  readonly route: (trace: LocalTrace, spans: ReadonlyArray<LiveSpan>) => void
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly conditions: Conditions
  readonly ledger: LedgerBook
  readonly overflow: Overflow
  readonly outboxes: Pick<OutboxesService, "of">
  /** Where events that ride on nothing wait for the retention decision of their trace. */
  readonly retention: RetentionHold
  /** Takes a chunk for the trace writer, with the events that ride it. */
  readonly send: (chunk: TraceChunk) => void
  /** Called when the outbox of an account took an event. */
  readonly onOffered: (account: string) => void
}): Router => {
  const { ledger, outboxes, overflow, conditions } = options
  let waiting = 0

  const lose = (record: SpanRecord): void => {
    overflow.budget.release(record)
    ledger.drop("outboxFull")
  }

  const accept = (record: SpanRecord): boolean => {
    const account = accountOf(record)
    const accepted = outboxes.of(account).offer(record, { now: conditions.now(), uncertain: false })
    if (accepted) options.onOffered(account)
    return accepted
  }

  // An event with a place in memory goes its way.
  const enter = (record: SpanRecord, carrier: Carrier | undefined): void => {
    const { retention, account } = record.context
    const isOpen = retention !== undefined && LateRetention.isOpen(retention)
    // The Agent sends what rides to its own account.
    const rides = account === undefined && conditions.canRide() && ExportMode.rides(conditions.mode())
    // A chunk that leaves anyway is also where an event waits for its retention decision.
    if (carrier !== undefined && !carrier.ended && (rides || (isOpen && conditions.apm()))) {
      waiting++
      return carrier.attach(record, "none")
    }
    if (isOpen) {
      carrier?.attach(record, "outbox")
      return options.retention.wait(retention, conditions.elapsed(), () => {
        if (!accept(record)) lose(record)
      })
    }
    const accepted = accept(record)
    if (!accepted) lose(record)
    carrier?.attach(record, accepted ? "outbox" : "dropped")
  }

  const act = (span: LiveSpan, verdict: Rescue.Verdict, facts: Rescue.Facts): SpanRecord | undefined => {
    switch (verdict._tag) {
      case "Untouched":
        return undefined
      case "Scrub":
        if (verdict.submitted) span.meta[MetaStruct.submittedTag] = "1"
        return undefined
      case "Ride":
        span.claim = "riding"
        return span.record
      case "Offer": {
        const record = span.record!
        if (accept(record)) {
          span.claim = "outbox"
          span.meta[MetaStruct.submittedTag] = "1"
          return undefined
        }
        if (!facts.canRide || verdict.rule === "nothing-to-ride-on" || Rescue.predictsDrop(facts)) {
          span.claim = "dropped"
          lose(record)
          return undefined
        }
        ledger.lastChance++
        span.claim = "riding"
        return record
      }
    }
  }

  return {
    waiting: () => waiting,
    finish: (record, carrier) => {
      ledger.enqueued++
      return overflow.enter(record, (outcome) => {
        if (outcome === "reserved") return enter(record, carrier)
        if (outcome !== "spilled") return carrier?.attach(record, "dropped")
        // Held outside memory it cannot ride: its span must not keep it either.
        options.onOffered(accountOf(record))
        carrier?.attach(undefined, "outbox")
      })
    },
    refuse: (record, reason, carrier) => {
      ledger.enqueued++
      ledger.drop(reason)
      carrier?.attach(record, "dropped")
    },
    route: (trace, spans) => {
      const decision = conditions.decide(trace)
      const mode = conditions.mode()
      const leaves = conditions.apm() && isKept(trace, spans, decision)
      const canRide = leaves && conditions.canRide()
      // What does not leave rides on nothing, whatever a filter would say.
      const filtered = canRide && isFiltered(trace, spans, decision)
      const chunk: Array<ChunkSpan> = []
      for (let i = 0; i < spans.length; i++) {
        const span = spans[i]!
        const record = span.record
        if (record?.context.retention !== undefined) LateRetention.freeze(record.context.retention)
        if (record !== undefined && span.claim === "none") waiting--
        const facts: Rescue.Facts = {
          llm: span.llm,
          claim: span.claim,
          record: record !== undefined,
          mode,
          canRide: canRide && record?.context.account === undefined,
          structBytes: record === undefined || record.bytes <= Rescue.maxStructBytes
            ? 0
            : conditions.structBytes(record),
          priority: decision.priority,
          filtered
        }
        const rider = act(span, Rescue.decide(facts), facts)
        if (leaves) {
          if (record !== undefined) GenAi.write(record, span.meta, span.metrics)
          chunk.push({ span: seal(span, i === 0, trace, decision), rider })
        }
        if (rider === undefined) span.record = undefined
      }
      if (leaves) options.send({ spans: chunk })
    }
  }

  function isKept(trace: LocalTrace, spans: ReadonlyArray<LiveSpan>, decision: Decision): boolean {
    if (conditions.keeps === undefined) return true
    return conditions.keeps(spans.map((span, i) => {
      if (span.record !== undefined) GenAi.write(span.record, span.meta, span.metrics)
      const sealed = seal(span, i === 0, trace, decision)
      return { ...sealed, meta: { ...sealed.meta }, metrics: { ...sealed.metrics } }
    }))
  }

  // The Agent filters by the span that it takes for the root of the chunk, and by the tags that leave with it. Of several
  // spans whose parent is elsewhere it takes one; here each of them counts.
  function isFiltered(trace: LocalTrace, spans: ReadonlyArray<LiveSpan>, decision: Decision): boolean {
    const ids = new Set<string>()
    for (const span of spans) ids.add(span.spanId)
    for (let i = 0; i < spans.length; i++) {
      const span = spans[i]!
      if (span.parentId !== undefined && ids.has(span.parentId)) continue
      if (span.record !== undefined) GenAi.write(span.record, span.meta, span.metrics)
      if (conditions.filtered(seal(span, i === 0, trace, decision))) return true
    }
    return false
  }

  function seal(span: LiveSpan, first: boolean, trace: LocalTrace, decision: Decision) {
    const isRoot = span === trace.root
    let meta: { [key: string]: string } = span.meta
    let metrics: { [key: string]: number } = span.metrics
    if (isRoot) {
      meta = { ...meta, ...conditions.rootTags.meta, ...decision.tags }
      metrics = { ...metrics, ...conditions.rootTags.metrics, ...decision.metrics }
      if (trace.llm !== undefined) {
        meta["llmobs_trace_id"] = trace.llm.traceId
        meta["llmobs_parent_id"] = trace.llm.spanId
      }
    }
    if (span.topLevel) metrics = { ...metrics, "_dd.top_level": 1 }
    if (conditions.env !== undefined) meta = { ...meta, env: conditions.env }
    if (conditions.version !== undefined) meta = { ...meta, version: conditions.version }
    if (first) {
      const tags = TraceChunks.firstSpanTags({
        traceId: trace.traceId,
        priority: decision.priority,
        decisionMaker: decision.decisionMaker,
        upstream: trace.upstream
      })
      const { language } = conditions.rootTags.meta
      meta = { ...meta, ...(language === undefined ? undefined : { language }), ...tags.meta }
      metrics = { ...metrics, ...tags.metrics }
    }
    return span.toApmSpan(meta, metrics)
  }
}
