/**
 * Follows a request through the services of a row, and compares what each of them reported to the Agent with what the
 * one before it sent.
 *
 * @since 0.1.0
 */
import type { DevAgent } from "../../src/adapters/devagent/DevAgent.ts"
import type { ReceivedEvent } from "../../src/adapters/devagent/ReceivedEvents.ts"
import * as TracePayload from "../../src/adapters/devagent/TracePayload.ts"
import type { Report } from "./Plan.ts"
import type { Hop, Row } from "./Rows.ts"
import { appOf, isExporting } from "./Rows.ts"

/**
 * What fell short; empty when the row held.
 *
 * @category models
 * @since 0.1.0
 */
export type Shortcomings = ReadonlyArray<string>

/** The LLM context that a request carries from service to service. */
interface Carried {
  readonly parentId?: string | undefined
  readonly traceId?: string | undefined
  readonly mlApp?: string | undefined
  readonly sessionId?: string | undefined
  readonly agent?: { readonly name: string | null; readonly spanId: string } | undefined
  readonly retention?: string | undefined
}

/** The APM trace as it left the service before, as far as anyone heard of it. */
interface Trail {
  readonly traceId?: string | undefined
  /** The spans, in decimal, that the next service can be called by. */
  readonly callers?: ReadonlySet<string> | undefined
  readonly priority?: number | undefined
  /** Who decided the priority; said of kept traces only, since tracers differ in whether they tell it of others. */
  readonly decisionMaker?: string | undefined
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const judge = (
  row: Row,
  report: Report,
  agent: DevAgent,
  browserSession: string | undefined
): Shortcomings => {
  const short: Array<string> = []
  const reports = flatten(report)
  if (reports.length !== row.hops.length) return [`${reports.length} of ${row.hops.length} services answered`]
  let carried: Carried = {}
  let trail: Trail = {}
  for (const [i, hop] of row.hops.entries()) {
    const said = reports[i]!
    const expect: Expect = (what, actual, expected) => {
      if (actual !== expected) short.push(`${hop.name}: ${what} is ${text(actual)}, not ${text(expected)}`)
    }
    if (said.caller !== undefined) {
      if (trail.traceId !== undefined) expect("the trace id", said.caller.traceId, trail.traceId)
      trail = {
        traceId: said.caller.traceId,
        callers: new Set([BigInt(`0x${said.caller.spanId}`).toString()]),
        priority: trail.priority,
        decisionMaker: trail.decisionMaker
      }
    } else {
      trail = apm(row, hop, said, trail, agent, expect)
      carried = llm(row, hop, said, carried, trail, agent, browserSession, expect)
    }
    if (hop.forgets !== undefined) {
      trail = { ...trail, decisionMaker: undefined, ...(hop.forgets === "decision" ? { priority: undefined } : {}) }
    }
  }
  for (const [name, part] of Object.entries(row.passes ?? {})) {
    const received = reports.at(-1)!.received[name]
    if (received?.includes(part) !== true) {
      short.push(`the last request has no ${part} in its ${name}: ${text(received)}`)
    }
  }
  return short
}

type Expect = (what: string, actual: unknown, expected: unknown) => void

const text = (u: unknown): string => u === undefined ? "absent" : JSON.stringify(u)

const flatten = (report: Report): ReadonlyArray<Report> =>
  report.next === undefined ? [report] : [report, ...flatten(report.next)]

const apm = (row: Row, hop: Hop, said: Report, before: Trail, agent: DevAgent, expect: Expect): Trail => {
  const innermost = said.spans.at(-1)?.spanId
  const chunks = agent.traces().flatMap((chunk) => {
    const normalised = TracePayload.normalise(chunk)
    const isOfHop = chunk.some((span) => span.service === hop.name) &&
      (innermost === undefined || chunk.some((span) => span.spanId.toString() === innermost))
    return normalised.ok && isOfHop ? [normalised.chunk] : []
  })
  if (!isExporting(hop)) {
    expect("the number of its APM chunks", chunks.length, 0)
    const event = agent.events().find((arrived) => arrived.spanId === innermost)
    return { ...before, traceId: event?.apmTraceId, callers: undefined }
  }
  const spans = new Map(chunks.flatMap((chunk) => chunk.spans.map((span) => [span.spanId.toString(), span])))
  const roots = [...spans.values()].filter((span) => !spans.has(span.parentId.toString()))
  expect("the number of its local roots", roots.length, 1)
  const root = roots[0]
  if (root === undefined) return {}
  const traceId = [chunks[0]!.traceIdHigh, chunks[0]!.traceIdLow].map((half) => half.toString(16).padStart(16, "0"))
    .join("")
  const priority = root.metrics["_sampling_priority_v1"]
  const decisionMaker = (priority ?? 0) > 0 ? root.meta["_dd.p.dm"] : undefined
  const expected = hop.priority ?? row.priority
  if (expected !== undefined) expect("the priority", priority, expected)
  else expect("a priority that keeps the trace", priority !== undefined && priority > 0, true)
  if (before.priority !== undefined) expect("the priority", priority, before.priority)
  if (before.decisionMaker !== undefined) expect("the decision maker", decisionMaker, before.decisionMaker)
  if (row.origin !== undefined) expect("the origin", root.meta["_dd.origin"], row.origin)
  if (before.traceId !== undefined) expect("the trace id", traceId, before.traceId)
  if (before.callers !== undefined) {
    expect("a parent in the service before", before.callers.has(root.parentId.toString()), true)
  }
  const isUnder = (id: string, ancestor: string): boolean => {
    const parent = spans.get(id)?.parentId.toString()
    return id === ancestor || (parent !== undefined && isUnder(parent, ancestor))
  }
  return {
    traceId,
    callers: new Set([...spans.keys()].filter((id) => isUnder(id, innermost ?? root.spanId.toString()))),
    priority,
    decisionMaker
  }
}

const llm = (
  row: Row,
  hop: Hop,
  said: Report,
  incoming: Carried,
  trail: Trail,
  agent: DevAgent,
  browserSession: string | undefined,
  expect: Expect
): Carried => {
  expect("the number of its LLM spans", said.spans.length, hop.spans.length)
  const ours = hop.tracer === "ours"
  let session = incoming.sessionId
  let isVouched = true
  if (ours && session === undefined && browserSession !== undefined) {
    session = browserSession
    isVouched = false
  }
  let carried: Carried = incoming
  let experiment = ours ? row.experimentId : undefined
  for (const [i, planned] of hop.spans.entries()) {
    const span = said.spans[i]!
    const found = agent.events().filter((event) => event.spanId === span.spanId)
    expect(`the number of events of ${planned.name}`, found.length, 1)
    if (found[0] === undefined) continue
    const event = read(found[0])
    const check = (what: string, actual: unknown, expected: unknown) =>
      expect(`the ${what} of ${planned.name}`, actual, expected)
    if (planned.sessionId !== undefined) {
      session = planned.sessionId
      isVouched = true
    }
    experiment = planned.experimentId ?? experiment
    // Datadog's tracer takes an application over with a parent only.
    const isIgnored = carried.parentId === undefined && hop.tracer !== "ours"
    const mlApp = isIgnored ? appOf(hop) : carried.mlApp ?? appOf(hop)
    check("LLM parent", event.parentId, carried.parentId ?? "undefined")
    check("LLM trace id", event.traceId, carried.traceId ?? span.traceId)
    check("LLM trace id said", event.traceId, span.traceId)
    check("application", event.mlApp, mlApp)
    check("session", event.sessionId, session)
    check("agent", text(event.agent), text(carried.agent))
    if (carried.parentId !== undefined) check("retention", event.retention, carried.retention)
    if (trail.traceId !== undefined) check("APM trace id", event.apmTraceId, trail.traceId)
    check("route", found[0].via, ours && isExporting(hop) && (hop.priority ?? row.priority ?? 1) > 0 ? "trace" : "evp")
    if (ours) {
      check("scope", event.scope, experiment === undefined ? undefined : "experiments")
      check("experiment", event.experimentId, experiment)
    }
    carried = {
      parentId: span.spanId,
      traceId: span.traceId,
      mlApp,
      sessionId: isVouched ? session : undefined,
      agent: planned.kind === "agent" ? { name: planned.name, spanId: span.spanId } : carried.agent,
      retention: event.retention
    }
  }
  return hop.leaves === undefined ? carried : { ...carried, ...hop.leaves(carried) }
}

const read = (received: ReceivedEvent) => {
  const event = received.event as {
    readonly parent_id?: string
    readonly session_id?: string
    readonly tags?: ReadonlyArray<string>
    readonly meta?: {
      readonly agent_attribution?: { readonly pagent_name: string | null; readonly pagent_span_id: string }
    }
    readonly _dd?: {
      readonly sample_rate?: unknown
      readonly sampling_decision?: unknown
      readonly scope?: string
    }
  }
  const tag = (key: string) => event.tags?.find((entry) => entry.startsWith(`${key}:`))?.slice(key.length + 1)
  const attribution = event.meta?.agent_attribution
  return {
    parentId: event.parent_id,
    traceId: received.traceId,
    apmTraceId: received.apmTraceId,
    mlApp: tag("ml_app"),
    sessionId: event.session_id,
    agent: attribution === undefined
      ? undefined
      : { name: attribution.pagent_name, spanId: attribution.pagent_span_id },
    retention: `${event._dd?.sample_rate}/${event._dd?.sampling_decision}`,
    scope: event._dd?.scope,
    experimentId: tag("experiment_id")
  }
}
