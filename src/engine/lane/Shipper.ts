/**
 * The sending loop: payloads of one lane, bounded in flight, paced by back-off.
 *
 * **Details**
 *
 * A lane holds the waiting events and decides the meaning of an outcome; the shipper decides when to send. While
 * nothing waits, no fiber runs and no timer is armed, so an idle program can end. The first signal arms the interval;
 * an urgent one skips it. A flush cuts a back-off short, once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Outcome } from "../../ports/Transport.ts"
import * as PackingPace from "./PackingPace.ts"
import type { LaneSignal } from "./Signals.ts"

/**
 * The answer of a lane to an outcome: the payload is settled, or the lane keeps it for later and the destination first
 * rests for `delayMillis`.
 */
export type NextStep =
  | { readonly _tag: "Done" }
  | { readonly _tag: "Later"; readonly delayMillis: number }

/** A queue with a destination. */
export interface Lane<P> {
  /**
   * Takes the next payload from the queue. `undefined` if nothing waits or nothing may be sent now. `now` is on the
   * clock for the age of events.
   */
  readonly next: (now: number) => P | undefined
  /**
   * Packs a part of the payload that `next` returns then, until the slice `isOver`. Returns whether more of it is left to
   * pack; `next` packs the rest in one step. Without this member `next` packs all of it.
   */
  readonly pack?: ((now: number, isOver: () => boolean) => boolean) | undefined
  readonly send: (payload: P) => Effect.Effect<Outcome>
  /**
   * Acts on the outcome, synchronously. `now` is Unix time, because a receiver may name a date. `last` means that the
   * program ends and nothing is sent a second time.
   */
  readonly onOutcome: (payload: P, outcome: Outcome, now: number, last: boolean) => NextStep
  /** Whether no payload is left, apart from those in flight. */
  readonly isEmpty: () => boolean
  /** Whether a full payload waits, or one that is sent again. Without this member any payload counts as full. */
  readonly isReady?: (() => boolean) | undefined
}

export interface Shipper {
  /** Runs until interrupted. */
  readonly run: Effect.Effect<never>
  /**
   * Sends everything that waits, joins what is in flight, and ends when nothing is left. The caller sets a deadline.
   */
  readonly flush: Effect.Effect<void>
  /**
   * Like `flush`, with one attempt for each payload, and without waiting for a destination: for the end of the program.
   */
  readonly drain: Effect.Effect<void>
}

const defect: Outcome = { _tag: "Failure", bytesWritten: true, reason: "DEFECT" }

// The rests of workers while a destination is left alone.
const resting = () => {
  const cut = Latch.makeUnsafe(false)
  let resting = 0
  return {
    rest: (millis: number): Effect.Effect<void> =>
      Effect.suspend(() => {
        resting++
        return Effect.ensuring(
          Effect.raceFirst(Effect.sleep(millis), cut.await),
          Effect.sync(() => {
            if (--resting === 0) cut.closeUnsafe()
          })
        )
      }),
    /** Ends every rest. */
    cut: (): void => {
      if (resting > 0) cut.openUnsafe()
    }
  }
}

export const make = <P>(lane: Lane<P>, options: {
  /** The signal of waiting events. */
  readonly signal: LaneSignal
  readonly intervalMillis: number
  /** The clock for the age of events. */
  readonly now: () => number
  /** Milliseconds on a monotonic clock. */
  readonly elapsed: () => number
  /** The share of memory that events use. Default: 0. */
  readonly filled?: (() => number) | undefined
  readonly maxInFlight: number
  /** Called when the last worker ends. */
  readonly onRound?: (() => void) | undefined
}): Shipper => {
  const { idle, urge, urgent, work } = options.signal
  const { elapsed } = options
  const rests = resting()
  const pace = PackingPace.make(options)
  // On the monotonic clock, because the wall clock may be set back during a rest.
  let notBefore = 0
  let running = 0
  let closing = false
  let flushing = false
  // Whether this round has a payload, and whether it left events for the next interval.
  const round = { taken: false, left: false }

  const attempt = (payload: P): Effect.Effect<void> =>
    Effect.flatMap(
      // There may be no memory for a body. The payload is then sent again like any other.
      Effect.catchDefect(Effect.suspend(() => lane.send(payload)), () => Effect.succeed(defect)),
      (outcome) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          const step = lane.onOutcome(payload, outcome, now, closing)
          // Another payload may have been given a longer delay.
          if (step._tag === "Later") notBefore = Math.max(notBefore, elapsed() + step.delayMillis)
        })
    )

  // One of up to `maxInFlight` workers. It ends when there is nothing left to send.
  const worker: Effect.Effect<void> = Effect.suspend(() => {
    if (pace.isSpent()) return Effect.andThen(Effect.yieldNow, worker)
    const restMillis = notBefore - elapsed()
    if (restMillis > 0 && !closing) {
      return lane.isEmpty() ? Effect.void : Effect.flatMap(rests.rest(restMillis), () => worker)
    }
    // A request for each few events that came meanwhile would cost more than the events.
    if (round.taken && !flushing && !closing && lane.isReady?.() === false) {
      round.left = !lane.isEmpty()
      return Effect.void
    }
    const now = options.now()
    const isOver = pace.slice()
    if (lane.pack?.(now, isOver) === true) return Effect.andThen(pace.pause, worker)
    const payload = lane.next(now)
    if (payload === undefined) return pace.pause
    round.taken = true
    return Effect.andThen(pace.pause, Effect.andThen(attempt(payload), worker))
  })

  const ended = Effect.sync(() => {
    running--
    if (round.left) {
      round.left = false
      work.openUnsafe()
    }
    if (running > 0) return
    options.onRound?.()
    if (!work.isOpen() && (closing || lane.isEmpty())) {
      flushing = false
      idle.openUnsafe()
    }
  })

  const start = Effect.forkChild(Effect.ensuring(worker, ended), { startImmediately: true })

  const turn = Effect.flatMap(
    work.await,
    () =>
      Effect.flatMap(Effect.raceFirst(Effect.sleep(options.intervalMillis), urgent.await), () =>
        Effect.suspend(() => {
          work.closeUnsafe()
          urgent.closeUnsafe()
          round.taken = round.left = false
          // Workers of an earlier round go on: a slow request holds up no other.
          const missing = Array.from({ length: options.maxInFlight - running }, () => start)
          running = options.maxInFlight
          // `urge` may run at the end of a span: yield before packing. Events that urge until then are sent by these
          // workers, and a round of their own would send the few events behind them.
          return Effect.andThen(
            Effect.yieldNow,
            Effect.suspend(() => {
              if (!flushing && !closing) urgent.closeUnsafe()
              return Effect.all(missing, { discard: true })
            })
          )
        }))
  )

  const flush = Effect.suspend(() => {
    notBefore = 0
    flushing = true
    rests.cut()
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
