/**
 * The headers of `fetch` calls.
 */
import * as Fiber from "effect/Fiber"
import type { ContextReader } from "../../ports/ContextReader.ts"
import { Propagator } from "../../ports/Propagator.ts"

/**
 * The most hops of one call, as in the standard of `fetch`.
 */
const maxRedirects = 20

/**
 * A `fetch` that writes the context of a fiber into the headers of every call: all of it for the services that
 * `isTrusted` accepts, and the distributed trace alone for other services.
 *
 * **Details**
 *
 * The context is that of the fiber that makes the call. A call outside any fiber, such as after an `await`, uses
 * `owner`. A header that the caller set is kept. A redirect to an untrusted service is followed without the headers for
 * trusted ones. Redirects follow the standard of `fetch`, so that answers and failures equal those of the wrapped
 * function. A call with `integrity` carries only the headers for all services, and the wrapped function follows its
 * redirects.
 */
export const withPropagation = (options: {
  readonly fetch: typeof globalThis.fetch
  readonly isTrusted: (url: URL) => boolean
  readonly owner: ContextReader | undefined
}): typeof globalThis.fetch => {
  const { fetch, isTrusted } = options
  return async (input, init) => {
    const caller: ContextReader | undefined = Fiber.getCurrent() ?? options.owner
    const propagator = caller?.getRef(Propagator)
    if (caller === undefined || propagator === undefined) return fetch(input, init)
    const request = new Request(input, init)
    const url = new URL(request.url)
    const extra = notOfRequest(init)
    const write = (headers: Headers, isFull: boolean): Headers => {
      const written = new Headers(headers)
      for (const [name, value] of Object.entries(propagator.inject(caller, isFull ? "full" : "trace"))) {
        if (!headers.has(name)) written.set(name, value)
      }
      return written
    }
    const isFollowing = request.redirect === "follow" && isTrusted(url)
    if (isFollowing && request.integrity === "") {
      const isUnknown = input instanceof Request && request.body !== null && init?.body === undefined
      const held = isUnknown ? ofText(request) : isStream(init?.body) ? undefined : request
      return follow({ fetch, isTrusted, write, extra, isStream: held === undefined }, held ?? request, url)
    }
    return fetch(new Request(request, { headers: write(request.headers, isTrusted(url) && !isFollowing) }), extra)
  }
}

// Options that `Request` does not keep and the wrapped function may understand: a dispatcher, the cache of Next.
const notOfRequest = (init: RequestInit | undefined): RequestInit | undefined => {
  const rest = Object.entries(init ?? {}).filter(([key]) => !ofRequest.has(key))
  return rest.length === 0 ? undefined : Object.fromEntries(rest)
}

const ofRequest: ReadonlySet<string> = new Set([
  "body",
  "cache",
  "credentials",
  "duplex",
  "headers",
  "integrity",
  "keepalive",
  "method",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
  "signal",
  "window"
])

// A body that can be read only once. `fetch` accepts any asynchronous iterable as one.
const isStream = (body: unknown): boolean =>
  typeof body === "object" && body !== null && (body instanceof ReadableStream || Symbol.asyncIterator in body)

// A request does not tell if its body can be read only once, but the standard refuses such a body in this mode, before
// it reads any of it.
const ofText = (request: Request): Request | undefined => {
  try {
    const { headers, method, mode } = request
    return new Request(new Request(request, { method: "POST", mode: "no-cors" }), { headers, method, mode })
  } catch {
    return undefined
  }
}

interface Following {
  readonly fetch: typeof globalThis.fetch
  readonly isTrusted: (url: URL) => boolean
  readonly write: (headers: Headers, isFull: boolean) => Headers
  readonly extra: RequestInit | undefined
  readonly isStream: boolean
}

const follow = async (
  { extra, fetch, isStream, isTrusted, write }: Following,
  first: Request,
  from: URL
): Promise<Response> => {
  let request = first
  let url = from
  for (let hop = 0;; hop++) {
    // The copy is for a redirect that sends the body again.
    const again = request.body === null || isStream ? undefined : request.clone()
    const sent = new Request(request, { headers: write(request.headers, true), redirect: "manual" })
    const response = await fetch(sent, extra)
    const location = redirects.has(response.status) ? response.headers.get("location") : null
    if (location === null) {
      await again?.body?.cancel()
      return hop === 0 ? response : redirected(response)
    }
    await response.body?.cancel()
    if (hop === maxRedirects) throw failure("redirect count exceeded")
    const next = targetOf(location, url)
    if (response.status !== 303 && request.body !== null && again === undefined) {
      throw failure("a body that was streamed cannot be sent again")
    }
    request = await redirectedRequest(request, response.status, again, next, url)
    url = next
    if (!isTrusted(url)) {
      return redirected(await fetch(new Request(request, { headers: write(request.headers, false) }), extra))
    }
  }
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

const targetOf = (location: string, from: URL): URL => {
  const target = URL.parse(location.replace(beyondAscii, utf8), from.href)
  if (target === null) throw failure("the redirect is to no URL")
  if (target.protocol !== "http:" && target.protocol !== "https:") throw failure("URL scheme must be a HTTP(S) scheme")
  // Node refuses credentials within one origin, too.
  if (target.username !== "" || target.password !== "") throw failure("the redirect has credentials")
  return target
}

// A header's value holds bytes, one character each; in a URL they are UTF-8.
const beyondAscii = /[\x80-\xff]+/g
const utf8 = (bytes: string): string => new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)))

const redirectedRequest = async (
  request: Request,
  status: number,
  again: Request | undefined,
  next: URL,
  from: URL
): Promise<Request> => {
  const toGet = status === 303
    ? request.method !== "GET" && request.method !== "HEAD"
    : status < 303 && request.method === "POST"
  const body = toGet ? null : again?.body ?? null
  if (toGet) await again?.body?.cancel()
  const { cache, credentials, keepalive, mode, referrer, referrerPolicy, signal } = request
  return new Request(next, {
    cache,
    credentials,
    keepalive,
    mode,
    referrer,
    referrerPolicy,
    signal,
    method: toGet ? "GET" : request.method,
    headers: without(request.headers, [...(next.origin === from.origin ? [] : ofOrigin), ...(toGet ? ofBody : [])]),
    ...(body === null ? {} : { body, duplex: "half" })
  } as RequestInit)
}

const ofOrigin = ["authorization", "cookie", "host", "proxy-authorization"]
const ofBody = ["content-encoding", "content-language", "content-length", "content-location", "content-type"]

const without = (headers: Headers, names: ReadonlyArray<string>): Headers => {
  const kept = new Headers(headers)
  for (const name of names) kept.delete(name)
  return kept
}

// Each hop is a separate call, so its answer does not know that it was redirected.
const redirected = (response: Response): Response => {
  const clone = response.clone.bind(response)
  return Object.defineProperties(response, {
    redirected: { value: true, configurable: true },
    clone: { value: () => redirected(clone()), configurable: true, writable: true }
  })
}

// The same error as that of `fetch`.
const failure = (reason: string): TypeError => new TypeError("fetch failed", { cause: new Error(reason) })
