/**
 * A clock whose sleeps do not keep the process alive: for engines in programs that end by having nothing left to do.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as LongestWait from "../../domain/delivery/LongestWait.ts"

/** The clock with such sleeps. */
export const make = (clock: Clock.Clock): Clock.Clock =>
  Object.create(clock, {
    sleep: {
      value: (duration: Duration.Duration): Effect.Effect<void> => {
        const millis = Duration.toMillis(duration)
        if (!(millis > 0)) return Effect.yieldNow
        return Effect.callback<void>((resume) => {
          const timer: unknown = setTimeout(() => resume(Effect.void), LongestWait.bounded(millis))
          // A runtime other than Node has numbers as timers.
          if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as NodeJS.Timeout).unref()
          return Effect.sync(() => clearTimeout(timer as NodeJS.Timeout))
        })
      }
    }
  }) as Clock.Clock

/** Keeps the process alive until a promise is settled. */
export const hold = <A>(promise: Promise<A>): Promise<A> => {
  const timer = setInterval(() => {}, LongestWait.bounded(Infinity))
  return promise.finally(() => clearInterval(timer))
}
