/**
 * The background of a layer: it looks for the Agent, sends what waits, and drains when the layer closes.
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Scope from "effect/Scope"
import * as Ledgers from "../domain/delivery/Ledger.ts"
import type { LedgerBook } from "../engine/books/Ledger.ts"
import type { ChunkAssembler } from "../engine/chunk/ChunkAssembler.ts"
import type { ChunkHold } from "../engine/chunk/ChunkHold.ts"
import type { AccountLanes } from "../engine/lane/AccountLanes.ts"
import type { Shipper } from "../engine/lane/Shipper.ts"
import type { Overflow } from "../engine/outbox/Overflow.ts"
import type { Carrier } from "../ports/Carrier.ts"
import type { DeliveryService } from "../ports/Delivery.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { OutboxesService } from "../ports/Outbox.ts"
import { ownAccount } from "../ports/Outbox.ts"
import type { Destinations } from "./Destinations.ts"
import type { EventStore } from "./EventStore.ts"
import type { Settings } from "./Settings.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface DeliveryLoop {
  readonly chunks: ChunkAssembler
  readonly delivery: DeliveryService
  readonly isClosed: () => boolean
  /** Counts an event of a span that ended after the layer closed. */
  readonly refuse: (carrier: Carrier | undefined) => void
}

const firstProbeMillis = 100
const longestProbeMillis = 5_000

