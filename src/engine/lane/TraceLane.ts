/**
 * The lane of trace chunks to the Agent.
 *
 * **Details**
 *
 * The events that ride a chunk are pending until the Agent answers 200. A payload that is definitely refused, after its
 * retries, gives its events to the outbox and is dropped in the same step. After an ambiguous failure the events go to
 * the outbox too, counted as possible duplicates, and the trace is not sent again.
 */
import * as Backoff from "../../domain/delivery/Backoff.ts"
import * as DeliveryVerdict from "../../domain/delivery/DeliveryVerdict.ts"
import * as HeldContents from "../../domain/event/HeldContent.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../../domain/trace/TraceChunk.ts"
import * as TraceChunks from "../../domain/trace/TraceChunk.ts"
import type { AgentWriterService } from "../../ports/AgentWriter.ts"
import type { OutboxService } from "../../ports/Outbox.ts"
import type { Outcome } from "../../ports/Transport.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import type { ByteBudget } from "../outbox/ByteBudget.ts"
import type { Lane, NextStep } from "./Shipper.ts"
import type { Payload } from "./TracePayload.ts"
import * as TracePayload from "./TracePayload.ts"

/** The state of the road to the Agent: `Wait` while no Agent is known, `GiveUp` if there will be none. */
export type Way = { readonly _tag: "Open"; readonly writer: AgentWriterService } | {
  readonly _tag: "Wait" | "GiveUp"
}

export interface TraceLane extends Lane<Payload> {
  /** Adds a chunk, with the events that ride it. */
  readonly add: (chunk: TraceChunk) => void
  /** The estimated bytes of the chunks that no request has taken. */
  readonly waitingBytes: () => number
  /** The number of events in payloads that the Agent has not acknowledged. */
  readonly riders: () => number
  /** Offers every event that still waits here to the outbox, and drops the traces. */
  readonly handOver: () => void
}

const done: NextStep = { _tag: "Done" }

// Estimated at six times the bytes, as the texts of events are: an APM span with the frame of its event, and content.
const spanBytes = 6_000
const contentFactor = 6

/** The parts and the listeners of a lane. */
export interface Options {
  readonly outbox: OutboxService
  readonly ledger: LedgerBook
  readonly budget: ByteBudget
  readonly random: () => number
  readonly way: () => Way
  /** The estimated bytes of waiting chunks that fill a request. */
  readonly readyBytes: number
  /** The most chunks that wait. When more come, the oldest gives its events to the outbox. */
  readonly maxChunks: number
  /** The attempts for a payload before its events take the other road. */
  readonly maxAttempts: number
  /** The clock for the age of events in an outbox. */
  readonly now: () => number
  readonly onHandedOver: () => void
  readonly onRediscover: () => void
  readonly onReachable: (reachable: boolean) => void
}

// The riders of this lane, counted from their arrival until they are delivered or in the outbox.
const riderBook = (options: Options) => {
  const { budget, ledger, outbox } = options
  let riding = 0
  return {
    riders: () => riding,
    add: (riders: ReadonlyArray<SpanRecord>): void => {
      riding += riders.length
    },
    deliver: (riders: ReadonlyArray<SpanRecord>): void => {
      riding -= riders.length
      ledger.deliveredAgent += riders.length
      for (const rider of riders) budget.release(rider)
    },
    giveToOutbox: (riders: ReadonlyArray<SpanRecord>, uncertain: boolean): void => {
      const now = options.now()
      riding -= riders.length
      if (uncertain) ledger.possibleDuplicates += riders.length
      for (const rider of riders) {
        if (outbox.offer(rider, { now, uncertain })) continue
        budget.release(rider)
        ledger.drop("outboxFull")
      }
      options.onHandedOver()
    }
  }
}

