/**
 * The port to the requests that servers handle, and to the tracing contexts of others around them.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Checked } from "../domain/Problem.ts"
import type { HeaderLookup } from "../domain/propagation/HeaderLookup.ts"
import type { RequestInfo } from "./AmbientContext.ts"
import type { ContextReader } from "./ContextReader.ts"

/**
 * A request as its server has it. Nothing of it is parsed before somebody asks; what is parsed is kept under the
 * object, so a request is one object from beginning to end.
 *
 * @category models
 * @since 0.1.0
 */
export interface IncomingRequest {
  readonly headers: HeaderLookup
  readonly info: RequestInfo
  /** The session that the body or the query names; `undefined` while that cannot be known, for want of a body. */
  readonly session: (() => Checked<string | undefined> | undefined) | undefined
}

/**
 * Keeps a request around everything that its handler calls, starts and waits for.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestStore {
  readonly run: <A>(request: IncomingRequest, handle: () => A) => A
  /** Lets the listeners of an emitter run inside the request, whoever emits. */
  readonly bind: (request: IncomingRequest, emitter: object) => void
}

/**
 * Finds the request that a context belongs to.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestSource {
  readonly find: (reader: ContextReader) => IncomingRequest | undefined
}

/**
 * The context of another tracer around a caller, in the headers that would carry it. One object a context.
 *
 * `headers` answers for `traceparent`, `tracestate` and `baggage`. `trace` and `baggage` say which of them it has: what
 * it has counts instead of what the request brought.
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
 * @category models
 * @since 0.1.0
 */
export interface HostContextSource {
  readonly find: (reader: ContextReader) => HostContext | undefined
}

/**
 * The other tracer whose context counts, if there is one.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentHostContextSource: Context.Reference<HostContextSource | undefined> = Context.Reference<
  HostContextSource | undefined
>("effect-llmobs/ports/CurrentHostContextSource", { defaultValue: () => undefined })

/**
 * The request of a region, where somebody put one around it. Everywhere else the store knows.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentRequest: Context.Reference<IncomingRequest | undefined> = Context.Reference<
  IncomingRequest | undefined
>("effect-llmobs/ports/CurrentRequest", { defaultValue: () => undefined })

/**
 * The session that the body or the query of the request names, where it was read ahead of the handler.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentRequestSession: Context.Reference<Checked<string | undefined> | undefined> = Context.Reference<
  Checked<string | undefined> | undefined
>("effect-llmobs/ports/CurrentRequestSession", { defaultValue: () => undefined })
