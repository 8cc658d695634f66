/**
 * The connection to Redis, opened in the background and reopened when it is lost.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import type { RedisAddress } from "./RedisUrl.ts"

/**
 * Waits until Redis is first reached. Later, a command on a lost connection fails at once instead of waiting.
 */
export type Connection = Effect.Effect<typeof Redis.Redis.Service>

const longestRestMillis = 2_000

/** Silences Effect's queue and client, which log a line for each attempt. Their users here log once. */
export const quietly: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.provideService(
  References.MinimumLogLevel,
  "None"
)

/** Connects in the background, and reconnects when the connection breaks. It ends with the scope. */
export const connect = (address: RedisAddress): Effect.Effect<Connection, never, Scope.Scope> =>
  Effect.gen(function*() {
    // This separate scope is entered now, because the client is made later and would be closed before its users.
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const reached = Deferred.makeUnsafe<typeof Redis.Redis.Service>()
    const socket = {
      connectTimeout: 5_000,
      // By default the first connection would be tried only once.
      reconnectStrategy: (retries: number) =>
        Math.min(50 * 2 ** Math.min(retries, 10), longestRestMillis) * (0.5 + Math.random() / 2)
    }
    const options = "url" in address ? { url: address.url, socket } : { socket: { ...socket, path: address.path } }
    const layer = NodeRedis.layer({ ...options, disableOfflineQueue: true })
    yield* Layer.buildWithScope(layer, scope).pipe(
      Effect.flatMap((services) => Deferred.succeed(reached, Context.get(services, Redis.Redis))),
      quietly,
      Effect.ignore,
      Effect.forkScoped
    )
    return Deferred.await(reached)
  })
