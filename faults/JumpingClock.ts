/**
 * A clock whose time of day can be moved, as when a machine corrects its own. Durations are measured as before.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

export const make = (): { readonly clock: Clock.Clock; readonly jump: (toMillis: number) => void } => {
  const real = Context.get(Context.empty(), Clock.Clock)
  let offset = 0
  const nanos = () => real.currentTimeNanosUnsafe() + BigInt(offset) * 1_000_000n
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => real.currentTimeMillisUnsafe() + offset,
    currentTimeMillis: Effect.sync(() => real.currentTimeMillisUnsafe() + offset),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: real.monotonicTimeNanos,
    sleep: (duration) => real.sleep(duration)
  }
  return {
    clock,
    jump: (toMillis) => {
      offset = toMillis
    }
  }
}
