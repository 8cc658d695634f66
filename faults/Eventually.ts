/**
 * Waits for what comes by itself. Looks are counted and not the time: a machine that pauses, or is busy with something
 * else, costs a look.
 */
import * as Effect from "effect/Effect"

const betweenMillis = 5

/** Looks every five milliseconds until it is so, and gives up after at least so many milliseconds. */
export const eventually = <E, R>(look: Effect.Effect<boolean, E, R>, millis: number): Effect.Effect<boolean, E, R> =>
  Effect.gen(function*() {
    for (let left = millis / betweenMillis; left > 0; left--) {
      if (yield* look) return true
      yield* Effect.sleep(betweenMillis)
    }
    return yield* look
  })

/** The same for something that is known at once, for ten seconds at least. */
export const until = (happened: () => boolean): Effect.Effect<boolean> => eventually(Effect.sync(happened), 10_000)
