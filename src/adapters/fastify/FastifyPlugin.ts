/**
 * Fastify: a plugin that keeps each request.
 */
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as IncomingRequests from "../../engine/context/IncomingRequests.ts"
import type { IncomingRequest, RequestStore } from "../../ports/IncomingRequest.ts"

/** The members of a Fastify request that are used. `body` is present once it has been parsed. */
export interface FastifyRequest {
  readonly method: string
  readonly originalUrl: string
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  readonly body: unknown
  readonly raw: object
}

/** The members of Fastify that are used. */
export interface FastifyInstance {
  addHook(
    name: "onRequest" | "preValidation" | "preHandler",
    hook: (request: FastifyRequest, reply: { readonly raw: object }, done: () => void) => void
  ): unknown
}

/** Runs the hooks and handlers of each request inside it. Registered at the root, it covers every route. */
export const make = (store: RequestStore) => {
  const plugin = (
    instance: FastifyInstance,
    options: { readonly sessionFrom?: SessionFrom | undefined },
    done: () => void
  ): void => {
    const kept = new WeakMap<object, IncomingRequest>()
    instance.addHook("onRequest", (request, reply, next) => {
      const incoming = IncomingRequests.make({
        method: request.method,
        url: request.originalUrl,
        headers: IncomingRequests.nodeHeaders(request.headers),
        sessionFrom: options.sessionFrom,
        body: IncomingRequests.parsed(() => request.body)
      })
      kept.set(request.raw, incoming)
      store.bind(incoming, request.raw)
      store.bind(incoming, reply.raw)
      store.run(incoming, next)
    })
    // Body parsers may call back outside the request.
    for (const hook of ["preValidation", "preHandler"] as const) {
      instance.addHook(hook, (request, _reply, next) => {
        const incoming = kept.get(request.raw)
        if (incoming === undefined) next()
        else store.run(incoming, next)
      })
    }
    done()
  }
  // Without this mark Fastify would limit the hooks to the plugin's own routes.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true as const })
}
