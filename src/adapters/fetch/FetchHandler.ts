/**
 * Handlers from a web `Request` to a `Response`.
 */
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as RequestSession from "../../domain/propagation/RequestSession.ts"
import * as BodyPeek from "../../engine/context/BodyPeek.ts"
import * as IncomingRequests from "../../engine/context/IncomingRequests.ts"
import type { IncomingRequest, RequestStore } from "../../ports/IncomingRequest.ts"

/** Runs the handler of a web request inside the request, after reading a copy of the body if a field of it is named. */
export const run = async <A>(
  store: RequestStore,
  from: SessionFrom | undefined,
  request: Request,
  handle: () => A | PromiseLike<A>
): Promise<A> => {
  const { headers, method } = request
  const isReadable = from?.body !== undefined && RequestSession.isReadable({
    method,
    contentType: headers.get("content-type") ?? undefined,
    contentLength: headers.get("content-length") ?? undefined,
    contentEncoding: headers.get("content-encoding") ?? undefined
  })
  let text: string | undefined
  if (isReadable) {
    const looked = BodyPeek.peekWeb(request, RequestSession.limits.body).then((found) => {
      text = found
    })
    await atMost(looked, RequestSession.maxWaitMillis)
  }
  return await store.run(incoming(request, from, () => text), handle)
}

// A client may wait for an answer before it sends the rest of its body.
const atMost = async (promise: Promise<void>, millis: number): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  await Promise.race([promise, new Promise<void>((resolve) => timer = setTimeout(resolve, millis))])
  clearTimeout(timer)
}

const incoming = (request: Request, from: SessionFrom | undefined, text: () => string | undefined): IncomingRequest =>
  IncomingRequests.make({
    method: request.method,
    url: pathOf(request.url),
    headers: (name) => request.headers.get(name) ?? undefined,
    sessionFrom: from,
    body: (field) => {
      const json = text()
      return json === undefined ? undefined : RequestSession.fromJson(json, field)
    }
  })

const pathOf = (url: string): string => {
  const authority = url.indexOf("://")
  const path = url.indexOf("/", authority === -1 ? 0 : authority + 3)
  return path === -1 ? "/" : url.slice(path)
}
