/**
 * The headers of calls that are made with `fetch`.
 */
import * as Fiber from "effect/Fiber"
import type { ContextReader } from "../../ports/ContextReader.ts"
import { Propagator } from "../../ports/Propagator.ts"

/**
 * The most hops of one call, as in the standard of `fetch`.
 */
const maxRedirects = 20

/**
 * A `fetch` that writes the context of a fiber into the headers of every call: everything for the services that
 * `isTrusted` knows, and what a distributed trace needs for the others.
 *
 * **Details**
 *
 * The fiber that makes the call counts; a call that no fiber makes, after an `await` for instance, is made for `owner`.
 * A header that the caller set stays as it is. A redirect that leaves the trusted services is followed without what they
 * alone may see.
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
    const given = new Headers(request.headers)
    const write = (to: URL, headers: Headers): Headers => {
      const written = new Headers(headers)
      for (const [name, value] of Object.entries(propagator.inject(caller, isTrusted(to) ? "full" : "trace"))) {
        if (!headers.has(name)) written.set(name, value)
      }
      return written
    }
    const follows = request.redirect === "follow" && isTrusted(url)
    if (!follows) return fetch(new Request(request, { headers: write(url, given) }), dispatcherOf(init))
    return follow(fetch, request, given, write, isTrusted, dispatcherOf(init))
  }
}

// What `Request` does not keep of the options and `fetch` of Node understands.
const dispatcherOf = (init: RequestInit | undefined): RequestInit | undefined =>
  init !== undefined && "dispatcher" in init ? { dispatcher: init.dispatcher } as RequestInit : undefined

const follow = async (
  fetch: typeof globalThis.fetch,
  first: Request,
  given: Headers,
  write: (to: URL, headers: Headers) => Headers,
  isTrusted: (url: URL) => boolean,
  extra: RequestInit | undefined
): Promise<Response> => {
  let request = first
  let url = new URL(first.url)
  let headers = given
  for (let hop = 0;; hop++) {
    // A copy of the body is kept for a redirect that asks to send it again.
    const again = request.body === null ? undefined : request.clone()
    const response = await fetch(new Request(request, { headers: write(url, headers), redirect: "manual" }), extra)
    const next = targetOf(response, url)
    if (next === undefined) {
      await again?.body?.cancel()
      return response
    }
    if (hop === maxRedirects) throw new TypeError("fetch failed: too many redirects")
    await response.body?.cancel()
    const toGet = response.status === 303
      ? request.method !== "HEAD"
      : response.status < 303 && request.method === "POST"
    if (next.origin !== url.origin) headers = without(headers, ["authorization", "cookie", "proxy-authorization"])
    if (toGet) {
      await again?.body?.cancel()
      headers = without(headers, ["content-type", "content-length", "content-encoding", "content-language"])
    }
    const body = toGet ? null : again?.body ?? null
    request = new Request(next, {
      method: toGet ? "GET" : request.method,
      headers,
      signal: request.signal,
      ...(body === null ? {} : { body, duplex: "half" })
    } as RequestInit)
    url = next
    if (!isTrusted(url)) return fetch(new Request(request, { headers: write(url, headers) }), extra)
  }
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

const targetOf = (response: Response, from: URL): URL | undefined => {
  const location = redirects.has(response.status) ? response.headers.get("location") : null
  const target = location === null ? null : URL.parse(location, from.href)
  return target !== null && (target.protocol === "http:" || target.protocol === "https:") ? target : undefined
}

const without = (headers: Headers, names: ReadonlyArray<string>): Headers => {
  const kept = new Headers(headers)
  for (const name of names) kept.delete(name)
  return kept
}