export const make = (options: Options): TraceLane => {
  const { add, deliver, giveToOutbox, riders } = riderBook(options)
  const packer = TracePayload.packer({ onFailed: (riders) => giveToOutbox(riders, false) })
  const again: Array<Payload> = []
  let failures = 0

  const refused = (payload: Payload): NextStep => {
    for (const riders of payload.riders) giveToOutbox(riders, false)
    return done
  }

  const later = (payload: Payload, afterMillis: number | undefined, last: boolean): NextStep => {
    failures++
    if (last || payload.attempts + 1 >= options.maxAttempts) refused(payload)
    else again.push({ ...payload, attempts: payload.attempts + 1 })
    return { _tag: "Later", delayMillis: Backoff.delay(failures, options.random(), afterMillis) }
  }

  const handOver = (): void => {
    for (const payload of again.splice(0)) refused(payload)
    for (const riders of packer.clear()) giveToOutbox(riders, false)
  }

  return {
    add: (chunk) => {
      const riders = TraceChunks.riders(chunk)
      let bytes = chunk.spans.length * spanBytes
      for (const rider of riders) {
        const place = HeldContents.of(rider)?.place
        bytes += place === undefined ? rider.bytes : place.length * contentFactor
      }
      add(riders)
      const way = options.way()
      packer.add(new Waiting(chunk, riders, bytes), way._tag === "Open" && again.length === 0 ? way.writer : undefined)
    },
    riders,
    waitingBytes: packer.waitingBytes,
    handOver,
    pack: (_now, isOver) => {
      const way = options.way()
      return way._tag === "Open" && again.length === 0 && packer.fill(way.writer, isOver)
    },
    next: () => {
      const way = options.way()
      if (way._tag === "GiveUp") handOver()
      for (const riders of packer.shed(Math.max(0, packer.size() - options.maxChunks))) giveToOutbox(riders, false)
      if (way._tag !== "Open") return undefined
      return again.shift() ?? packer.fresh(way.writer)
    },
    // A copy, so that a writer that empties its list is given all of them again.
    send: (payload) => payload.writer.send(payload.chunks.slice()),
    isEmpty: () => packer.size() === 0 && again.length === 0 && !packer.isPacking(),
    isReady: () => again.length > 0 || packer.waitingBytes() >= options.readyBytes,
    onOutcome: (payload, outcome, now, last) => {
      options.onReachable(outcome._tag === "Answer" || outcome.bytesWritten)
      const verdict = judge(outcome, now)
      switch (verdict._tag) {
        case "Delivered": {
          failures = 0
          for (const riders of payload.riders) deliver(riders)
          return done
        }
        case "Retry":
        case "Pause":
          return later(payload, verdict.afterMillis, last)
        case "Ambiguous": {
          failures++
          for (const riders of payload.riders) giveToOutbox(riders, true)
          return { _tag: "Later", delayMillis: Backoff.delay(failures, options.random(), verdict.afterMillis) }
        }
        case "Split": {
          if (payload.chunks.length === 1) return refused(payload)
          const middle = payload.chunks.length >> 1
          again.push(
            { ...payload, chunks: payload.chunks.slice(0, middle), riders: payload.riders.slice(0, middle) },
            { ...payload, chunks: payload.chunks.slice(middle), riders: payload.riders.slice(middle) }
          )
          return done
        }
        case "Refuse":
          return refused(payload)
        case "Rediscover": {
          options.onRediscover()
          return refused(payload)
        }
      }
    }
  }
}

// A class, so that it begins in the young generation: see `SpanRecord`.
class Waiting implements TracePayload.WaitingChunk {
  readonly chunk: TraceChunk
  readonly riders: ReadonlyArray<SpanRecord>
  readonly bytes: number

  constructor(chunk: TraceChunk, riders: ReadonlyArray<SpanRecord>, bytes: number) {
    this.chunk = chunk
    this.riders = riders
    this.bytes = bytes
  }
}

const judge = (outcome: Outcome, now: number): DeliveryVerdict.Verdict =>
  outcome._tag === "Answer"
    ? DeliveryVerdict.ofStatus("agent-traces", outcome.status, outcome.headers, now)
    : DeliveryVerdict.ofFailure(outcome.bytesWritten)
