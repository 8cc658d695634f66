/**
 * Requests of servers, in the form in which they are read.
 */
import type { Checked } from "../../domain/Problem.ts"
import type { HeaderLookup } from "../../domain/propagation/HeaderLookup.ts"
import type { SessionFrom } from "../../domain/propagation/RequestSession.ts"
import * as RequestSession from "../../domain/propagation/RequestSession.ts"
import type { IncomingRequest } from "../../ports/IncomingRequest.ts"

/** Reads a field of the body of a request, if the body is there. */
export type ReadField = (field: string) => Checked<string | undefined> | undefined

/** A reader of the body that a framework has parsed. */
export const parsed = (body: () => unknown): ReadField => (field) => {
  const value = body()
  return value === undefined || value === null ? undefined : RequestSession.fromBody(value, field)
}

/**
 * Makes a request. `url` is a path or a URL, with its query.
 *
 * **Details**
 *
 * `body` reads a field of the body, or returns `undefined` while there is no body; it is then called again at the next
 * span. It is not called if no field of the body is named.
 */
export const make = (input: {
  readonly method: string
  readonly url: string
  readonly headers: HeaderLookup
  readonly sessionFrom?: SessionFrom | undefined
  readonly body?: ReadField | undefined
}): IncomingRequest => {
  const end = input.url.indexOf("?")
  return {
    headers: input.headers,
    info: { method: input.method, path: end === -1 ? input.url : input.url.slice(0, end) },
    session: input.sessionFrom === undefined ? undefined : session(input.url, input.sessionFrom, input.body)
  }
}

const session = (
  url: string,
  from: SessionFrom,
  body: ReadField | undefined
): () => Checked<string | undefined> | undefined => {
  let query: Checked<string | undefined> | undefined
  let known: Checked<string | undefined> | undefined
  return () => {
    if (known !== undefined) return known
    query ??= from.query === undefined ? undefined : RequestSession.fromQuery(url, from.query)
    if (from.body === undefined || body === undefined) return known = query
    const found = body(from.body)
    if (found === undefined) return query
    return known = found.value === undefined && query !== undefined ? query : found
  }
}

/** The headers of a Node request, with repeated lines joined as Node does. */
export const nodeHeaders =
  (headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }): HeaderLookup => (name) =>
    Object.hasOwn(headers, name) ? headers[name] : undefined
