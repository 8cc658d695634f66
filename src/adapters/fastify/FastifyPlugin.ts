/**
 * Fastify: a plugin that keeps each request.
 */
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as IncomingRequests from "../../engine/context/IncomingRequests.ts"
import type { IncomingRequest, RequestStore } from "../../ports/IncomingRequest.ts"

/** What is needed of a request of Fastify. `body` is there when it has been parsed. */
export interface FastifyRequest {
  readonly method: string
  readonly originalUrl: string
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  readonly body: unknown
  readonly raw: object
}

/** What is needed of Fastify. */
export interface FastifyInstance {
  addHook(
    name: "onRequest" | "preValidation" | "preHandler",
    hook: (request: FastifyRequest, reply: { readonly raw: object }, done: () => void) => void
  ): unknown
}

/** Lets the hooks and handlers of each request run inside it. Registered at the root, it holds for every route. */
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
    // Parsers of the body may call back from anywhere.
    for (const hook of ["preValidation", "preHandler"] as const) {
      instance.addHook(hook, (request, _reply, next) => {
        const incoming = kept.get(request.raw)
        if (incoming === undefined) next()
        else store.run(incoming, next)
      })
    }
    done()
  }
  // Without it Fastify would keep the hooks to the plugin's own routes.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true as const })
}