/**
 * Starts the loops in the scope, and registers the drain.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly ledger: LedgerBook
  readonly store:
    & { readonly outboxes: Pick<OutboxesService, "size" | "kept" | "close"> }
    & Pick<EventStore, "readSetAside">
  readonly overflow: Pick<Overflow, "close">
  readonly destinations: Destinations
  readonly traceShipper: Shipper
  readonly lanes: Pick<AccountLanes<unknown>, "urge" | "start" | "flush" | "drain">
  readonly riders: () => number
  /** Gives the events of traces that could not be sent to the outbox. */
  readonly handOver: (now: number) => void
  readonly chunks: (onWaiting: () => void) => ChunkAssembler
  readonly hold: ChunkHold
  /** Events that wait for their chunk, or for the retention decision of their trace. */
  readonly waiting: () => number
  readonly now: () => number
  readonly diagnostics: DiagnosticsService
  /** Calls a function when the process ends; what it gives back takes that back. */
  readonly atExit: (f: () => void) => () => void
  /** The context that background fibers run in. */
  readonly root: Context.Context<never>
}): Effect.fn.Return<DeliveryLoop, never, Scope.Scope> {
  const { destinations, diagnostics, hold, ledger, now, lanes, settings, store: { outboxes }, traceShipper } = options
  let closed = false
  const waiting = Latch.makeUnsafe(false)
  const chunks = options.chunks(() => {
    waiting.openUnsafe()
  })
  ledger.attach({ chunk: options.waiting, payload: options.riders, outbox: outboxes.size })
  const pending = () => Ledgers.pending(ledger.snapshot())

  const search = Latch.makeUnsafe(true)
  destinations.onSearch = () => {
    search.openUnsafe()
  }
  const known = Latch.makeUnsafe(!destinations.isSearching())
  const found = () => {
    search.closeUnsafe()
    hold.release()
    traceShipper.urge()
    lanes.urge(ownAccount)
    // Last: whoever waits for it goes on at once, and counts on what came before.
    known.openUnsafe()
  }
  const lookOnce: Effect.Effect<boolean> = Effect.map(destinations.probe, (capabilities) => {
    destinations.step(
      capabilities === undefined ? { _tag: "NotFound", now: destinations.elapsed() } : { _tag: "Found", capabilities }
    )
    if (destinations.isSearching()) return false
    found()
    return true
  })
  // While nothing waits there is nobody to look for an Agent for: the loop rests and lets the program end.
  const look = (wait: number): Effect.Effect<void> =>
    Effect.flatMap(lookOnce, (done) => {
      if (done && !destinations.isWanting()) return Effect.void
      if (pending() === 0) {
        search.closeUnsafe()
        return Effect.void
      }
      return Effect.flatMap(Effect.sleep(wait), () => look(Math.min(wait * 2, longestProbeMillis)))
    })
  const searching = Effect.forever(Effect.flatMap(search.await, () => look(firstProbeMillis)))

  const sweeping = Effect.forever(Effect.flatMap(waiting.await, () =>
    Effect.suspend(() => {
      const next = chunks.sweep(destinations.elapsed())
      if (next === undefined) {
        waiting.closeUnsafe()
        return Effect.void
      }
      return Effect.sleep(next - destinations.elapsed())
    })))

  const inBackground = (effect: Effect.Effect<unknown>) =>
    Effect.forkScoped(Effect.withFiber((fiber) => {
      fiber.setContext(options.root)
      return effect
    }))
  if (settings.agentless !== true) yield* inBackground(searching)
  yield* inBackground(sweeping)
  yield* inBackground(traceShipper.run)
  // Shippers of accounts that come later end with this scope too, and so after the drain below.
  const shippers = yield* Scope.fork(yield* Effect.scope)
  const run = Effect.runForkWith(options.root)
  lanes.start((shipper) => {
    run(Effect.forkIn(shipper, shippers))
  })

  const settled = () => {
    const books = ledger.snapshot()
    return { delivered: Ledgers.delivered(books), transferred: books.transferred, dropped: Ledgers.dropped(books) }
  }
  const sendAll = Effect.suspend(() => {
    chunks.flush()
    // Side by side, so that one that stalls does not use up the other's time; what traces give up goes to the intake.
    const sent = Effect.andThen(
      Effect.all([traceShipper.flush, lanes.flush], { concurrency: 2, discard: true }),
      lanes.flush
    )
    if (hold.records() > 0) return Effect.andThen(known.await, sent)
    // Chunks without events are worth one look for the Agent, and no waiting.
    return hold.isEmpty() ? sent : Effect.andThen(lookOnce, sent)
  })
  const flushing: DeliveryService["flush"] = Effect.suspend(() => {
    const before = settled()
    return Effect.map(
      Effect.timeoutOption(sendAll, settings.flushTimeoutMillis),
      (done) => {
        const after = settled()
        return {
          delivered: after.delivered - before.delivered,
          transferred: after.transferred - before.transferred,
          dropped: after.dropped - before.dropped,
          pending: pending(),
          timedOut: done._tag === "None"
        }
      }
    )
  })

  // In a fiber of its own, so that the deadline holds for a caller in a finalizer, who cannot be interrupted.
  const flush: DeliveryService["flush"] = Effect.flatMap(Effect.forkDetach(flushing), Fiber.join)

  const drain = Effect.suspend(() => {
    chunks.flush()
    const sent = Effect.andThen(
      Effect.sync(hold.release),
      Effect.andThen(
        Effect.all([
          Effect.tap(traceShipper.drain, () => Effect.sync(() => options.handOver(now()))),
          lanes.drain
        ], { concurrency: 2, discard: true }),
        lanes.drain
      )
    )
    if (!destinations.isSearching() || (pending() === 0 && hold.isEmpty())) return sent
    return Effect.flatMap(lookOnce, () =>
      Effect.suspend(() => {
        destinations.step({ _tag: "Closing" })
        return sent
      }))
  })

  // Counts what memory still holds as lost, and gives what to say of it.
  const end = (): Effect.Effect<void> => {
    closed = true
    options.overflow.close()
    outboxes.close?.()
    // What the file gave on its way to its end counts too.
    const left = pending()
    const kept = outboxes.kept ?? zero
    const lost = left - kept()
    ledger.attach({ chunk: zero, payload: zero, outbox: kept })
    ledger.drop("shutdown", lost)
    if (lost > 0) {
      return Effect.logWarning(`effect-llmobs: ${lost} events could not be sent before the end and are lost.`)
    }
    if (left === 0) return Effect.void
    return Effect.logInfo(`effect-llmobs: ${left} events stay in the durable outbox for the next process.`)
  }

  // A process can end without its layers being closed.
  const forget = options.atExit(() => Effect.runSyncWith(options.root)(end()))
  yield* Effect.addFinalizer(() =>
    // In a fiber of its own: in one that a signal interrupts, nothing that can be interrupted would run at all.
    Effect.forkDetach(Effect.timeoutOption(drain, settings.flushTimeoutMillis)).pipe(
      Effect.flatMap(Fiber.await),
      Effect.andThen(Effect.suspend(() => {
        forget()
        return end()
      }))
    )
  )

  return {
    chunks,
    delivery: { flush, ledger: Effect.sync(ledger.snapshot), setAside: options.store.readSetAside },
    isClosed: () => closed,
    refuse: (carrier) => {
      ledger.enqueued++
      ledger.drop("closed")
      carrier?.attach(undefined, "dropped")
      diagnostics.warnOnce("closed", "A span ended after its layer had closed. Its event is dropped and counted.")
    }
  }
})

const zero = () => 0
