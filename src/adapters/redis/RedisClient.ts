/**
 * The connection to Redis: made in the background, and made again whenever it is lost.
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
 * Waits until Redis is reached for the first time. From then on a command that finds the connection lost fails at once
 * instead of waiting for it.
 */
export type Connection = Effect.Effect<typeof Redis.Redis.Service>

const longestRestMillis = 2_000

/** Effect's queue and client log a line for each attempt. Their users here log it once. */
export const quietly: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = Effect.provideService(
  References.MinimumLogLevel,
  "None"
)

/** Connects in the background, and again whenever the connection breaks. It ends with the scope. */
export const connect = (address: RedisAddress): Effect.Effect<Connection, never, Scope.Scope> =>
  Effect.gen(function*() {
    // A scope of its own, entered now: else the client, which is there only later, would be closed before its users.
    const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const reached = Deferred.makeUnsafe<typeof Redis.Redis.Service>()
    const socket = {
      connectTimeout: 5_000,
      // Without a strategy of ours the first connection is tried once.
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
