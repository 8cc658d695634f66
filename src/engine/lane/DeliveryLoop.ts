/**
 * The background of a layer: it searches for the Agent, sends waiting events, and drains when the layer closes.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as DeliveryNotice from "../../domain/delivery/DeliveryNotice.ts"
import * as Ledgers from "../../domain/delivery/Ledger.ts"
import type { Carrier } from "../../ports/Carrier.ts"
import type { DeliveryService } from "../../ports/Delivery.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { OutboxesService } from "../../ports/Outbox.ts"
import type { DeliveryLog } from "../books/DeliveryLog.ts"
import type { LedgerBook } from "../books/Ledger.ts"
import type { ChunkHold } from "../chunk/ChunkHold.ts"
import * as Slices from "../chunk/Slices.ts"
import type { AccountLanes } from "./AccountLanes.ts"
import type { AgentSearch } from "./AgentSearch.ts"
import type { Shipper } from "./Shipper.ts"
import type { Signals } from "./Signals.ts"

/** The road of traces, as the loop drives it. */
export interface TraceRoad {
  readonly shipper: Shipper
  /**
   * Decides chunks that have waited too long. Returns the time of the next sweep that could find one, if any: the time
   * given if some are left.
   */
  readonly sweep: (elapsed: number) => number | undefined
  /** Begins to decide the chunks that wait now. */
  readonly collect: () => Slices.Slices
  /** The chunks that wait until the Agent is known. */
  readonly hold: Pick<ChunkHold, "release" | "isEmpty" | "records">
  /** The number of events that wait for their chunk, for a retention decision, or for room. */
  readonly waiting: () => number
  /** The number of events that ride payloads in flight. */
  readonly riders: () => number
  /** Offers the events of unsent traces to the outbox. */
  readonly handOver: () => void
}

export interface DeliveryLoop {
  readonly flush: DeliveryService["flush"]
  /** Counts an event of a span that ended after the layer closed. */
  readonly refuse: (carrier: Carrier | undefined) => void
}

/** The parts that the loop runs, and its times. */
export interface Options {
  readonly flushTimeoutMillis: number
  readonly ledger: LedgerBook
  readonly signals: Pick<Signals, "sweep" | "close" | "isClosed">
  readonly outboxes: Pick<OutboxesService, "size" | "kept" | "close">
  readonly lanes: Pick<AccountLanes<unknown>, "start" | "flush" | "drain">
  /** `undefined` if events come without traces, as in a relay. */
  readonly traces: TraceRoad | undefined
  /** `undefined` if no Agent is needed. */
  readonly search: AgentSearch | undefined
  /** Ends every wait for room. */
  readonly stopWaiting: () => void
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number
  readonly diagnostics: DiagnosticsService
  /** Logs that events cannot be delivered. `reasons` are the causes of a loss. */
  readonly log: Pick<DeliveryLog, "run" | "reasons">
  /** Calls a function when the process ends. The returned function cancels that. */
  readonly atExit: (f: () => void) => () => void
  /** The context of background fibers. */
  readonly root: Context.Context<never>
}

/** Starts the loops in the scope, and registers the drain. */
export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<DeliveryLoop, never, Scope.Scope> {
  const { diagnostics, ledger, outboxes, root, traces } = options
  ledger.attach({ chunk: traces?.waiting ?? zero, payload: traces?.riders ?? zero, outbox: outboxes.size })

  const inBackground = (effect: Effect.Effect<unknown>) =>
    Effect.forkScoped(Effect.withFiber((fiber) => {
      fiber.setContext(root)
      return effect
    }))
  yield* inBackground(options.log.run)
  if (options.search !== undefined) yield* inBackground(options.search.run)
  if (traces !== undefined) {
    yield* inBackground(sweeping(traces, options))
    yield* inBackground(traces.shipper.run)
  }
  // Shippers of accounts that are added later end with this scope too, and so after the drain below.
  const shippers = yield* Scope.fork(yield* Effect.scope)
  const run = Effect.runForkWith(root)
  options.lanes.start((shipper) => {
    run(Effect.forkIn(shipper, shippers))
  })

  const end = ending(options)
  // A process can end without closing its layers.
  const forget = options.atExit(() => Effect.runSyncWith(root)(end))
  yield* Effect.addFinalizer(() =>
    // This fiber is separate, because a fiber that a signal interrupts could not run interruptible effects.
    Effect.forkDetach(Effect.timeoutOption(draining(options), options.flushTimeoutMillis)).pipe(
      Effect.flatMap(Fiber.await),
      Effect.andThen(Effect.suspend(() => {
        forget()
        return end
      }))
    )
  )

  return {
    // This fiber is separate, so that the deadline also holds for a caller in a finalizer, which cannot be
    // interrupted.
    flush: Effect.flatMap(Effect.forkDetach(flushing(options)), Fiber.join),
    refuse: (carrier) => {
      ledger.enqueued++
      ledger.drop("closed")
      carrier?.attach(undefined, "dropped")
      diagnostics.warnOnce("closed", "A span ended after its layer had closed. Its event is dropped and counted.")
    }
  }
})

