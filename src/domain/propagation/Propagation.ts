/**
 * The trace, the LLM trace and the baggage of a request: read from its headers, and written for the next one.
 *
 * **Details**
 *
 * Both directions follow Datadog's tracers, over the styles of `PropagationStyle`. Injection makes new headers from its
 * input. It keeps no state and changes no shared value, so no part of one call can reach the headers of another.
 *
 * @since 0.1.0
 */
import type { Checked, Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import type { ApmSpanLink } from "../span/ApmSpan.ts"
import type { Remote } from "../span/SpanContext.ts"
import * as SpanId from "../span/SpanId.ts"
import * as TraceId from "../span/TraceId.ts"
import * as B3 from "./B3.ts"
import * as Baggage from "./Baggage.ts"
import * as Datadog from "./DatadogHeaders.ts"
import * as ExperimentBaggage from "./ExperimentBaggage.ts"
import type { HeaderLookup } from "./HeaderLookup.ts"
import * as Headers from "./HeaderLookup.ts"
import * as Llmobs from "./LlmobsPropagation.ts"
import type { PropagationSettings, PropagationStyle } from "./PropagationStyle.ts"
import { defaults } from "./PropagationStyle.ts"
import type { PropagationTag } from "./PropagationTag.ts"
import * as Tag from "./PropagationTag.ts"
import * as TraceContext from "./TraceContext.ts"

/**
 * The propagated state of a request.
 *
 * - `traceId` 32 and `parentId` 16 hex characters. Both are missing if there is only baggage or a link; the parent
 * alone if an upstream named a trace without a span
 * - `propagationTags`: `_dd.p.*`, with `_dd.p.tid` when the trace id has more than 64 bits, without the LLM tags
 * - `tracestate`: the members of other vendors, unaltered; `lastParentId`: the tag `_dd.parent_id` of the first span
 * here
 * - `links`: traces of other styles that were not continued
 * - `baggage`: members for the next hop; `baggageTags`: `baggage.*` tags of the first span here
 * - `llmobs`: the LLM trace, unless a browser sent it
 * - `propagationError`: the tag `_dd.propagation_error`
 *
 * @category models
 * @since 0.1.0
 */
export interface Extracted {
  readonly style: PropagationStyle | undefined
  readonly traceId: string | undefined
  readonly parentId: string | undefined
  readonly priority: number | undefined
  readonly origin: string | undefined
  readonly propagationTags: ReadonlyMap<string, string>
  readonly tracestate: ReadonlyArray<string>
  readonly lastParentId: string | undefined
  readonly links: ReadonlyArray<ApmSpanLink>
  readonly baggage: Baggage.Items
  readonly baggageTags: ReadonlyMap<string, string>
  readonly llmobs: Remote | undefined
  readonly propagationError: string | undefined
}

/** The request as one style reads it. */
interface Candidate {
  readonly style: PropagationStyle
  readonly traceId: string
  readonly parentId: string | undefined
  readonly priority: number | undefined
  readonly origin?: string | undefined
  readonly tags: ReadonlyMap<string, string>
  readonly foreign: ReadonlyArray<string>
  readonly tracestate?: string | undefined
  readonly lastParentId?: string | undefined
  readonly propagationError?: string | undefined
}

const noTags: ReadonlyMap<string, string> = new Map()

type Reader = (headers: HeaderLookup, settings: PropagationSettings) => Checked<Omit<Candidate, "style"> | undefined>

const readers: { readonly [S in Exclude<PropagationStyle, "baggage">]: Reader } = {
  datadog: (headers, settings) => {
    const { problems, value } = Datadog.extract(headers, settings.xDatadogTagsMaxLength)
    return { value: value === undefined ? undefined : { ...value, foreign: [] }, problems }
  },
  tracecontext: TraceContext.extract,
  b3: (headers) => Problems.ok(bare(B3.extractSingle(headers))),
  b3multi: (headers) => Problems.ok(bare(B3.extractMulti(headers)))
}

const bare = (b3: B3.Extracted | undefined): Omit<Candidate, "style"> | undefined =>
  b3 === undefined ? undefined : { ...b3, tags: noTags, foreign: [] }

/**
 * Reads the headers of a request. `undefined` if they hold nothing usable.
 *
 * **Details**
 *
 * The first style of `stylesExtract` that finds a trace decides. Traces of other styles become links. If the W3C
 * headers name the same trace, the members of other vendors are kept, and the W3C parent wins: a hop that only speaks
 * W3C stood in between, and the last Datadog span before it is remembered.
 *
 * A 64-bit id without its high half is the same trace as a 128-bit one with the same low half, because an upstream that
 * had to drop `x-datadog-tags` sends such ids.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extract = (
  headers: HeaderLookup,
  settings: PropagationSettings = defaults
): Checked<Extracted | undefined> => {
  if (settings.behaviorExtract === "ignore") return Problems.ok(undefined)
  const problems: Array<Problem> = []
  const candidates = candidatesOf(headers, settings, problems)
  // Computed at most once, and only if the headers hold something that a browser must not decide.
  let trusted: boolean | undefined
  const isTrusted = (): boolean =>
    trusted ??= settings.experimentBaggage === "accept" || !ExperimentBaggage.isBrowserRequest(headers)
  const members = baggageOf(headers, settings, isTrusted, problems)
  const baggage = withoutLlmTrace(members)
  const baggageTags = baggageTagsOf(baggage, settings.baggageTagKeys)
  const trace = resolve(candidates)
  const continued = settings.behaviorExtract === "restart" ? undefined : trace
  const links = continued !== undefined
    ? candidates.filter((other) => !isSameTrace(continued, other)).flatMap((other) =>
      linkTo(other, "terminated_context")
    )
    : trace !== undefined
    ? linkTo(trace, "propagation_behavior_extract")
    : []
  if (continued === undefined && links.length === 0 && members.size === 0) return { value: undefined, problems }
  let llmobs: Checked<Remote | undefined> | undefined
  const restarts = trace !== undefined && continued === undefined
  const llmTags = restarts ? noTags : Llmobs.withBaggage(continued?.tags ?? noTags, members)
  if ([...llmTags.keys()].some(Llmobs.isKey) && isTrusted()) {
    llmobs = Llmobs.read(llmTags, continued?.traceId)
    problems.push(...llmobs.problems)
  }
  return {
    value: {
      style: continued?.style,
      traceId: continued?.traceId,
      parentId: continued?.parentId,
      priority: continued?.priority,
      origin: continued?.origin,
      propagationTags: continued === undefined ? noTags : withHighTraceId(continued),
      tracestate: continued?.foreign ?? [],
      lastParentId: continued?.lastParentId,
      links,
      baggage,
      baggageTags,
      llmobs: llmobs?.value,
      propagationError: continued?.propagationError
    },
    problems
  }
}

const candidatesOf = (
  headers: HeaderLookup,
  settings: PropagationSettings,
  problems: Array<Problem>
): ReadonlyArray<Candidate> => {
  const found: Array<Candidate> = []
  for (const style of settings.stylesExtract) {
    if (style === "baggage" || (settings.extractFirst && found.length > 0)) continue
    const read = readers[style](headers, settings)
    problems.push(...read.problems)
    if (read.value !== undefined) found.push({ ...read.value, style })
  }
  return found
}

const isSameTrace = (a: Candidate, b: Candidate): boolean =>
  a.traceId === b.traceId || (
    TraceId.low64(a.traceId) === TraceId.low64(b.traceId) &&
    (TraceId.high64(a.traceId) === TraceId.zeroHalf || TraceId.high64(b.traceId) === TraceId.zeroHalf)
  )

const resolve = (candidates: ReadonlyArray<Candidate>): Candidate | undefined => {
  let trace = candidates[0]
  if (trace === undefined) return undefined
  for (const other of candidates.slice(1)) {
    if (!isSameTrace(trace, other)) continue
    if (TraceId.high64(trace.traceId) === TraceId.zeroHalf) trace = { ...trace, traceId: other.traceId }
    if (other.style === "tracecontext") trace = withTracestate(trace, other, candidates)
  }
  return trace
}

const withTracestate = (
  trace: Candidate,
  w3c: Candidate,
  candidates: ReadonlyArray<Candidate>
): Candidate => {
  const merged: Candidate = {
    ...trace,
    foreign: w3c.foreign,
    // One family of headers can lack the LLM trace because a hop had to drop it; the other still has it.
    tags: trace.tags.has(Llmobs.keys.parentId) ? trace.tags : withLlmTags(trace.tags, w3c.tags)
  }
  if (trace.parentId === w3c.parentId) return merged
  const datadog = candidates.find((candidate) => candidate.style === "datadog" && isSameTrace(candidate, w3c))
  return { ...merged, parentId: w3c.parentId, lastParentId: w3c.lastParentId ?? datadog?.parentId }
}

const withLlmTags = (
  tags: ReadonlyMap<string, string>,
  more: ReadonlyMap<string, string>
): ReadonlyMap<string, string> => {
  const all = new Map(tags)
  for (const [key, value] of more) if (Llmobs.isKey(key) && !all.has(key)) all.set(key, value)
  return all
}

const withHighTraceId = (trace: Candidate): ReadonlyMap<string, string> => {
  const tags = new Map<string, string>()
  for (const [key, value] of trace.tags) if (!Llmobs.isKey(key)) tags.set(key, value)
  const high = TraceId.high64(trace.traceId)
  if (high !== TraceId.zeroHalf) tags.set(Tag.highTraceId, high)
  return tags
}

const linkTo = (trace: Candidate, reason: string): ReadonlyArray<ApmSpanLink> =>
  trace.parentId === undefined ? [] : [{
    traceId: trace.traceId,
    spanId: trace.parentId,
    attributes: { reason, context_headers: trace.style },
    flags: trace.priority !== undefined && trace.priority > 0 ? 1 : 0,
    ...(trace.style === "tracecontext" && trace.tracestate ? { tracestate: trace.tracestate } : {})
  }]

const baggageOf = (
  headers: HeaderLookup,
  settings: PropagationSettings,
  isTrusted: () => boolean,
  problems: Array<Problem>
): Baggage.Items => {
  const lines = settings.stylesExtract.includes("baggage") ? Headers.lines(headers, "baggage") : []
  if (lines.length === 0) return new Map()
  const read = Baggage.parseStrict(lines)
  problems.push(...read.problems)
  const reserved = [...read.value.keys()].filter(ExperimentBaggage.isKey)
  if (reserved.length === 0 || isTrusted()) return read.value
  // These members are not passed on, because the next service could not see that a browser wrote them.
  const items = new Map(read.value)
  for (const key of reserved) items.delete(key)
  return items
}

const withoutLlmTrace = (members: Baggage.Items): Baggage.Items => {
  let baggage: Map<string, Baggage.Item> | undefined
  for (const key of members.keys()) {
    if (!Llmobs.isBaggageKey(key)) continue
    baggage ??= new Map(members)
    baggage.delete(key)
  }
  return baggage ?? members
}

const baggageTagsOf = (baggage: Baggage.Items, keys: ReadonlyArray<string>): ReadonlyMap<string, string> => {
  const wanted = keys.map((key) => key.trim())
  const tags = new Map<string, string>()
  for (const key of wanted.includes("*") ? baggage.keys() : wanted) {
    const item = baggage.get(key)
    if (key !== "" && item !== undefined) tags.set(`baggage.${key}`, item.value)
  }
  return tags
}

/**
 * The state that is written into the headers of a call.
 *
 * - `traceId` 32 and `spanId` 16 hex characters: the parent of the next service's span. Without them only baggage is
 * written
 * - `lastParentId`: the last Datadog span, if it is not `spanId`
 * - `propagationTags`: `_dd.p.*`; the LLM tags and the high half of the trace id are ignored here, because they are
 * derived from the other fields
 * - `tracestate`: the members of other vendors
 * - `baggage`: received members, or bare values to encode
 * - `llmobs`: the active LLM span as the next service's parent (`parentId` is its span id), or the LLM trace of the
 * request if no span is active; missing without LLM activity
 *
 * @category models
 * @since 0.1.0
 */
export interface Injection {
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  readonly lastParentId?: string | undefined
  readonly priority?: number | undefined
  readonly origin?: string | undefined
  readonly propagationTags?: ReadonlyMap<string, string> | undefined
  readonly tracestate?: ReadonlyArray<string> | undefined
  readonly baggage?: ReadonlyMap<string, Baggage.Item | string> | undefined
  readonly llmobs?: Remote | undefined
}

/**
 * The headers of a call, by lower-case name, as a new record.
 *
 * @category combinators
 * @since 0.1.0
 */
export const inject = (input: Injection, settings: PropagationSettings = defaults): Record<string, string> =>
  injectChecked(input, settings).value

/**
 * The headers of a call, and problems with values that could not be written.
 *
 * @category combinators
 * @since 0.1.0
 */
export const injectChecked = (
  input: Injection,
  settings: PropagationSettings = defaults
): Checked<Record<string, string>> => {
  const headers: Record<string, string> = {}
  const problems: Array<Problem> = []
  const styles = new Set(settings.stylesInject)
  if (styles.has("baggage") && input.baggage !== undefined && input.baggage.size > 0) {
    const rendered = Baggage.render(input.baggage)
    problems.push(...rendered.problems)
    if (rendered.value !== "") headers["baggage"] = rendered.value
  }
  const { origin, spanId, traceId } = input
  if (traceId === undefined || spanId === undefined || !TraceId.isValid(traceId) || !SpanId.isValid(spanId)) {
    return { value: headers, problems }
  }
  const priority = Number.isInteger(input.priority) ? input.priority : undefined
  const carriesTags = styles.has("datadog") || styles.has("tracecontext")
  const llmobs = carriesTags ? Llmobs.write(input.llmobs) : Problems.ok([])
  problems.push(...llmobs.problems)
  const tags = carriesTags ? [...apmTags(input.propagationTags), ...llmobs.value] : []
  const high = TraceId.high64(traceId)
  const highTag = (rank: number): ReadonlyArray<PropagationTag> =>
    high === TraceId.zeroHalf ? [] : [{ key: Tag.highTraceId, value: high, rank, exact: true }]
  if (styles.has("datadog")) {
    const tagsMaxLength = settings.xDatadogTagsMaxLength
    Object.assign(
      headers,
      Datadog.inject({
        traceId,
        spanId,
        priority,
        origin,
        tags: [...tags, ...highTag(Tag.rank.traceId)],
        tagsMaxLength
      })
    )
  }
  if (styles.has("b3multi")) Object.assign(headers, B3.injectMulti(traceId, spanId, priority))
  if (styles.has("b3")) Object.assign(headers, B3.injectSingle(traceId, spanId, priority))
  if (styles.has("tracecontext")) {
    const last = input.lastParentId
    headers["traceparent"] = TraceContext.renderTraceparent(traceId, spanId, priority)
    headers["tracestate"] = TraceContext.renderTracestate({
      lastParentId: last !== undefined && SpanId.isValid(last) ? last : spanId,
      priority,
      origin,
      // Datadog's tracers repeat the high half of `traceparent` in their own headers, if there is room.
      tags: styles.has("datadog") ? [...tags, ...highTag(Tag.rank.redundant)] : tags,
      foreign: input.tracestate ?? []
    })
  }
  return { value: headers, problems }
}

const apmTags = (tags: ReadonlyMap<string, string> = noTags): ReadonlyArray<PropagationTag> => {
  const written: Array<PropagationTag> = []
  const decisionMaker = tags.get(Tag.decisionMaker)
  if (decisionMaker !== undefined && Tag.isDecisionMaker(decisionMaker)) {
    written.push({ key: Tag.decisionMaker, value: decisionMaker, rank: Tag.rank.decisionMaker, exact: true })
  }
  for (const [key, value] of tags) {
    if (key === Tag.decisionMaker || key === Tag.highTraceId || Llmobs.isKey(key) || !Tag.isKey(key)) continue
    // Each tag gets a rank of its own: the last one is left out first.
    written.push({ key, value, rank: Tag.rank.other + written.length / 1_000_000, exact: false })
  }
  return written
}
