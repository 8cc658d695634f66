/**
 * Fastify: Effects that handlers run know the request they belong to.
 *
 * @since 0.1.0
 */
import * as FastifyPlugin from "../adapters/fastify/FastifyPlugin.ts"
import { store } from "../adapters/request-storage/RequestStorage.ts"

/**
 * A plugin for `app.register`, at the root. Every Effect that hooks and handlers run takes its trace, session, user and
 * experiment from the request.
 *
 * **Details**
 *
 * Its option `sessionFrom` names a query parameter and a field of the parsed body that hold the session.
 *
 * @category combinators
 * @since 0.1.0
 */
export const plugin: ReturnType<typeof FastifyPlugin.make> = FastifyPlugin.make(store)