const zero = () => 0

// Events that wait for different times are swept together, so one that is due earlier can come during a sleep.
const longestSweepMillis = 10_000

const sweeping = (traces: TraceRoad, { elapsed, signals: { sweep } }: Options): Effect.Effect<never> =>
  Effect.forever(Effect.flatMap(sweep.await, () =>
    Effect.suspend(() => {
      const now = elapsed()
      const next = traces.sweep(now)
      if (next !== undefined) {
        return next <= now ? Effect.yieldNow : Effect.sleep(Math.min(next - elapsed(), longestSweepMillis))
      }
      sweep.closeUnsafe()
      return Effect.void
    })))

// Both run at once, so that a stalled one does not use up the other's time; events of refused traces go to the
// intake.
const sideBySide = (traces: Effect.Effect<void>, intake: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.andThen(Effect.all([traces, intake], { concurrency: 2, discard: true }), intake)

// Chunks are decided first, because one that has to wait for the Agent is a reason to look for it.
const collected = ({ traces }: Options, then: Effect.Effect<void>): Effect.Effect<void> =>
  traces === undefined ? then : Effect.andThen(Slices.run(traces.collect), then)

const sendingAll = (options: Options): Effect.Effect<void> =>
  collected(
    options,
    Effect.suspend(() => {
      const { lanes, search, traces } = options
      const sent = traces === undefined ? lanes.flush : sideBySide(traces.shipper.flush, lanes.flush)
      if (search === undefined) return sent
      search.endRest()
      if (isWorthALook(options, search)) {
        return Effect.flatMap(search.lookOnce, (found) =>
          // Chunks without events justify one search for the Agent, and no waiting.
          found || traces === undefined || traces.hold.records() === 0 ? sent : Effect.andThen(search.known, sent))
      }
      return sent
    })
  )

// The search may be resting: look at once, so that an Agent that is back is found.
const isWorthALook = ({ traces }: Options, search: AgentSearch): boolean =>
  search.isSearching() && (search.pending() > 0 || traces?.hold.isEmpty() === false)

const flushing = (options: Options): DeliveryService["flush"] =>
  Effect.suspend(() => {
    const before = options.ledger.snapshot()
    return Effect.map(
      // After the close nothing is sent any more, so there is nothing to wait for.
      options.signals.isClosed()
        ? Effect.succeedNone
        : Effect.timeoutOption(sendingAll(options), options.flushTimeoutMillis),
      (done) => {
        const after = options.ledger.snapshot()
        return {
          delivered: Ledgers.delivered(after) - Ledgers.delivered(before),
          transferred: after.transferred - before.transferred,
          dropped: Ledgers.dropped(after) - Ledgers.dropped(before),
          pending: Ledgers.pending(after),
          timedOut: done._tag === "None" && !options.signals.isClosed()
        }
      }
    )
  })

const draining = (options: Options): Effect.Effect<void> =>
  collected(
    options,
    Effect.suspend(() => {
      const { lanes, search, traces } = options
      const sent = traces === undefined ? lanes.drain : Effect.andThen(
        Slices.run(traces.hold.release),
        sideBySide(Effect.tap(traces.shipper.drain, () => Effect.sync(() => traces.handOver())), lanes.drain)
      )
      search?.endRest()
      if (search === undefined || !isWorthALook(options, search)) {
        return sent
      }
      // An Agent that does not answer must leave time for the other way.
      return Effect.flatMap(Effect.timeoutOption(search.lookOnce, options.flushTimeoutMillis / 2), () => {
        search.giveUp()
        return sent
      })
    })
  )

// Counts the events that memory still holds as lost, and logs their number.
const ending = ({ ledger, log, outboxes, signals, stopWaiting }: Options): Effect.Effect<void> =>
  Effect.suspend(() => {
    signals.close()
    stopWaiting()
    outboxes.close?.()
    // Events loaded from the file on its way to its end count too.
    const left = Ledgers.pending(ledger.snapshot())
    const kept = outboxes.kept ?? zero
    const lost = left - kept()
    ledger.attach({ chunk: zero, payload: zero, outbox: kept })
    ledger.drop("shutdown", lost)
    if (lost > 0) {
      const why = log.reasons().map((reason) => ` ${reason}`).join("")
      const events = `${DeliveryNotice.counted(lost)} could not be sent before the end and ${
        lost === 1 ? "is" : "are"
      } lost.`
      return Effect.logWarning(`effect-llmobs: ${events}${why}`)
    }
    if (left === 0) return Effect.void
    return Effect.logInfo(`effect-llmobs: ${left} events stay in the durable outbox for the next process.`)
  })
