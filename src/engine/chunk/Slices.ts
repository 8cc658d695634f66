/**
 * Work on everything that waits, in slices, because one step over thousands of traces would hold up the event loop.
 */
import * as Effect from "effect/Effect"

/** Does the next slice. Returns whether some of the work is left. */
export type Slices = () => boolean

/** The events or spans after which a slice ends: about 2 ms. */
export const most = 100

/** Begins the work and does all of it. Other fibers and the event loop run between the slices. */
export const run = (begin: () => Slices): Effect.Effect<void> =>
  Effect.suspend(() => {
    const slices = begin()
    const next: Effect.Effect<void> = Effect.suspend(() =>
      slices() ? Effect.andThen(Effect.yieldNow, next) : Effect.void
    )
    return next
  })
