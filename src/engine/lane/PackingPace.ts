/**
 * How long a lane packs in one turn of the event loop, because packing is the longest work of a program that sends much.
 *
 * **Details**
 *
 * A lane packs for a few milliseconds a turn, which is enough while the loop turns freely. A program that ends spans
 * without a rest holds the loop much longer, and would fill its memory faster than that empties it. So the fuller memory
 * is, the larger is the share of such a turn that the lane packs, in slices.
 */
import * as Effect from "effect/Effect"

/** The pace of one lane. */
export interface PackingPace {
  /** Whether the time of this turn is used up. */
  readonly isSpent: () => boolean
  /** Begins a slice. The returned function tells whether its time is over. */
  readonly slice: () => () => boolean
  /** Ends a slice. The next turn begins after other fibers and the event loop. */
  readonly pause: Effect.Effect<void>
}

/** The most milliseconds of a slice. */
export const sliceMillis = 4

/** The milliseconds that a lane packs in one turn, at least and at most. */
export const turnMillis = { least: 2, most: 30 } as const

/** A slice without an end, for what is packed in one step. */
export const unlimited = (): boolean => false

// From a sixteenth of memory on a lane packs as long as others hold the loop, and from an eighth on twice as long.
const shareOf = (othersMillis: number, filled: number): number =>
  Math.max(turnMillis.least, Math.min(othersMillis, turnMillis.most / 2) * Math.min(2, 16 * filled))

/**
 * Makes the pace of a lane. `elapsed` gives milliseconds on a monotonic clock, and `filled` the share of memory that events
 * use.
 */
export const make = ({ elapsed, filled = () => 0 }: {
  readonly elapsed: () => number
  readonly filled?: (() => number) | undefined
}): PackingPace => {
  let share: number = turnMillis.least
  // The beginning of the turn, undefined until the lane packs in it; the beginning of the slice; and the time of all slices.
  let turn: number | undefined
  let begun = 0
  let spent = 0

  const nextTurn = Effect.asVoid(Effect.forkDetach(Effect.andThen(
    Effect.yieldNow,
    Effect.sync(() => {
      share = shareOf(elapsed() - turn! - spent, filled())
      turn = undefined
      spent = 0
    })
  )))

  return {
    isSpent: () => spent >= share,
    slice: () => {
      begun = elapsed()
      const end = begun + Math.min(sliceMillis, share - spent)
      return () => elapsed() >= end
    },
    pause: Effect.suspend(() => {
      spent += elapsed() - begun
      if (turn !== undefined) return Effect.void
      turn = begun
      return nextTurn
    })
  }
}
