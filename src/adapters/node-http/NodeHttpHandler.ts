/**
 * Plain handlers of `node:http`.
 */
import { AsyncResource } from "node:async_hooks"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as RequestSession from "../../domain/propagation/RequestSession.ts"
import * as BodyPeek from "../../engine/context/BodyPeek.ts"
import * as IncomingRequests from "../../engine/context/IncomingRequests.ts"
import type { RequestStore } from "../../ports/IncomingRequest.ts"

/** A request of `node:http`. */
export type NodeRequest = IncomingMessage

/** A response of `node:http`. */
export type NodeResponse = ServerResponse

/**
 * Runs a handler inside its request. If a field of the body is named, the handler of a JSON request starts when its
 * body has arrived, or a second later, and finds the body unread.
 */
export const wrap =
  (store: RequestStore, from: SessionFrom | undefined) =>
  <Req extends NodeRequest, Res extends NodeResponse>(
    handler: (request: Req, response: Res) => unknown
  ): (request: Req, response: Res) => void =>
  (request, response) => {
    const { headers, method = "GET", url = "/" } = request
    let json: string | undefined
    const incoming = IncomingRequests.make({
      method,
      url,
      headers: IncomingRequests.nodeHeaders(headers),
      sessionFrom: from,
      body: (name) => json === undefined ? undefined : RequestSession.fromJson(json, name)
    })
    store.bind(incoming, request)
    store.bind(incoming, response)
    const handle = () => store.run(incoming, () => void handler(request, response))
    const field = from?.body
    if (
      field === undefined || !RequestSession.isReadable({
        method,
        contentType: headers["content-type"],
        contentLength: headers["content-length"],
        contentEncoding: headers["content-encoding"],
        expect: headers.expect
      }) || !BodyPeek.isNodeBody(request)
    ) {
      return handle()
    }
    const ready: () => void = BodyPeek.peekNode(request, RequestSession.limits.body, {
      onText: (text) => {
        json = text
      },
      // Bound to the server's context, because a body arrives in the context of its socket.
      onReady: AsyncResource.bind(() => {
        clearTimeout(timer)
        handle()
      })
    })
    const timer = setTimeout(ready, RequestSession.maxWaitMillis)
  }
