/** Waits that end when a test says so: how long an answer takes on a busy machine is of no account. */
import { assert } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as LLMObs from "../../src/layers/LLMObs.ts"

/** The option under which a flush waits until it is told to give up. Nothing else waits as long. */
export const flushTimeout = "47 minutes"

/** Half of it is for the search of an Agent. */
export const searchTimeout = "23.5 minutes"

/** A clock on which a wait of this length lasts until `giveUp` is called, and no longer after that; others are real. */
export const make = (duration: typeof flushTimeout | typeof searchTimeout = flushTimeout) => {
  const waiting = new Set<() => void>()
  let over = false
  const layer = Layer.effect(
    Clock.Clock,
    Effect.map(Clock.Clock, (real): Clock.Clock => ({
      currentTimeMillisUnsafe: () => real.currentTimeMillisUnsafe(),
      currentTimeMillis: real.currentTimeMillis,
      currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe(),
      currentTimeNanos: real.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: real.monotonicTimeNanos,
      sleep: (asked) =>
        Duration.toMillis(asked) !== Duration.toMillis(duration)
          ? real.sleep(asked)
          : over
          ? Effect.void
          : Effect.callback<void>((resume) => {
            const done = () => resume(Effect.void)
            waiting.add(done)
            return Effect.sync(() => waiting.delete(done))
          })
    }))
  )
  const end = () => {
    for (const done of waiting) done()
  }
  const giveUp = () => {
    over = true
    end()
  }
  /** A flush that gives up some turns of the event loop after it is so. */
  const vain = (isSo: () => boolean) =>
    Effect.gen(function*() {
      const flush = yield* Effect.forkChild(LLMObs.flush)
      yield* Effect.repeat(Effect.sleep(5), { until: isSo, times: 5_000 })
      assert.isTrue(isSo())
      yield* Effect.repeat(Effect.sleep(5), { times: 10 })
      end()
      return yield* Fiber.join(flush)
    })
  return { layer, vain, giveUp }
}
