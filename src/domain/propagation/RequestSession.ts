/**
 * The session that a request names in its own body or query.
 *
 * **Details**
 *
 * Any client can send this session, so it must be a valid label, is never altered, and has a low rank among the sources
 * of a session. Problems never contain text of the request.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import * as Baggage from "./Baggage.ts"

/**
 * The name of a field of a JSON body, and the name of a query parameter. A place without a name is not read. The body
 * wins over the query.
 *
 * @category models
 * @since 0.1.0
 */
export interface SessionFrom {
  readonly body?: string | undefined
  readonly query?: string | undefined
}

/**
 * The most that is read of a request, in bytes of its body and characters of its query.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits = { body: 64 * 1024, query: 8 * 1024 } as const

const none: Checked<string | undefined> = Problems.ok(undefined)

const unusable: Checked<string | undefined> = {
  value: undefined,
  problems: [Problems.make(
    "invalid_session_id",
    "The session id in the body or the query of a request was left out. It must be a text of 1 to 200 characters, without controls."
  )]
}

const checked = (value: unknown): Checked<string | undefined> =>
  value === undefined || value === null || value === ""
    ? none
    : typeof value === "string" && Baggage.isLabel(value)
    ? Problems.ok(value)
    : unusable

/**
 * Reads the parameter `name` of a URL or of a path with a query. The first one counts.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromQuery = (url: string, name: string): Checked<string | undefined> => {
  const start = url.indexOf("?") + 1
  const hash = url.indexOf("#")
  if (start === 0 || (hash !== -1 && hash < start)) return none
  const end = Math.min(hash === -1 ? url.length : hash, start + limits.query)
  // A parameter cut by the limit is not read, because half an id is another id.
  const cut = end === start + limits.query && end < url.length
  for (let from = start; from < end;) {
    const ampersand = url.indexOf("&", from)
    const to = ampersand === -1 || ampersand > end ? end : ampersand
    if (cut && to === end && ampersand !== end) return none
    const equals = url.indexOf("=", from)
    if (equals !== -1 && equals < to && decode(url.slice(from, equals)) === name) {
      const value = decode(url.slice(equals + 1, to))
      return value === undefined ? unusable : checked(value)
    }
    from = to + 1
  }
  return none
}

const decode = (text: string): string | undefined => {
  if (!text.includes("%") && !text.includes("+")) return text
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    return undefined
  }
}

/**
 * Reads the field `name` of a parsed body.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromBody = (body: unknown, name: string): Checked<string | undefined> => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return none
  try {
    return Object.hasOwn(body, name) ? checked((body as { readonly [key: string]: unknown })[name]) : none
  } catch {
    return unusable
  }
}

/**
 * Reads the field `name` of a JSON body. A text that is not JSON names no session and is not reported, because the
 * application reports it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromJson = (text: string, name: string): Checked<string | undefined> => {
  if (text.length > limits.body) return none
  try {
    return fromBody(JSON.parse(text), name)
  } catch {
    return none
  }
}

/**
 * How long a handler is kept waiting for a body, in milliseconds. A client may wait for an answer before it sends more.
 *
 * @category constants
 * @since 0.2.0
 */
export const maxWaitMillis = 1_000

/**
 * Whether it is worth reading the body of a request: it is plain JSON, not known to be above the limit, and its client does
 * not wait for permission to send it, which the handler alone can give.
 *
 * @category guards
 * @since 0.1.0
 */
export const isReadable = (
  request: {
    readonly method: string
    readonly contentType: string | undefined
    readonly contentLength: string | undefined
    readonly contentEncoding?: string | undefined
    readonly expect?: string | undefined
  }
): boolean => {
  if (request.method === "GET" || request.method === "HEAD" || request.expect !== undefined) return false
  if (request.contentEncoding !== undefined && request.contentEncoding.trim().toLowerCase() !== "identity") return false
  const type = (request.contentType ?? "").split(";", 1)[0]!.trim().toLowerCase()
  if (type !== "application/json" && !(type.startsWith("application/") && type.endsWith("+json"))) return false
  const length = request.contentLength === undefined ? undefined : Number(request.contentLength)
  return length === undefined || (length > 0 && length <= limits.body)
}
