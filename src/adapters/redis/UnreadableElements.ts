/**
 * Elements of the queue that are no batches: written by another program or another release.
 *
 * **Details**
 *
 * The queue reads the id of an element in a script. An element without an id at the head stops the script, and so every
 * relay. An element with an id that is broken, or nested very deeply, is taken, fails outside the script, and comes back
 * when its claim expires. All are moved to the list of batches that no relay could read, which `--set-aside` prints.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import * as JsonLevels from "../../domain/json/JsonLevels.ts"
import type { Json } from "../../domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../domain/json/JsonSnapshot.ts"
import * as RedisKeys from "./RedisKeys.ts"

/** The most elements that one check sets aside. The next check finds the rest. */
const atMost = 1_000

// The queue searches the end of a record for its time, and the beginning for its id.
const record = `
local function record(element, now)
  return '{"id":"unreadable","element":' .. cjson.encode(element) .. ',"failedAt":' .. now .. '}'
end
`

const setHeadsAside = Redis.script((ready: string, failed: string, now: number) => [ready, failed, now, atMost], {
  lua: `${record}
local function has_id(element)
  if string.sub(element, 1, 7) ~= '{"id":"' then return false end
  local i = 8
  while i <= #element do
    local byte = string.byte(element, i)
    if byte == 34 then return (pcall(cjson.decode, string.sub(element, 7, i))) end
    i = i + (byte == 92 and 2 or 1)
  end
  return false
end
local moved = 0
while moved < tonumber(ARGV[2]) do
  local head = redis.call("LINDEX", KEYS[1], 0)
  if not head or has_id(head) then break end
  redis.call("RPUSH", KEYS[2], record(head, ARGV[1]))
  redis.call("LPOP", KEYS[1])
  moved = moved + 1
end
return moved
`,
  numberOfKeys: 2
}).withReturnType<number>()

// Ids of elements that were taken more than once, and the elements.
const suspicious = Redis.script((pending: string, attempts: string) => [pending, attempts], {
  lua: `
local found = {}
for _, id in ipairs(redis.call("HKEYS", KEYS[1])) do
  if #found >= 20 then break end
  if tonumber(redis.call("HGET", KEYS[2], id) or "0") > 1 then
    table.insert(found, id)
    table.insert(found, redis.call("HGET", KEYS[1], id))
  end
end
return found
`,
  numberOfKeys: 2
}).withReturnType<ReadonlyArray<string>>()

const setClaimAside = Redis.script(
  (
    pending: string,
    attempts: string,
    owners: string,
    failed: string,
    id: string,
    now: number
  ) => [pending, attempts, owners, failed, id, now],
  {
    lua: `${record}
local element = redis.call("HGET", KEYS[1], ARGV[1])
if not element then return 0 end
redis.call("RPUSH", KEYS[4], record(element, ARGV[2]))
for i = 1, 3 do redis.call("HDEL", KEYS[i], ARGV[1]) end
return 1
`,
    numberOfKeys: 4
  }
).withReturnType<number>()

/** Sets aside the elements that block the queue, and returns their number. */
export const setAside = (
  redis: typeof Redis.Redis.Service,
  name: string
): Effect.Effect<number, Redis.RedisError> =>
  Effect.gen(function*() {
    const keys = RedisKeys.of(name)
    const now = yield* Clock.currentTimeMillis
    let moved = yield* redis.eval(setHeadsAside)(keys.ready, keys.failed, now)
    const claims = yield* redis.eval(suspicious)(keys.pending, keys.attempts)
    for (let i = 0; i + 1 < claims.length; i += 2) {
      if (isElement(claims[i + 1]!)) continue
      moved += yield* redis.eval(setClaimAside)(
        keys.pending,
        keys.attempts,
        keys.owners,
        keys.failed,
        claims[i]!,
        now
      )
    }
    return moved
  })

// A batch has three levels. To decode very many ends a relay's worker, and the element comes back.
const mostLevels = 64

const isElement = (text: string): boolean => {
  try {
    const value: Json = JSON.parse(text)
    return JsonSnapshot.isObject(value) && "element" in value && JsonLevels.isWithin(value, mostLevels)
  } catch {
    return false
  }
}
