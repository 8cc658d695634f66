import * as Effect from "effect/Effect"
import type { ExportMode } from "../../src/domain/delivery/ExportMode.ts"
import * as Envelope from "../../src/domain/event/Envelope.ts"
import * as SpanEvent from "../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../src/domain/event/WireFormat.ts"
import * as JsonText from "../../src/domain/json/JsonText.ts"
import type { ApmSpan } from "../../src/domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import type { TraceChunk } from "../../src/domain/trace/TraceChunk.ts"
import * as Ledger from "../../src/engine/books/Ledger.ts"
import type { TracedTrace } from "../../src/engine/chunk/LocalTrace.ts"
import { LiveSpan, LocalTrace } from "../../src/engine/chunk/LocalTrace.ts"
import * as RetentionHold from "../../src/engine/chunk/RetentionHold.ts"
import * as Router from "../../src/engine/chunk/Router.ts"
import * as ByteBudget from "../../src/engine/outbox/ByteBudget.ts"
import * as MemoryOutbox from "../../src/engine/outbox/MemoryOutbox.ts"
import * as Outboxes from "../../src/engine/outbox/Outboxes.ts"
import * as Overflow from "../../src/engine/outbox/Overflow.ts"
import * as LateRetention from "../../src/engine/record/LateRetention.ts"
import type { AgentWriterService, EncodedChunk } from "../../src/ports/AgentWriter.ts"
import type { IntakeWriterService } from "../../src/ports/IntakeWriter.ts"
import type { PendingRecord } from "../../src/ports/LateRetention.ts"
import type { OutboxesService } from "../../src/ports/Outbox.ts"
import { ownAccount } from "../../src/ports/Outbox.ts"
import type { Outcome } from "../../src/ports/Transport.ts"
import { apmTraceId, makeContext, makeRecord } from "../domain/Records.ts"

let ids = 0

/** A record of its own span, with at least `characters` characters of content. */
export const record = (characters = 10, account?: string): SpanRecord =>
  makeRecord({
    context: makeContext({ kind: "task", spanId: String(++ids), account }),
    annotation: { input: "x".repeat(characters) }
  })

/** The exact bytes of an event. */
export const measure = (record: PendingRecord): number =>
  JsonText.byteLength(
    Envelope.make(SpanEvent.render(LateRetention.copy(record), WireFormat.table["evp-proxy"]), "0.1.0")
  )

export const makeTrace = (): LocalTrace => new LocalTrace(apmTraceId, undefined)

/** Opens a span in a trace; the first is its root. */
export const open = (trace: TracedTrace, llm: boolean): LiveSpan => {
  const span = new LiveSpan({
    trace,
    spanId: (++ids).toString(16).padStart(16, "0"),
    parentId: trace.root?.spanId,
    name: "span",
    resource: "resource",
    service: "shop",
    type: llm ? "llm" : "",
    startNs: 1n,
    llm,
    topLevel: trace.root === undefined
  })
  trace.root ??= span
  return span
}

export const answer = (status: number, headers: { readonly [name: string]: string } = {}): Outcome => ({
  _tag: "Answer",
  status,
  headers,
  body: ""
})

export const failure = (bytesWritten: boolean): Outcome => ({ _tag: "Failure", bytesWritten, reason: "ECONNRESET" })

/** A slice of a lane that is over after this many events or chunks. */
export const slice = (most: number) => {
  let asked = 0
  return () => ++asked >= most
}

/** A writer to the intake that encodes as the real one does, and answers what it is told. */
export const intakeWriter = (
  send: () => Outcome = () => answer(202),
  maxPayloadBytes = 5_000_000
): IntakeWriterService => ({
  maxPayloadBytes,
  encode: (record) => ({
    bytes: new TextEncoder().encode(
      Envelope.encode(Envelope.make(SpanEvent.render(record, WireFormat.table["evp-proxy"]), "0.1.0"))
    )
  }),
  send: () => Effect.sync(send)
})

const encodedFrom = new WeakMap<EncodedChunk, TraceChunk>()

