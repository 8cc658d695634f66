/** The engine of one process, without its loops and its network, and with a window onto what it does. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { SetAside } from "../../src/domain/delivery/SetAside.ts"
import * as MetaStruct from "../../src/domain/event/MetaStruct.ts"
import type { SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import type { TraceChunk } from "../../src/domain/trace/TraceChunk.ts"
import * as Diagnostics from "../../src/engine/books/Diagnostics.ts"
import type { LedgerBook } from "../../src/engine/books/Ledger.ts"
import * as ChunkAssembler from "../../src/engine/chunk/ChunkAssembler.ts"
import * as ChunkHold from "../../src/engine/chunk/ChunkHold.ts"
import type { LiveSpan } from "../../src/engine/chunk/LocalTrace.ts"
import * as DeliveryLoop from "../../src/engine/lane/DeliveryLoop.ts"
import * as IntakeLane from "../../src/engine/lane/IntakeLane.ts"
import * as Signals from "../../src/engine/lane/Signals.ts"
import * as TraceLane from "../../src/engine/lane/TraceLane.ts"
import * as AccountShares from "../../src/engine/outbox/AccountShares.ts"
import * as ByteBudget from "../../src/engine/outbox/ByteBudget.ts"
import * as DurableOutbox from "../../src/engine/outbox/DurableOutbox.ts"
import * as MemoryOutbox from "../../src/engine/outbox/MemoryOutbox.ts"
import * as Outboxes from "../../src/engine/outbox/Outboxes.ts"
import type { JournalService } from "../../src/ports/Journal.ts"
import { ownAccount } from "../../src/ports/Outbox.ts"
import type { Outcome } from "../../src/ports/Transport.ts"
import { agentWriter, chunkOf, intakeWriter, makeRouter, measure } from "../engine/Scene.ts"
import * as DeliverySchedule from "./DeliverySchedule.ts"
import type { Id, Limits, Seen, SeenSpan, World } from "./DeliveryState.ts"

export const idOf = (record: SpanRecord<unknown>): Id => record.context.spanId

/** A payload that a lane gave out, and what becomes of it. */
export interface Given {
  readonly seen: Partial<Seen>
  readonly settle: (outcome: Outcome, last: boolean) => void
}

const nothing = () => {}

// The part of memory that is set apart for what comes back from a file: all of it.
const loadBytes = 1024 * 1024

