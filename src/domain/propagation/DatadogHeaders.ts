/**
 * Datadog's own trace headers: `x-datadog-trace-id`, `-parent-id`, `-sampling-priority`, `-origin` and `-tags`.
 *
 * @since 0.1.0
 */
import type { Checked, Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import * as SpanId from "../span/SpanId.ts"
import * as TraceId from "../span/TraceId.ts"
import type { HeaderLookup } from "./HeaderLookup.ts"
import * as Headers from "./HeaderLookup.ts"
import type { PropagationTag } from "./PropagationTag.ts"
import * as Tag from "./PropagationTag.ts"

// The names of the headers.
const names = {
  traceId: "x-datadog-trace-id",
  parentId: "x-datadog-parent-id",
  priority: "x-datadog-sampling-priority",
  origin: "x-datadog-origin",
  tags: "x-datadog-tags"
} as const

// The longest `x-datadog-tags` that Datadog's tracers write and read by default.
const defaultTagsMaxLength = 512

/**
 * The trace of a request. `traceId` is 32 hex characters, `parentId` 16. `propagationError` is the value that Datadog's
 * tracers write into `_dd.propagation_error`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Extracted {
  readonly traceId: string
  readonly parentId: string | undefined
  readonly priority: number | undefined
  readonly origin: string | undefined
  readonly tags: ReadonlyMap<string, string>
  readonly propagationError: string | undefined
}

/**
 * Reads a sampling priority: a small integer. `undefined` for any other text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const priorityOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^-?\d{1,3}$/.test(text) ? Number(text) + 0 : undefined

/**
 * Reads an origin: printable ASCII of at most 256 characters. `undefined` for any other text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const originOf = (text: string | undefined): string | undefined =>
  text !== undefined && text.length <= 256 && /^[\x20-\x7e]+$/.test(text) ? text : undefined

/**
 * Reads the trace of a request. `undefined` if there is none, or its ids are unusable.
 *
 * **Details**
 *
 * A trace id without a parent id, or with the parent `0`, is a trace without a span; a synthetic test starts one. An
 * unusable priority, origin or tag is left out alone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extract = (
  headers: HeaderLookup,
  tagsMaxLength: number = defaultTagsMaxLength
): Checked<Extracted | undefined> => {
  const idText = Headers.text(headers, names.traceId)
  if (idText === undefined) return Problems.ok(undefined)
  const low = SpanId.fromDecimal(idText)
  const parentText = Headers.text(headers, names.parentId) ?? "0"
  const parentId = SpanId.fromDecimal(parentText)
  if (low === undefined || (parentId === undefined && !/^0{1,20}$/.test(parentText))) {
    return { value: undefined, problems: [bad("trace or parent id of the x-datadog headers is not a 64-bit decimal")] }
  }
  const problems: Array<Problem> = []
  const priorityText = Headers.text(headers, names.priority)
  const priority = priorityOf(priorityText)
  if (priorityText !== undefined && priority === undefined) problems.push(bad("sampling priority is not an integer"))
  const originText = Headers.text(headers, names.origin)
  const origin = originOf(originText)
  if (originText !== undefined && origin === undefined) problems.push(bad("origin is too long or not printable ASCII"))
  const tags = parseTags(Headers.text(headers, names.tags) ?? "", tagsMaxLength)
  const error = tags.value.error
  if (tags.problems.length > 0) problems.push(...tags.problems)
  const map = new Map(tags.value.tags)
  const high = map.get(Tag.highTraceId)
  map.delete(Tag.highTraceId)
  const highIsGood = high !== undefined && TraceId.isHigh64(high)
  const malformed = high !== undefined && !highIsGood && high !== TraceId.zeroHalf
  if (malformed) problems.push(bad("high half of the trace id (_dd.p.tid) is malformed"))
  return {
    value: {
      traceId: TraceId.fromHalves(highIsGood ? high : undefined, low),
      parentId,
      priority,
      origin,
      tags: map,
      propagationError: malformed ? "malformed_tid" : error
    },
    problems
  }
}

const bad = (what: string): Problem => Problems.make("invalid_datadog_headers", `The ${what}; it was left out.`)

// Reads `x-datadog-tags`. A header above `maxLength` is dropped whole, as in Datadog's tracers; a malformed pair is
// left out alone.
const parseTags = (
  text: string,
  maxLength: number = defaultTagsMaxLength
): Checked<{ readonly tags: ReadonlyMap<string, string>; readonly error: string | undefined }> => {
  if (text.length > Math.max(maxLength, defaultTagsMaxLength)) {
    return {
      value: { tags: new Map(), error: "extract_max_size" },
      problems: [bad("x-datadog-tags header is above the length limit")]
    }
  }
  const tags = new Map<string, string>()
  let malformed = false
  for (const pair of text === "" ? [] : text.split(",")) {
    const equals = pair.indexOf("=")
    const key = pair.slice(0, Math.max(equals, 0)).trim()
    const value = pair.slice(equals + 1).trim()
    if (equals > 0 && key !== "" && Tag.isValue(value) && (key !== Tag.decisionMaker || Tag.isDecisionMaker(value))) {
      // Tags with other prefixes are legal, but are not passed on.
      if (Tag.isKey(key) && key !== "_dd.p.upstream_services") tags.set(key, value)
    } else malformed = true
  }
  return {
    value: { tags, error: malformed ? "decoding_error" : undefined },
    problems: malformed ? [bad("x-datadog-tags header has a malformed tag")] : Problems.none
  }
}

// Renders `x-datadog-tags` within `maxLength`. The text is empty if no tag is left or the limit is 0.
const renderTags = (tags: ReadonlyArray<PropagationTag>, maxLength: number): string =>
  Tag.fit(
    tags.flatMap((tag) =>
      Tag.isKey(tag.key) && Tag.isValue(tag.value) ? [{ text: `${tag.key}=${tag.value}`, rank: tag.rank }] : []
    ),
    maxLength
  ).map((entry) => entry.text).join(",")

/**
 * The headers of a span: a fresh record each time. `traceId` is 32 hex characters, `spanId` 16.
 *
 * @category combinators
 * @since 0.1.0
 */
export const inject = (input: {
  readonly traceId: string
  readonly spanId: string
  readonly priority: number | undefined
  readonly origin: string | undefined
  readonly tags: ReadonlyArray<PropagationTag>
  readonly tagsMaxLength: number
}): Record<string, string> => {
  const headers: Record<string, string> = {
    [names.traceId]: SpanId.toDecimal(TraceId.low64(input.traceId)),
    [names.parentId]: SpanId.toDecimal(input.spanId)
  }
  if (input.priority !== undefined) headers[names.priority] = String(input.priority)
  const origin = originOf(input.origin)
  if (origin !== undefined) headers[names.origin] = origin
  const tags = renderTags(input.tags, input.tagsMaxLength)
  if (tags !== "") headers[names.tags] = tags
  return headers
}
