/**
 * The loop that sends: payloads of one lane, bounded in flight, paced by back-off.
 *
 * **Details**
 *
 * A lane holds what waits and decides what an outcome means; the shipper decides when to send. Nothing runs and no timer
 * is armed while nothing waits, so an idle program can end. The first signal that something waits arms the interval; an
 * urgent one skips it. A flush cuts a back-off short, once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Outcome } from "../../ports/Transport.ts"
import type { LaneSignal } from "./Signals.ts"

/**
 * What a lane says after an outcome: the payload is settled, or the lane keeps it for later and the destination rests
 * for `delayMillis` first.
 */
export type NextStep =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Later"; readonly delayMillis: number }

/** A queue with a destination. */
export interface Lane<P> {
  /**
   * The next payload, taken out of the queue; `undefined` when nothing waits or nothing may be sent now. `now` is by the
   * clock by which events grow old.
   */
  readonly next: (now: number) => P | undefined
  readonly send: (payload: P) => Effect.Effect<Outcome>
  /** Acts on the outcome, synchronously. `now` is Unix time, by which a receiver may set a date. `last` says that the program ends, and that nothing is sent a second time. */
  readonly onOutcome: (payload: P, outcome: Outcome, now: number, last: boolean) => NextStep
  /** Whether anything is left, in flight excluded. */
  readonly isEmpty: () => boolean
}

export interface Shipper {
  /** Runs until interrupted. */
  readonly run: Effect.Effect<never>
  /** Sends what waits, joining what is in flight; ends when nothing is left. The caller sets a deadline. */
  readonly flush: Effect.Effect<void>
  /** As `flush`, with one attempt for each payload, and without waiting for a destination: for the end of the program. */
  readonly drain: Effect.Effect<void>
}

export const make = <P>(lane: Lane<P>, options: {
  /** Says when something waits. */
  readonly signal: LaneSignal
  readonly intervalMillis: number
  /** The clock by which events grow old. */
  readonly now: () => number
  readonly maxInFlight: number
  /** Called when a round of sending ends. */
  readonly onRound?: (() => void) | undefined
}): Shipper => {
  const { idle, urge, urgent, work } = options.signal
  const cut = Latch.makeUnsafe(false)
  // On the clock that only goes forward: the time of day may be set back by an hour while something rests.
  let notBefore = 0
  let inFlight = 0
  let resting = 0
  let closing = false

  const rest = (elapsed: number) =>
    Effect.suspend(() => {
      resting++
      return Effect.ensuring(
        Effect.raceFirst(
          Effect.sleep(notBefore - elapsed),
          cut.await
        ),
        Effect.sync(() => {
          if (--resting === 0) cut.closeUnsafe()
        })
      )
    })

  const attempt = (payload: P): Effect.Effect<void> =>
    Effect.flatMap(
      lane.send(payload),
      (outcome) =>
        Effect.zipWith(Clock.currentTimeMillis, elapsedMillis, (now, elapsed) => {
          const step = lane.onOutcome(payload, outcome, now, closing)
          // Another payload may have been told to wait longer.
          if (step._tag === "Later") notBefore = Math.max(notBefore, elapsed + step.delayMillis)
        })
    )

  // To pack a payload is the longest single step there is: there is one at a time, and others come in between.
  let packed = false
  const othersFirst = Effect.forkDetach(Effect.andThen(
    Effect.yieldNow,
    Effect.sync(() => {
      packed = false
    })
  ))

  // One of up to `maxInFlight` workers of a pump. It ends when there is nothing left to send.
  const worker: Effect.Effect<void> = Effect.suspend(() =>
    packed ? Effect.andThen(Effect.yieldNow, worker) : Effect.flatMap(
      elapsedMillis,
      (elapsed) => {
        if (elapsed < notBefore && !closing) {
          if (lane.isEmpty()) return Effect.void
          return Effect.flatMap(rest(elapsed), () => worker)
        }
        const payload = lane.next(options.now())
        if (payload === undefined) return Effect.void
        inFlight++
        packed = true
        const sent = Effect.ensuring(
          attempt(payload),
          Effect.sync(() => {
            inFlight--
          })
        )
        return Effect.andThen(othersFirst, Effect.andThen(sent, worker))
      }
    )
  )

  const pump = Effect.all(Array.from({ length: options.maxInFlight }, () => worker), {
    concurrency: "unbounded",
    discard: true
  })

  const turn = Effect.flatMap(
    work.await,
    () =>
      Effect.flatMap(Effect.raceFirst(Effect.sleep(options.intervalMillis), urgent.await), () =>
        Effect.suspend(() => {
          work.closeUnsafe()
          urgent.closeUnsafe()
          // `urge` may run at the end of a span: yield before packing.
          return Effect.tap(Effect.andThen(Effect.yieldNow, pump), () =>
            Effect.sync(() => {
              options.onRound?.()
              if (inFlight === 0 && !work.isOpen() && (closing || lane.isEmpty())) idle.openUnsafe()
            }))
        }))
  )

  const flush = Effect.suspend(() => {
    notBefore = 0
    if (resting > 0) cut.openUnsafe()
    urge()
    return idle.await
  })
  return {
    run: Effect.forever(turn, { disableYield: true }),
    flush,
    drain: Effect.suspend(() => {
      closing = true
      return flush
    })
  }
}

const elapsedMillis = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1_000_000)
