/**
 * The port to the requests that servers handle, and to other tracers' contexts around them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Checked } from "../domain/Problem.ts"
import type { HeaderLookup } from "../domain/propagation/HeaderLookup.ts"
import type { RequestInfo } from "./AmbientContext.ts"
import type { ContextReader } from "./ContextReader.ts"

/**
 * A request as its server has it. It is parsed when it is first read, and the result is cached by the object, so a
 * request must stay one object.
 *
 * @category models
 * @since 0.1.0
 */
export interface IncomingRequest {
  readonly headers: HeaderLookup
  readonly info: RequestInfo
  /** The session in the body or the query. `undefined` until the body has arrived. */
  readonly session: (() => Checked<string | undefined> | undefined) | undefined
}

/**
 * Keeps a request around every function and effect that its handler runs.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestStore {
  readonly run: <A>(request: IncomingRequest, handle: () => A) => A
  /** Runs the listeners of an emitter inside the request, for events from any source. */
  readonly bind: (request: IncomingRequest, emitter: object) => void
}

/**
 * Finds the request that a context belongs to.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestSource {
  /** The request that the context names, the same each time. */
  readonly find: (reader: ContextReader) => IncomingRequest | undefined
  /** The request that is active around the caller, if the context names none. */
  readonly active?: (() => IncomingRequest | undefined) | undefined
}

/**
 * The context of another tracer around a caller, as the headers that would carry it. Each context is one object.
 *
 * `headers` reads `traceparent`, `tracestate` and `baggage`. `trace` and `baggage` say which of them are present; a
 * present one replaces that of the request.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostContext {
  readonly headers: HeaderLookup
  readonly trace: boolean
  readonly baggage: boolean
}

/**
 * Reads the host context of a caller.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostContextSource {
  readonly find: (reader: ContextReader) => HostContext | undefined
}

/**
 * The other tracer whose context is used, if there is one.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentHostContextSource: Context.Reference<HostContextSource | undefined> = Context.Reference<
  HostContextSource | undefined
>("effect-llmobs/ports/CurrentHostContextSource", { defaultValue: () => undefined })

/**
 * The request set around an effect. Elsewhere the request store finds it.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentRequest: Context.Reference<IncomingRequest | undefined> = Context.Reference<
  IncomingRequest | undefined
>("effect-llmobs/ports/CurrentRequest", { defaultValue: () => undefined })

/**
 * The session in the body or the query of the request, if it was read before the handler ran.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentRequestSession: Context.Reference<Checked<string | undefined> | undefined> = Context.Reference<
  Checked<string | undefined> | undefined
>("effect-llmobs/ports/CurrentRequestSession", { defaultValue: () => undefined })
