/**
 * The bodies that the LLM Observability intake accepts: spans at `api/v2/llmobs`, evaluations at the eval-metric paths.
 *
 * **Details**
 *
 * A body is JSON, perhaps gzipped, of at most 5 MiB once unpacked. Integers beyond 2^53, such as `start_ns`, are read
 * exactly, as `bigint`.
 */

/** The largest body that is taken, in bytes. */
export const maxBytes = 5_242_880

/** The purpose of a path of the intake. */
export type Kind = "spans" | "evaluations"

/** The paths that the intake has, each under its own subdomain. */
const routes: ReadonlyArray<{ readonly subdomain: string; readonly path: string; readonly kind: Kind }> = [
  { subdomain: "llmobs-intake", path: "/api/v2/llmobs", kind: "spans" },
  { subdomain: "api", path: "/api/intake/llm-obs/v1/eval-metric", kind: "evaluations" },
  { subdomain: "api", path: "/api/intake/llm-obs/v2/eval-metric", kind: "evaluations" }
]

/** The purpose of a path under a subdomain; nothing if the intake has no such path. */
export const find = (path: string, subdomain: string): Kind | undefined =>
  routes.find((route) => route.path === path && route.subdomain === subdomain)?.kind

/** The purpose of a path if the intake itself is addressed, perhaps below some base path. */
export const findDirect = (path: string): Kind | undefined => routes.find((route) => path.endsWith(route.path))?.kind

/** A JSON object. */
export type JsonRecord = { readonly [key: string]: unknown }

/** An envelope and one of the span events in it. */
export interface Enveloped {
  readonly envelope: JsonRecord
  readonly event: JsonRecord
}

/** Whether a value is an object and not a list. */
export const isRecord = (u: unknown): u is JsonRecord => typeof u === "object" && u !== null && !Array.isArray(u)

const longestInteger = 40

const exact = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
  const source = context?.source
  return typeof value === "number" && source !== undefined && !Number.isSafeInteger(value)
      && source.length <= longestInteger && /^-?\d+$/.test(source)
    ? BigInt(source)
    : value
}

/** Parses JSON, integers exactly. Nothing when it is not JSON. */
export const parseJson = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text, exact) as unknown }
  } catch {
    return undefined
  }
}

/**
 * The events of a span body: an array of envelopes (or one) that each hold a list of events. Nothing when it is not of
 * that shape.
 */
const spanEvents = (body: unknown): ReadonlyArray<Enveloped> | undefined => {
  const found: Array<Enveloped> = []
  for (const envelope of Array.isArray(body) ? body : [body]) {
    if (!isRecord(envelope) || !Array.isArray(envelope["spans"])) {
      return undefined
    }
    for (const event of envelope["spans"]) {
      if (!isRecord(event)) {
        return undefined
      }
      found.push({ envelope, event })
    }
  }
  return found
}

/** The metrics of an evaluation body. Nothing when it is not of that shape. */
const evaluations = (body: unknown): ReadonlyArray<JsonRecord> | undefined => {
  const data = isRecord(body) ? body["data"] : undefined
  const attributes = isRecord(data) ? data["attributes"] : undefined
  const metrics = isRecord(attributes) ? attributes["metrics"] : undefined
  return Array.isArray(metrics) && metrics.every(isRecord) ? metrics : undefined
}

/** The answer of the intake to a body, and the events it takes from it. `body` is the JSON, if it is one. */
export interface Verdict {
  readonly status: 202 | 400 | 404 | 413
  readonly text: string
  readonly body: unknown
  readonly events: ReadonlyArray<Enveloped>
  readonly evaluations: number
}

const refuse = (status: 400 | 404 | 413, reason: string, body?: unknown): Verdict => ({
  status,
  text: JSON.stringify({ errors: [reason] }),
  body,
  events: [],
  evaluations: 0
})

// Not imported, so that a bundle loads in a runtime that has no such module.
const unzip = (bytes: Uint8Array, options: { readonly maxOutputLength: number }): Promise<Uint8Array> =>
  new Promise((resolve, reject) =>
    process.getBuiltinModule("node:zlib").gunzip(
      bytes,
      options,
      (error, out) => error === null ? resolve(out) : reject(error)
    )
  )

const unpack = async (
  bytes: Uint8Array,
  encoding: string | undefined
): Promise<Uint8Array | "too_large" | "unreadable"> => {
  if (encoding === undefined || encoding === "identity") {
    return bytes.byteLength > maxBytes ? "too_large" : bytes
  }
  if (encoding !== "gzip") {
    return "unreadable"
  }
  return unzip(bytes, { maxOutputLength: maxBytes }).catch((cause: { readonly code?: unknown }) =>
    cause.code === "ERR_BUFFER_TOO_LARGE" ? "too_large" as const : "unreadable" as const
  )
}

/** Judges a body for a path of the given kind. */
export const judge = async (
  kind: Kind | undefined,
  bytes: Uint8Array,
  encoding: string | undefined
): Promise<Verdict> => {
  if (kind === undefined) {
    return refuse(404, "Not Found")
  }
  const unpacked = await unpack(bytes, encoding)
  if (unpacked === "too_large") {
    return refuse(413, "Payload Too Large")
  }
  const parsed = unpacked === "unreadable" ? undefined : parseJson(Buffer.from(unpacked).toString("utf8"))
  if (parsed === undefined) {
    return refuse(400, "the body is not JSON")
  }
  const events = kind === "spans" ? spanEvents(parsed.value) : []
  const metrics = kind === "evaluations" ? evaluations(parsed.value) : []
  return events === undefined || metrics === undefined
    ? refuse(400, "the body has not the shape of this endpoint", parsed.value)
    : { status: 202, text: "", body: parsed.value, events, evaluations: metrics.length }
}
