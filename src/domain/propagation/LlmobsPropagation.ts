/**
 * The LLM trace across services: its parent, trace id, application, session, retention decision and agent, as tags that
 * travel with the APM trace.
 *
 * **Details**
 *
 * The keys are those of Datadog's SDKs for Python, Node and Go. A value that no header can hold is left out with its
 * key. Nothing is written without LLM activity.
 *
 * @since 0.1.0
 */
import type { Checked, Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"
import type { Remote, Retention } from "../span/SpanContext.ts"
import { undefinedParent } from "../span/SpanContext.ts"
import * as SpanId from "../span/SpanId.ts"
import * as TraceId from "../span/TraceId.ts"
import * as Baggage from "./Baggage.ts"
import type { PropagationTag } from "./PropagationTag.ts"
import * as Tag from "./PropagationTag.ts"

/**
 * The keys on the wire.
 *
 * @category constants
 * @since 0.1.0
 */
export const keys = {
  parentId: "_dd.p.llmobs_parent_id",
  traceId: "_dd.p.llmobs_trace_id",
  mlApp: "_dd.p.llmobs_ml_app",
  sessionId: "_dd.p.llmobs_sid",
  sampleRate: "_dd.p.llmobs_sr",
  samplingDecision: "_dd.p.llmobs_sd",
  agentSpanId: "_dd.p.llmobs_pagent_span_id",
  agentName: "_dd.p.llmobs_pagent_name"
} as const

const known: ReadonlySet<string> = new Set(Object.values(keys))

/**
 * Whether a propagation tag belongs to the LLM trace.
 *
 * @category guards
 * @since 0.1.0
 */
export const isKey = (key: string): boolean => known.has(key)

// The prefix of baggage members that carry the LLM trace: `llmobs.parent_id` has the meaning of the tag
// `_dd.p.llmobs_parent_id`. The prefix is reserved: such a member is read here and never passed on, because the next
// service would take a stale parent for its own.
const baggagePrefix = "llmobs."

/**
 * Whether a baggage member belongs to the LLM trace.
 *
 * @category guards
 * @since 0.1.0
 */
export const isBaggageKey = (key: string): boolean => key.startsWith(baggagePrefix)

/**
 * The LLM tags of a request, combined with those in its baggage. Baggage that names a parent replaces the tags as a
 * whole, because baggage can pass a hop that drops or rewrites the other headers.
 *
 * **Details**
 *
 * The names after the prefix are those of the tags. Trace ids are hexadecimal in baggage and decimal in tags.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withBaggage = (
  tags: ReadonlyMap<string, string>,
  baggage: ReadonlyMap<string, { readonly value: string }>
): ReadonlyMap<string, string> => {
  const named = new Map<string, string>()
  for (const key of Object.values(keys)) {
    const item = baggage.get(baggagePrefix + key.slice("_dd.p.llmobs_".length))
    if (item === undefined || !Baggage.isLabel(item.value)) continue
    named.set(key, key === keys.traceId ? traceIdToWire(item.value) : item.value)
  }
  if (named.size === 0) return tags
  return named.has(keys.parentId) ? named : new Map([...named, ...tags])
}

/**
 * Reads a trace id that another service wrote.
 *
 * **Details**
 *
 * A trace id is decimal on the wire: up to 64 bits it is kept, above that it becomes 32 hex characters. Text of 32 hex
 * characters that cannot be decimal (it has a letter or begins with `0`) is already an id, and any other text is a
 * custom id. Apply this exactly once: 32 digits without a leading zero are read as a decimal.
 *
 * @category combinators
 * @since 0.1.0
 */
export const traceIdFromWire = (text: string): string | undefined => {
  if (text === "") return undefined
  if (hex32.test(text) && (text[0] === "0" || !digits.test(text))) return text.toLowerCase()
  if (!digits.test(text)) return text
  const id = TraceId.fromDecimal(text)
  return id === undefined ? undefined : TraceId.toText(id)
}

/**
 * The wire form of a trace id: 32 hex characters become a decimal, which every SDK reads; other ids stay.
 *
 * @category combinators
 * @since 0.1.0
 */
export const traceIdToWire = (traceId: string): string => hex32.test(traceId) ? TraceId.toDecimal(traceId) : traceId

const hex32 = /^[0-9a-fA-F]{32}$/
const digits = /^[0-9]+$/
const decimal = /^(?:0|[1-9][0-9]*)(?:\.[0-9]{1,20})?(?:e-[0-9]{1,3})?$/

/**
 * Reads the LLM context from the tags of a request. `undefined` if they hold none.
 *
 * **Details**
 *
 * If the parent id is absent or the text `undefined`, the application, the session and the retention decision hold for
 * the new trace; the trace id is ignored, because some SDKs make a new one for every request. A parent without an LLM
 * trace id belongs to the LLM trace that is named after the APM trace, `apmTraceId` (32 hex characters). A parent id
 * that is not a number is `invalid_parent_id`. An incomplete retention decision is ignored.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (tags: ReadonlyMap<string, string>, apmTraceId?: string): Checked<Remote | undefined> => {
  const problems: Array<Problem> = []
  const mlApp = tags.get(keys.mlApp) || undefined
  const sessionId = tags.get(keys.sessionId) || undefined
  const parentId = parentIdOf(tags.get(keys.parentId), problems)
  const retention = retentionOf(tags, problems)
  if (parentId === undefined) {
    const isNothing = mlApp === undefined && sessionId === undefined && retention === undefined
    return { value: isNothing ? undefined : { mlApp, sessionId, retention }, problems }
  }
  return {
    value: {
      parentId,
      traceId: traceIdFromWire(tags.get(keys.traceId) ?? "") ??
        (apmTraceId === undefined ? undefined : TraceId.toText(apmTraceId)),
      mlApp,
      sessionId,
      retention,
      agent: agentOf(tags, problems)
    },
    problems
  }
}

const parentIdOf = (text: string | undefined, problems: Array<Problem>): string | undefined => {
  if (text === undefined || text === "" || text === undefinedParent) return undefined
  const id = SpanId.fromDecimal(text)
  if (id !== undefined) return SpanId.toDecimal(id)
  problems.push(Problems.make(
    "invalid_parent_id",
    "The LLM parent id of the request is not a decimal 64-bit number; its LLM spans start a new trace."
  ))
  return undefined
}

const retentionOf = (tags: ReadonlyMap<string, string>, problems: Array<Problem>): Retention | undefined => {
  const sampleRate = tags.get(keys.sampleRate)
  const samplingDecision = tags.get(keys.samplingDecision)
  if (sampleRate === undefined && samplingDecision === undefined) return undefined
  if (
    sampleRate !== undefined && decimal.test(sampleRate) && Number(sampleRate) <= 1 &&
    (samplingDecision === "0" || samplingDecision === "1")
  ) {
    return { sampleRate, samplingDecision }
  }
  problems.push(unusable("sampling decision"))
  return undefined
}

const agentOf = (tags: ReadonlyMap<string, string>, problems: Array<Problem>): Remote["agent"] => {
  const text = tags.get(keys.agentSpanId)
  if (text === undefined) return undefined
  const id = SpanId.fromDecimal(text)
  if (id !== undefined) return { name: tags.get(keys.agentName) || null, spanId: SpanId.toDecimal(id) }
  problems.push(unusable("agent's span id"))
  return undefined
}

const unusable = (what: string): Problem =>
  Problems.make("invalid_datadog_headers", `The LLM ${what} of the request is not usable and was left out.`)

/**
 * The tags of an LLM context, in the order of the wire, with the ranks by which they are left out.
 *
 * **Details**
 *
 * The caller judges the session: one from a browser or a request body must not be passed on.
 *
 * @category combinators
 * @since 0.1.0
 */
export const write = (context: Remote | undefined): Checked<ReadonlyArray<PropagationTag>> => {
  if (context === undefined) return Problems.ok([])
  const { agent, mlApp, parentId, retention, sessionId, traceId } = context
  const tags: Array<PropagationTag> = []
  const problems: Array<Problem> = []
  const add = (key: string, value: string | null | undefined, rank: number): void => {
    if (value === undefined || value === null || value === "") return
    if (Tag.isValue(value)) tags.push({ key, value, rank, exact: true })
    else problems.push(unwritable(key))
  }
  add(keys.sessionId, sessionId, Tag.rank.session)
  if (parentId !== undefined && parentId !== undefinedParent) {
    if (SpanId.fromDecimal(parentId) === undefined) problems.push(unwritable(keys.parentId))
    else {
      add(keys.parentId, parentId, Tag.rank.llmParent)
      add(keys.traceId, traceId === undefined ? undefined : traceIdToWire(traceId), Tag.rank.llmParent)
    }
  }
  add(keys.mlApp, mlApp, Tag.rank.mlApp)
  add(keys.sampleRate, retention?.sampleRate, Tag.rank.sampling)
  add(keys.samplingDecision, retention?.samplingDecision, Tag.rank.sampling)
  if (agent !== undefined) {
    if (SpanId.fromDecimal(agent.spanId) === undefined) problems.push(unwritable(keys.agentSpanId))
    else {
      add(keys.agentSpanId, agent.spanId, Tag.rank.agentSpanId)
      add(keys.agentName, agent.name, Tag.rank.agentName)
    }
  }
  return { value: tags, problems }
}

const unwritable = (key: string): Problem =>
  Problems.make(
    "invalid_datadog_headers",
    "A value cannot be written into headers (printable ASCII without comma only); only its own key was left out.",
    key
  )
