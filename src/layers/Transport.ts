/**
 * A transport of your own: how requests leave, to the Agent and to the intake.
 *
 * **Details**
 *
 * A layer that finds one in its context sends everything through it and opens no connection itself. A request that fails
 * in another way than its contract says has an unknown fate, and its events stay in the books.
 *
 * **Example** (A count of requests around the transport of the library)
 *
 * ```ts import.meta.vitest
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Transport from "effect-llmobs/Transport"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const paths: Array<string> = []
 * const Counted = Layer.effect(
 *   Transport.Transport,
 *   Effect.map(Transport.make(), (transport) => ({
 *     send: (request) => {
 *       paths.push(request.path)
 *       return transport.send(request)
 *     }
 *   }))
 * )
 * const Live = LLMObs.layerDev({ mlApp: "shop" }).pipe(Layer.provide(Counted))
 *
 * await Effect.runPromise(Effect.void.pipe(LLMObs.llm("chat"), Effect.provide(Live)))
 * paths.includes("/v0.4/traces") // => true
 * ```
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeTransport from "../adapters/node-transport/NodeTransport.ts"
import type { Outcome, Request, Target, TransportService } from "../ports/Transport.ts"
import { Transport } from "../ports/Transport.ts"

export {
  /**
   * @category services
   * @since 0.2.0
   */
  Transport
}

export type {
  /**
   * @category models
   * @since 0.2.0
   */
  Outcome,
  /**
   * @category models
   * @since 0.2.0
   */
  Request,
  /**
   * @category models
   * @since 0.2.0
   */
  Target,
  /**
   * @category models
   * @since 0.2.0
   */
  TransportService
}

/**
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The URL of an HTTP proxy, through which TLS connections are tunnelled. */
  readonly proxy?: string | undefined
  /** Hosts that are reached without it: names, and the domains they end with; `*` is every host. */
  readonly noProxy?: ReadonlyArray<string> | undefined
}

/**
 * Makes the transport that layers use by themselves: `node:http` and `node:https`, with connections kept alive and unix
 * sockets. Its connections are closed with the scope.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options = {}): Effect.Effect<TransportService, never, Scope.Scope> =>
  NodeTransport.make(options)