export const make = (options: {
  readonly limits: Limits
  readonly world: () => World
  readonly numberOf: (spanId: string) => number
  readonly journal?: JournalService | undefined
}) => {
  const { journal, limits } = options
  const seen = {
    chunks: [] as Array<ReadonlyArray<SeenSpan>>,
    reserved: [] as Array<Id>,
    released: [] as Array<Id>,
    setAside: [] as Array<Id>
  }
  let ready = nothing
  let durable: DurableOutbox.DurableOutbox | undefined
  const memory = () => MemoryOutbox.make({ maxBytes: limits.outboxBytes })
  const open = (ledger: LedgerBook) => {
    const budget = AccountShares.make(ByteBudget.make({ limit: limits.budgetBytes, measure }))
    if (journal === undefined) return { budget, outboxes: Outboxes.make({ open: memory }) }
    const { close, kept, of, size, ...rest } = durable = DurableOutbox.make({
      memory,
      budget,
      journal,
      ledger,
      loadBytes,
      onReady: () => ready()
    })
    return { budget: rest.budget, outboxes: Outboxes.make({ open: of, size, kept, close }) }
  }
  const { budget, ledger, outbox, outboxes, overflow, router, sent, weather } = makeRouter({
    overflow: limits.overflow,
    store: open,
    watch: (budget) => ({
      ...budget,
      reserve: (record) => {
        const reserved = budget.reserve(record)
        if (reserved) seen.reserved.push(idOf(record))
        return reserved
      },
      release: (record) => {
        seen.released.push(idOf(record))
        return budget.release(record)
      }
    })
  })
  const writer = () => intakeWriter(undefined, limits.payloadBytes)
  const takers = {
    evp: { writer: writer(), endpoint: "agent-evp" },
    intake: { writer: writer(), endpoint: "intake" },
    relay: { writer: writer(), endpoint: "intake", transfers: true },
    nobody: undefined
  } as const
  const ways = {
    open: { _tag: "Open", writer: agentWriter() },
    wait: { _tag: "Wait" },
    "give up": { _tag: "GiveUp" }
  } as const
  const shared = { ledger, budget, random: () => 0.5, onRediscover: nothing, onReachable: nothing }
  const traces = TraceLane.make({
    ...shared,
    outbox,
    way: () => ways[options.world().way],
    readyBytes: 0,
    maxChunks: limits.maxChunks,
    maxAttempts: limits.maxAttempts,
    now: () => weather.now,
    onHandedOver: nothing
  })
  const lanes = new Map(DeliverySchedule.routes.map((route) => [
    route,
    IntakeLane.make({
      ...shared,
      outbox: outboxes.of(route),
      account: route === ownAccount ? undefined : route,
      destination: () => takers[options.world().to[route]!],
      targetBytes: 4_000,
      maxAgeMillis: limits.ageMillis,
      onSetAside: ({ item, reason, status }) => {
        seen.setAside.push(idOf(item.record))
        const entry: SetAside = { reason, status, at: weather.now, event: undefined }
        durable?.setAside(item.record, entry)
      }
    })
  ]))
  const signals = Signals.make()
  const chunks = new Map<TraceChunk, number>()
  const hold = ChunkHold.make({
    maxChunks: limits.maxHeld,
    isKnown: () => options.world().known,
    route: (trace, spans) => {
      router.route(trace, spans)
      for (const chunk of sent.splice(0)) {
        if (signals.isClosed()) continue
        chunks.set(chunk, chunks.size)
        traces.add(chunk)
        seen.chunks.push(chunk.spans.map(({ rider, span }) => ({
          span: options.numberOf(span.spanId),
          rider: rider === undefined ? undefined : idOf(rider),
          submitted: span.meta[MetaStruct.submittedTag] === "1"
        })))
      }
    },
    onHeld: nothing
  })
  const assembler = ChunkAssembler.make({
    minSpans: limits.minSpans,
    maxAgeMillis: limits.chunkMillis,
    emit: hold.take
  })
  ledger.attach({ payload: traces.riders })

  let exit = nothing
  // No receiver takes events any more: the loop drains in vain, and counts.
  const idle = { run: Effect.never, start: nothing, flush: Effect.void, drain: Effect.void }
  const loop = DeliveryLoop.make({
    flushTimeoutMillis: 1_000,
    ledger,
    signals,
    outboxes,
    lanes: idle,
    traces: {
      shipper: idle,
      sweep: assembler.sweep,
      collect: assembler.flush,
      hold,
      waiting: () => router.waiting() + overflow.waiting(),
      riders: traces.riders,
      handOver: traces.handOver
    },
    search: undefined,
    stopWaiting: overflow.close,
    elapsed: () => weather.now,
    diagnostics: Diagnostics.make(nothing),
    log: { run: Effect.never, reasons: () => [] },
    atExit: (f) => {
      exit = f
      return nothing
    },
    root: Context.empty()
  })
  let refuse: DeliveryLoop.DeliveryLoop["refuse"] | undefined
  const ended = (loop: DeliveryLoop.DeliveryLoop) => {
    refuse = loop.refuse
  }

  const nextEvents = (route: DeliverySchedule.Route): Given | undefined => {
    const lane = lanes.get(route)!
    const payload = lane.next(weather.now)
    return payload === undefined ? undefined : {
      seen: { events: payload.items.map((item) => ({ id: idOf(item.record), uncertain: item.uncertain })) },
      settle: (outcome, last) => lane.onOutcome(payload, outcome, weather.now, last)
    }
  }

  return {
    weather,
    ledger,
    router,
    hold,
    assembler,
    start: () => durable?.start(),
    refuse: (span: LiveSpan | undefined) => refuse!(span),
    close: Effect.map(Effect.scoped(loop), ended),
    /** The process ends, and nobody has closed its layer. */
    exit: Effect.map(Effect.provideService(loop, Scope.Scope, Scope.makeUnsafe()), (loop) => {
      exit()
      ended(loop)
    }),
    nextTrace: (): Given | undefined => {
      const payload = traces.next(weather.now)
      return payload === undefined ? undefined : {
        seen: { traces: payload.chunks.map((chunk) => chunks.get(chunkOf(chunk))!) },
        settle: (outcome, last) => traces.onOutcome(payload, outcome, weather.now, last)
      }
    },
    /** The next payload for an account; what is in a file takes a moment. */
    nextEvents: (route: DeliverySchedule.Route): Effect.Effect<Given | undefined> =>
      Effect.gen(function*() {
        for (;;) {
          const came = new Promise<void>((resolve) => {
            ready = resolve
          })
          const given = nextEvents(route)
          const waits = options.world().to[route] !== "nobody" && (journal?.spilled(route) ?? 0) > 0
          if (given !== undefined || !waits) return given
          yield* Effect.promise(() => came)
        }
      }),
    /** The observations since the last look. */
    look: () => ({
      chunks: seen.chunks.splice(0),
      reserved: seen.reserved.splice(0),
      released: seen.released.splice(0),
      setAside: seen.setAside.splice(0),
      used: budget.used()
    })
  }
}
