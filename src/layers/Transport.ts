/**
 * A transport of your own: it sends the requests to the Agent and to the intake.
 *
 * **Details**
 *
 * A layer with a transport in its context sends everything through it and opens no connection itself. If a request
 * fails in another way than the contract says, its outcome is ambiguous, and its events stay counted.
 *
 * Without one, a layer uses `node:http` and `node:https`, and in a runtime without sockets (Cloudflare Workers) `fetch`.
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
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as FetchTransport from "../adapters/fetch-transport/FetchTransport.ts"
import * as NodeTransport from "../adapters/node-transport/NodeTransport.ts"
import type { Outcome, Request, Target, TransportService } from "../ports/Transport.ts"
import { Transport } from "../ports/Transport.ts"

export {
  /**
   * The transport that a layer uses instead of its own.
   *
   * @category services
   * @since 0.2.0
   */
  Transport
}

export type {
  /**
   * The outcome of a request: an answer, or the failure to get one.
   *
   * @category models
   * @since 0.2.0
   */
  Outcome,
  /**
   * A request. `body` is sent as it is.
   *
   * @category models
   * @since 0.2.0
   */
  Request,
  /**
   * The target of a request: a host, or a unix socket.
   *
   * @category models
   * @since 0.2.0
   */
  Target,
  /**
   * Sends requests. It never fails and is interruptible.
   *
   * @category models
   * @since 0.2.0
   */
  TransportService
}

/**
 * The proxy of a transport.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The URL of an HTTP proxy, which tunnels TLS connections. */
  readonly proxy?: string | undefined
  /** Hosts that are reached without the proxy: names, or the domains that they end with; `*` is every host. */
  readonly noProxy?: ReadonlyArray<string> | undefined
}

/**
 * Makes the default transport: `node:http` and `node:https`, with keep-alive and unix sockets. Its connections are
 * closed with the scope.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options = {}): Effect.Effect<TransportService, never, Scope.Scope> =>
  NodeTransport.make(options)

/**
 * Makes a transport over `fetch`, by default the global one: for a runtime that has its own way out, or to go through a
 * service binding of Cloudflare.
 *
 * **Gotchas**
 *
 * `fetch` does not say whether bytes were written. Unless its failure names a refused connection or an unknown host, the
 * outcome is ambiguous, and a resend counts as a possible duplicate. It reaches no unix socket and ignores
 * `DD_PROXY_HTTPS` and its like.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeFetch = (fetch?: typeof globalThis.fetch): TransportService => FetchTransport.make(fetch)

/**
 * The transport over `fetch`, as a layer to provide to `LLMObs.layer`.
 *
 * **Example** (Through `fetch`, wherever the program runs)
 *
 * ```ts import.meta.vitest
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Transport from "effect-llmobs/Transport"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const Live = LLMObs.layerDev({ mlApp: "shop" }).pipe(Layer.provide(Transport.layerFetch))
 *
 * const program = Effect.void.pipe(LLMObs.llm("chat"), Effect.andThen(LLMObs.flush))
 * const report = await Effect.runPromise(program.pipe(Effect.provide(Live)))
 * report.delivered // => 1
 * ```
 *
 * @category layers
 * @since 0.2.0
 */
export const layerFetch: Layer.Layer<Transport> = Layer.sync(Transport, () => FetchTransport.make())
