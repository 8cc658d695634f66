/**
 * W3C trace context: `traceparent`, and `tracestate` with Datadog's member `dd=`.
 *
 * **Details**
 *
 * The members of other vendors are not altered and keep their order; ours goes first. `dd=` holds the fields that
 * `traceparent` lacks: the sampling priority (`s`), the origin (`o`), the last Datadog span (`p`) and the tags that
 * travel (`t.<name>` for `_dd.p.<name>`).
 *
 * @since 0.1.0
 */
import type { Checked, Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import * as SpanId from "../span/SpanId.ts"
import * as TraceId from "../span/TraceId.ts"
import * as Datadog from "./DatadogHeaders.ts"
import type { HeaderLookup } from "./HeaderLookup.ts"
import * as Headers from "./HeaderLookup.ts"
import type { PropagationTag } from "./PropagationTag.ts"
import * as Tag from "./PropagationTag.ts"

// Limits of `tracestate`: members in all, characters of a foreign member, of all foreign members together, of the `dd=`
// member, and of an incoming header.
const limits = { members: 32, foreignMember: 512, foreign: 3_839, dd: 256, header: 4_096 } as const

/**
 * A `traceparent`. `flags` is the whole byte; `sampled` is its lowest bit.
 *
 * @category models
 * @since 0.1.0
 */
export interface Traceparent {
  readonly traceId: string
  readonly parentId: string
  readonly flags: number
  readonly sampled: boolean
}

/**
 * Datadog's member of `tracestate`. `lastParentId` is not decoded: it becomes the tag `_dd.parent_id`.
 *
 * @category models
 * @since 0.1.0
 */
export interface DatadogMember {
  readonly priority: number | undefined
  readonly origin: string | undefined
  readonly lastParentId: string | undefined
  readonly tags: ReadonlyMap<string, string>
}

/**
 * A `tracestate`: Datadog's member, the other members unaltered, and the whole as one text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tracestate {
  readonly dd: DatadogMember | undefined
  readonly foreign: ReadonlyArray<string>
  readonly text: string
}

/**
 * The trace of a request, flags and priority brought into agreement.
 *
 * @category models
 * @since 0.1.0
 */
export interface Extracted {
  readonly traceId: string
  readonly parentId: string
  readonly priority: number | undefined
  readonly origin: string | undefined
  readonly lastParentId: string | undefined
  readonly tags: ReadonlyMap<string, string>
  readonly foreign: ReadonlyArray<string>
  readonly tracestate: string
}

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Reads a `traceparent`. Future versions may have more fields. Version `ff` and zero ids are invalid.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseTraceparent = (text: string): Traceparent | undefined => {
  const match = text.length > 512 ? null : traceparent.exec(text.trim())
  if (match === null) return undefined
  const [, version, traceId, parentId, flagsText, future] = match
  if (version === "ff" || (version === "00" && future !== undefined) || future === "-") return undefined
  if (!TraceId.isValid(traceId!) || !SpanId.isValid(parentId!)) return undefined
  const flags = Number.parseInt(flagsText!, 16)
  return { traceId: traceId!, parentId: parentId!, flags, sampled: (flags & 1) === 1 }
}

const printable = /^[\x20-\x7e]+$/

/**
 * Reads a `tracestate` (the lines of the header joined by commas). A malformed or over-long member is left out alone; a
 * header above the limit is dropped.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseTracestate = (text: string): Checked<Tracestate> => {
  if (text.length > limits.header) {
    return { value: { dd: undefined, foreign: [], text: "" }, problems: [bad("is above the length limit")] }
  }
  const members = text.split(",").map((member) => member.trim()).filter((member) => member !== "")
  const legal = members.filter((member) => printable.test(member) && member.indexOf("=") > 0)
  const others = legal.filter((member) => !member.startsWith("dd="))
  const ours = legal.findLast((member) => member.startsWith("dd="))
  const foreign = foreignWithinLimits(others)
  const problems = legal.length < members.length || foreign.length < others.length
    ? [bad("has members that are malformed or above the limits")]
    : Problems.none
  return {
    value: {
      dd: ours === undefined ? undefined : parseMember(ours.slice(3)),
      foreign,
      text: (ours === undefined ? foreign : [ours, ...foreign]).join(",")
    },
    problems
  }
}

const bad = (what: string): Problem =>
  Problems.make("invalid_tracestate", `The tracestate header ${what}; what could not be kept was left out.`)

const foreignWithinLimits = (members: ReadonlyArray<string>): ReadonlyArray<string> => {
  const kept: Array<string> = []
  let length = 0
  for (const member of members) {
    if (kept.length === limits.members - 1) break
    if (member.length > limits.foreignMember) continue
    length += member.length + 1
    if (length > limits.foreign + 1) break
    kept.push(member)
  }
  return kept
}

const parseMember = (text: string): DatadogMember => {
  const tags = new Map<string, string>()
  const fields = new Map<string, string>()
  for (const field of text.split(";")) {
    const colon = field.indexOf(":")
    if (colon < 1) continue
    const name = field.slice(0, colon).trim()
    const value = field.slice(colon + 1).trim()
    if (!name.startsWith("t.")) fields.set(name, value)
    else {
      const key = Tag.prefix + name.slice(2)
      const decoded = value.replaceAll("~", "=")
      if (Tag.isKey(key) && Tag.isValue(decoded) && key !== Tag.highTraceId && key !== "_dd.p.upstream_services") {
        tags.set(key, decoded)
      }
    }
  }
  if (!Tag.isDecisionMaker(tags.get(Tag.decisionMaker) ?? "")) tags.delete(Tag.decisionMaker)
  return {
    priority: Datadog.priorityOf(fields.get("s")),
    origin: Datadog.originOf(fields.get("o")?.replaceAll("~", "=")),
    lastParentId: fields.get("p")?.slice(0, 64) || undefined,
    tags
  }
}

/**
 * Reads the trace of a request. `undefined` without a valid `traceparent`.
 *
 * **Details**
 *
 * If the flag of `traceparent` and the priority in `dd=` disagree about keeping the trace, the flag wins, because a hop
 * in between has decided anew. A trace kept by the flag gets priority 1 and the default decision maker, a rejected one
 * gets priority 0 and none. RUM sends its origin without a priority if it has not decided; then there is no priority.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extract = (headers: HeaderLookup): Checked<Extracted | undefined> => {
  const text = Headers.text(headers, "traceparent")
  if (text === undefined) return Problems.ok(undefined)
  const parent = parseTraceparent(text)
  if (parent === undefined) {
    return {
      value: undefined,
      problems: [Problems.make("invalid_traceparent", "The traceparent header is not valid and was ignored.")]
    }
  }
  const state = parseTracestate(Headers.text(headers, "tracestate") ?? "")
  const dd = state.value.dd
  const tags = new Map(dd?.tags)
  const priority = reconcile(parent.sampled, dd, tags)
  return {
    value: {
      traceId: parent.traceId,
      parentId: parent.parentId,
      priority,
      origin: dd?.origin,
      lastParentId: dd?.lastParentId,
      tags,
      foreign: state.value.foreign,
      tracestate: state.value.text
    },
    problems: state.problems
  }
}

const reconcile = (
  sampled: boolean,
  dd: DatadogMember | undefined,
  tags: Map<string, string>
): number | undefined => {
  const priority = dd?.priority
  if (priority === undefined) return dd?.origin === "rum" ? undefined : sampled ? 1 : 0
  if (sampled === (priority > 0)) return priority
  if (sampled) tags.set(Tag.decisionMaker, "-0")
  else tags.delete(Tag.decisionMaker)
  return sampled ? 1 : 0
}

/**
 * The `traceparent` of a span: flag `01` when the priority keeps the trace.
 *
 * @category combinators
 * @since 0.1.0
 */
export const renderTraceparent = (traceId: string, spanId: string, priority: number | undefined): string =>
  `00-${traceId}-${spanId}-${priority !== undefined && priority > 0 ? "01" : "00"}`

/**
 * The `tracestate` of a span: our member within 256 characters, then the members of other vendors, 32 in all.
 *
 * @category combinators
 * @since 0.1.0
 */
export const renderTracestate = (input: {
  /** The last Datadog span: 16 hex characters. */
  readonly lastParentId: string
  readonly priority: number | undefined
  readonly origin: string | undefined
  readonly tags: ReadonlyArray<PropagationTag>
  readonly foreign: ReadonlyArray<string>
}): string => {
  const fields = [{ text: `p:${input.lastParentId}`, rank: Tag.rank.traceId as number }]
  if (input.priority !== undefined) fields.push({ text: `s:${input.priority}`, rank: Tag.rank.traceId })
  const origin = Datadog.originOf(input.origin)
  if (origin !== undefined) fields.push({ text: `o:${encode(origin)}`, rank: Tag.rank.origin })
  for (const tag of input.tags) {
    if (!Tag.isKey(tag.key) || (tag.exact && !isExact(tag.value))) continue
    const name = tag.key.slice(Tag.prefix.length).replaceAll(":", "_").replaceAll(";", "_")
    fields.push({ text: `t.${name}:${encode(tag.value)}`, rank: tag.rank })
  }
  const dd = "dd=" + Tag.fit(fields, limits.dd - 3).map((field) => field.text).join(";")
  const foreign = input.foreign.map((member) => member.trim()).filter((member) =>
    printable.test(member) && !member.includes(",") && member.indexOf("=") > 0 && !member.startsWith("dd=")
  )
  return [dd, ...foreignWithinLimits(foreign)].join(",")
}

const isExact = (value: string): boolean => Tag.isValue(value) && !value.includes(";") && !value.includes("~")

// The tilde stands for the equals sign, so an original tilde cannot be kept.
const encode = (value: string): string => value.trim().replace(/[^\x20-\x7e]|[,;~]/g, "_").replaceAll("=", "~")