/** The chunk that the writer below encoded. */
export const chunkOf = (encoded: EncodedChunk): TraceChunk => encodedFrom.get(encoded)!

/** A writer to the Agent whose chunks have as many bytes as their spans times a hundred. */
export const agentWriter = (
  send: () => Outcome = () => answer(200),
  maxPayloadBytes = 8_000_000
): AgentWriterService => ({
  maxPayloadBytes,
  structBytes: (record) => record.bytes,
  encode: (chunk) => {
    const encoded = { bytes: new Uint8Array(chunk.spans.length * 100) }
    encodedFrom.set(encoded, chunk)
    return encoded
  },
  send: () => Effect.sync(send)
})

/** Conditions that a test changes while it runs. */
export interface Weather {
  mode: ExportMode
  carrier: boolean
  apm: boolean
  filtered: boolean
  keeps: (spans: ReadonlyArray<ApmSpan>) => boolean
  priority: number
  now: number
}

/** Where events are held. */
export interface Store {
  readonly budget: ByteBudget.ByteBudget
  readonly outboxes: OutboxesService
}

/** A router with real outboxes, a budget and a ledger around it. `watch` can look at what is reserved and given back. */
export const makeRouter = (options: {
  readonly maxBytes?: number
  readonly outboxBytes?: number
  readonly overflow?: Overflow.Policy
  readonly watch?: (budget: ByteBudget.ByteBudget) => ByteBudget.ByteBudget
  /** Where events are held. Default: in memory. */
  readonly store?: (ledger: Ledger.LedgerBook) => Store
} = {}) => {
  const weather: Weather = {
    mode: "apm-agent",
    carrier: true,
    apm: true,
    filtered: false,
    keeps: () => true,
    priority: 1,
    now: 0
  }
  const ledger = Ledger.make()
  const store = options.store?.(ledger) ?? {
    budget: ByteBudget.make({ limit: options.maxBytes ?? Infinity, measure }),
    outboxes: Outboxes.make({ open: () => MemoryOutbox.make({ maxBytes: options.outboxBytes }) })
  }
  const budget = options.watch?.(store.budget) ?? store.budget
  const { outboxes } = store
  const outbox = outboxes.of(ownAccount)
  const overflow = Overflow.make({
    policy: options.overflow ?? "dropNewest",
    budget,
    outboxes,
    ledger,
    waitMillis: 1_000
  })
  const sent: Array<TraceChunk> = []
  /** The roots that the Agent's filters were asked about. */
  const asked: Array<Pick<ApmSpan, "resource" | "meta">> = []
  let offered = 0
  const onOffered = {
    call: () => {
      offered++
    }
  }
  const router = Router.make({
    conditions: {
      now: () => weather.now,
      elapsed: () => weather.now,
      mode: () => weather.mode,
      canRide: () => weather.carrier && weather.apm,
      apm: () => weather.apm,
      filter: () => (root) => {
        asked.push(root)
        return weather.filtered
      },
      keeps: (spans) => weather.keeps(spans),
      structBytes: (record) => record.bytes,
      decide: () => ({
        priority: weather.priority,
        mechanism: 0,
        decisionMaker: "-0",
        tags: { "_dd.p.dm": "-0" },
        metrics: {}
      }),
      processTags: { meta: { language: "javascript" }, metrics: { process_id: 7 } },
      env: "prod",
      version: undefined
    },
    ledger,
    overflow,
    outboxes,
    retention: RetentionHold.make({ maxAgeMillis: 30_000 }),
    send: (chunk) => {
      sent.push(chunk)
    },
    onOffered: () => onOffered.call(),
    onSent: () => {},
    onDefect: () => {}
  })
  ledger.attach({ chunk: () => router.waiting() + overflow.waiting(), outbox: outboxes.size })
  return {
    weather,
    ledger,
    budget: overflow.budget,
    outbox,
    outboxes,
    overflow,
    sent,
    router,
    offered: () => offered,
    asked,
    onOffered
  }
}
