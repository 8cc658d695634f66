/**
 * The port to the context a fiber runs in: what the request that started it brought along.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { ApmSpanLink } from "../domain/ApmSpan.ts"
import type { Labels, Remote } from "../domain/SpanContext.ts"

/**
 * The APM trace that an upstream service started. `traceId` is 32 hex characters, `parentId` 16.
 *
 * @category models
 * @since 0.1.0
 */
export interface Upstream {
  readonly traceId: string
  readonly parentId: string
  readonly priority: number | undefined
  readonly origin: string | undefined
  /** `_dd.p.*` tags that travel with the trace, and other tags that its first span here gets. */
  readonly tags: { readonly [key: string]: string }
  /** Foreign `tracestate` members, unaltered. */
  readonly tracestate: string | undefined
  readonly links: ReadonlyArray<ApmSpanLink>
}

/**
 * The request as a server span describes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestInfo {
  readonly method: string
  /** Path without the query. */
  readonly path: string
}

/**
 * What the ambient context says. It is parsed once per request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ambient {
  readonly upstream: Upstream | undefined
  readonly labels: Labels
  readonly propagated: Remote | undefined
  readonly request: RequestInfo | undefined
  /** Baggage members for the next hop, unaltered. */
  readonly baggage: ReadonlyMap<string, string>
}

/**
 * Reads the ambient context of a fiber, or `undefined` when nothing is known. Synchronous and total.
 *
 * @category services
 * @since 0.1.0
 */
export class AmbientContext extends Context.Service<AmbientContext, {
  readonly current: (fiber: Fiber.Fiber<unknown, unknown>) => Ambient | undefined
}>()("effect-llmobs/ports/AmbientContext") {}
