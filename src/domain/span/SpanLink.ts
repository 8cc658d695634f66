/**
 * Links between spans: the output of one is the input of another.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Json, Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

/**
 * A link with the names it has in the event. `trace_id` is the LLM trace id, `span_id` decimal.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanLink {
  readonly span_id: string
  readonly trace_id: string
  readonly attributes: { readonly from: string; readonly to: string }
}

/**
 * A link as users write it: the span that `currentSpan` gave. The names `span_id` and `trace_id` are read too.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanLinkInput {
  readonly spanId: string
  readonly traceId: string
  /** Default: from the linked span's `output` to this span's `input`. */
  readonly attributes?: { readonly from?: string | undefined; readonly to?: string | undefined } | undefined
}

// `"attributes":{"from":"output","to":"input"}`, and an underscore in each id's name.
const addedBytes = 64

/**
 * Reads one link or a list. Bad links are left out; one problem points at the first of them. `undefined` if no link is
 * left.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (input: unknown, path = "spanLinks"): Measured<ReadonlyArray<SpanLink> | undefined> => {
  const { bytes, problems, value } = JsonSnapshot.take(input, JsonSnapshot.defaultLimits, path)
  if (value === undefined) return { value, bytes: 0, problems }
  const items: ReadonlyArray<Json> = Array.isArray(value) ? value : [value]
  const links: Array<SpanLink> = []
  let bad: number | undefined
  for (let i = 0; i < items.length; i++) {
    const link = linkOf(items[i]!)
    if (link === undefined) bad ??= i
    else links.push(link)
  }
  return {
    value: links.length === 0 ? undefined : links,
    bytes: links.length === 0 ? 0 : bytes + links.length * addedBytes,
    problems: bad === undefined ? problems : [
      ...problems,
      Problem.make(
        "invalid_span_links",
        "A link must be an object such as { spanId, traceId }, which `currentSpan` gives, with texts. It is left out.",
        items === value ? `${path}[${bad}]` : path
      )
    ]
  }
}

const linkOf = (json: Json): SpanLink | undefined => {
  if (!JsonSnapshot.isObject(json)) return undefined
  const spanId = json["spanId"] ?? json["span_id"]
  const traceId = json["traceId"] ?? json["trace_id"]
  const attributes: Json = json["attributes"] ?? {}
  if (typeof spanId !== "string" || spanId === "" || typeof traceId !== "string" || traceId === "") return undefined
  if (!JsonSnapshot.isObject(attributes)) return undefined
  const from = attributes["from"] ?? "output"
  const to = attributes["to"] ?? "input"
  if (typeof from !== "string" || typeof to !== "string") return undefined
  return { span_id: spanId, trace_id: traceId, attributes: { from, to } }
}
