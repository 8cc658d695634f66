/**
 * The undeliverable events of a queue, kept in Redis for inspection: the newest, within bounds.
 */
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import * as Semaphore from "effect/Semaphore"
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { Connection } from "./RedisClient.ts"
import { quietly } from "./RedisClient.ts"
import * as RedisKeys from "./RedisKeys.ts"

export interface RedisSetAside {
  readonly add: (entry: SetAside) => void
  /** Ends when every added entry is in Redis, or could not be written for a while; it is then tried again. */
  readonly written: Effect.Effect<void>
}

/**
 * The bounds of the list: entries, bytes of all entries together, and its lifetime after the last entry, in
 * milliseconds.
 */
export const limits = { entries: 1_000, bytes: 16 * 1024 * 1024, keptMillis: 30 * 24 * 60 * 60 * 1000 } as const

// If the list is deleted by hand, its byte count remains, so the first entry resets the count.
const push = Redis.script(
  (list: string, bytes: string, entry: string) => [list, bytes, entry, limits.entries, limits.bytes, limits.keptMillis],
  {
    lua: `
local entries = redis.call("RPUSH", KEYS[1], ARGV[1])
if entries == 1 then redis.call("DEL", KEYS[2]) end
local bytes = redis.call("INCRBY", KEYS[2], #ARGV[1])
while entries > tonumber(ARGV[2]) or (bytes > tonumber(ARGV[3]) and entries > 1) do
  bytes = redis.call("DECRBY", KEYS[2], #redis.call("LPOP", KEYS[1]))
  entries = entries - 1
end
redis.call("PEXPIRE", KEYS[1], ARGV[4])
redis.call("PEXPIRE", KEYS[2], ARGV[4])
`,
    numberOfKeys: 2
  }
)

/**
 * Keeps entries for a relay. An entry that Redis has not taken waits here, within the same bounds; an attempt to write
 * takes at most `timeoutMillis`.
 */
export const make = (options: {
  readonly connection: Connection
  readonly name: string
  readonly timeoutMillis: number
}): RedisSetAside => {
  const keys = RedisKeys.of(options.name)
  const one = Semaphore.makeUnsafe(1)
  const waiting: Array<string> = []
  let characters = 0
  const forget = () => {
    characters -= waiting.shift()!.length
  }
  const writing: Effect.Effect<void, Redis.RedisError> = Effect.suspend(() => {
    const next = waiting[0]
    if (next === undefined) return Effect.void
    return Effect.flatMap(options.connection, (redis) => redis.eval(push)(keys.setAside, keys.setAsideBytes, next))
      .pipe(
        Effect.andThen(Effect.suspend(() => {
          // The entry may have been removed meanwhile to make room.
          if (waiting[0] === next) forget()
          return writing
        }))
      )
  })
  return {
    add: (entry) => {
      const text = JSON.stringify(entry)
      const kept = text.length > limits.bytes ? JSON.stringify({ ...entry, event: undefined }) : text
      waiting.push(kept)
      characters += kept.length
      while (waiting.length > limits.entries || characters > limits.bytes) forget()
    },
    written: Effect.suspend(() =>
      waiting.length === 0
        ? Effect.void
        : one.withPermit(writing).pipe(Effect.timeoutOption(options.timeoutMillis), quietly, Effect.ignore)
    )
  }
}

const pageEntries = 16

/**
 * Reads the entries that relays set aside, oldest first: batches that no relay could read, and events that the intake
 * refused. Of the batches it reads the newest, up to `limits`.
 */
export const read = (
  redis: typeof Redis.Redis.Service,
  name: string
): Effect.Effect<ReadonlyArray<SetAside>, Redis.RedisError> =>
  Effect.gen(function*() {
    const { failed, setAside } = RedisKeys.of(name)
    const unreadable: Array<SetAside> = []
    let characters = 0
    // Read from the end, one at a time, because each can be as large as a batch and their number is unbounded.
    while (unreadable.length < limits.entries && characters < limits.bytes) {
      const place = String(-1 - unreadable.length)
      const [found] = yield* redis.send<ReadonlyArray<string>>("LRANGE", failed, place, place)
      if (found === undefined) break
      characters += found.length
      unreadable.push({ reason: "unreadable", status: undefined, at: failedAt(found), event: found })
    }
    const refused: Array<SetAside> = []
    for (;;) {
      const page = yield* redis.send<ReadonlyArray<string>>(
        "LRANGE",
        setAside,
        String(refused.length),
        String(refused.length + pageEntries - 1)
      )
      refused.push(...page.map(parse))
      if (page.length < pageEntries || refused.length >= limits.entries) break
    }
    return [...unreadable.reverse(), ...refused]
  })

const fields = (text: string): { readonly [key: string]: unknown } => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const failedAt = (text: string): number => {
  const at = fields(text)["failedAt"]
  return typeof at === "number" ? at : 0
}

// Another release, or another program, can have written it.
const parse = (text: string): SetAside => {
  const { at, event, reason, status } = fields(text)
  return {
    reason: reason === "refused" || reason === "oversized" ? reason : "unreadable",
    status: typeof status === "number" ? status : undefined,
    at: typeof at === "number" ? at : 0,
    event: typeof event === "string" ? event : undefined
  }
}
