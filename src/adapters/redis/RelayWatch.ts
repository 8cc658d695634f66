/**
 * Watches the progress of a relay, and logs if there is none.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Redis from "effect/persistence/Redis"
import * as LongestWait from "../../domain/delivery/LongestWait.ts"
import type { Connection } from "./RedisClient.ts"
import * as RedisKeys from "./RedisKeys.ts"
import * as UnreadableElements from "./UnreadableElements.ts"

/** The number of checks in a row that must fail before a line is logged, and the pause before the next line. */
const patience = 3
const pauseMillis = 60_000

/**
 * Checks as long as it runs. If a relay takes no batch although a worker is free and batches wait, an invalid element
 * or Redis blocks it.
 */
export const make = (options: {
  readonly connection: Connection
  readonly name: string
  readonly pollMillis: number
  /** The number of batches taken so far. */
  readonly progress: () => number
  readonly isIdle: () => boolean
  readonly say: (line: string) => void
}): Effect.Effect<never> => {
  const { isIdle, name, progress, say } = options
  const pause = LongestWait.bounded(Math.max(100, 2 * options.pollMillis))
  let before = progress()
  let inTrouble = 0
  let since = 0
  let saidAt = -Infinity

  const good = (): void => {
    if (saidAt > -Infinity) say("The relay takes batches from the queue again.")
    inTrouble = 0
    saidAt = -Infinity
  }
  const bad = (now: number, reason: string): void => {
    if (inTrouble++ === 0) since = now
    if (inTrouble < patience || now - saidAt < pauseMillis) return
    saidAt = now
    say(`The relay has taken nothing from the queue for ${Math.round((now - since) / 1_000)} s: ${reason}.`)
  }

  const look = (redis: typeof Redis.Redis.Service) =>
    Effect.gen(function*() {
      const taken = progress()
      const stood = taken === before && isIdle()
      before = taken
      // Without this check a relay would wait silently if Redis refuses commands.
      const { claimed, waiting } = yield* RedisKeys.status(redis, name, 0)
      if (!stood || waiting + claimed === 0) return good()
      const moved = yield* UnreadableElements.setAside(redis, name)
      if (moved > 0) {
        say(
          `Set aside ${moved} elements of the queue that are no batches. effect-llmobs relay --set-aside prints them.`
        )
      } else if (waiting > 0) bad(yield* Clock.currentTimeMillis, `${waiting} batches wait, and none can be taken`)
      else good()
    })

  return Effect.forever(
    Effect.andThen(
      Effect.sleep(pause),
      Effect.flatMap(options.connection, look).pipe(
        Effect.catchCause((cause) =>
          Effect.map(Clock.currentTimeMillis, (now) => bad(now, `Redis answers with ${codeOf(cause)}`))
        )
      )
    )
  )
}

// A Redis error begins with its code, such as WRONGTYPE or NOAUTH; the rest may hold data.
const codeOf = (cause: Cause.Cause<unknown>): string =>
  /\b[A-Z]{4,20}\b/.exec(Cause.pretty(cause).slice(0, 4_000))?.[0] ?? "an error"
