/**
 * The spans of dd-trace that carry events, and the moment in which dd-trace takes them.
 *
 * **Details**
 *
 * dd-trace publishes the end of each span on a diagnostics channel, right before it looks whether the finished spans of
 * the trace leave: when none is open any more, or when enough are finished. In that step the waiting events of the trace
 * are decided. The sampling priority is read by `tracer.inject`, which makes dd-trace decide; it would do so in the next
 * line.
 */
import * as DiagnosticsChannel from "node:diagnostics_channel"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import * as WireFormat from "../../domain/event/WireFormat.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { HostCarrier, HostDeparture, HostEngine, HostSpan, HostTrace } from "../../ports/HostTracer.ts"
import * as CallHeaders from "./CallHeaders.ts"
import type { DdSpan, DdSpanContext, DdTrace, DdTracer, StructSpan } from "./DdTraceApi.ts"
import { hidden, idsOf, tagOf, traceOf } from "./DdTraceApi.ts"
import * as EncoderProbe from "./EncoderProbe.ts"
import type { HostFacts } from "./HostFacts.ts"

export interface HostSpans {
  /** The carrier of an LLM Observability span. `undefined` if the span has no known form. */
  readonly carrier: (span: DdSpan) => HostCarrier | undefined
  /** Looks after the end of a span whether dd-trace published it. */
  readonly check: (span: DdSpan) => void
  readonly close: () => void
}

const format = WireFormat.table["trace-agent"]

/** Makes the spans of one layer, and listens until `close`. */
export const make = (options: {
  readonly tracer: DdTracer
  readonly facts: HostFacts
  readonly engine: Pick<HostEngine, "trace" | "diagnostics">
  /** Called when a span with an event ended and dd-trace did not say so. */
  readonly onUnheard: () => void
}): HostSpans => {
  const { engine, facts, tracer } = options
  const traces = new WeakMap<DdTrace, HostTrace>()
  const hosts = new WeakMap<DdSpan, Host>()

  // The headers of the question go nowhere.
  let isAsking = false
  const priorityOf = (span: DdSpan): number | undefined => {
    const carrier: { [name: string]: string } = {}
    isAsking = true
    try {
      tracer.inject(span, "text_map", carrier)
    } finally {
      isAsking = false
    }
    const told = carrier["x-datadog-sampling-priority"] ?? hidden(span.context(), "_sampling", "priority")
    const priority = Number(told)
    return told === undefined || !Number.isInteger(priority) ? undefined : priority
  }

  const onFinish = (message: unknown): void => {
    const span = message as DdSpan
    try {
      const own = hosts.get(span)
      if (own !== undefined) own.isHeard = true
      const trace = traceOf(span)
      const host = trace && traces.get(trace)
      if (trace === undefined || host === undefined || !host.isWaiting()) return
      if (trace.started.length !== trace.finished.length && trace.finished.length < facts.flushMinSpans) return
      host.depart(departureOf(trace, span, priorityOf(span), isOff(tracer)))
    } catch (error) {
      engine.diagnostics.defect("dd-trace.finish", error)
    }
  }

  const hostOf = (trace: DdTrace): HostTrace => {
    let host = traces.get(trace)
    if (host === undefined) traces.set(trace, host = engine.trace())
    return host
  }

  const onInject = (message: unknown): void => {
    try {
      const carried = isAsking || hidden(tracer, "llmobs", "enabled") === true
        ? undefined
        : CallHeaders.nearest(hosts, hidden(message, "spanContext") as DdSpanContext)?.carried()
      if (carried !== undefined) CallHeaders.add(message as CallHeaders.Injecting, carried)
    } catch (error) {
      engine.diagnostics.defect("dd-trace.inject", error)
    }
  }

  DiagnosticsChannel.subscribe("dd-trace:span:inject", onInject)
  DiagnosticsChannel.subscribe("dd-trace:span:finish", onFinish)
  return {
    carrier: (span) => {
      const ids = idsOf(span)
      const trace = traceOf(span)
      if (ids === undefined || trace === undefined) return undefined
      const host = new Host(span, ids, trace, facts)
      hosts.set(span, host)
      return hostOf(trace).carrier(host)
    },
    check: (span) => {
      if (hosts.get(span)?.isHeard === false) options.onUnheard()
    },
    close: () => {
      DiagnosticsChannel.unsubscribe("dd-trace:span:inject", onInject)
      DiagnosticsChannel.unsubscribe("dd-trace:span:finish", onFinish)
    }
  }
}

class Host implements HostSpan {
  readonly traceId: string
  readonly spanId: string
  readonly service: string
  readonly span: StructSpan
  readonly trace: DdTrace
  readonly facts: HostFacts
  isHeard = false
  /** The tags by which a call from the span carries its LLM trace. */
  carried: () => ReadonlyMap<string, string> = () => noTags
  #struct: { readonly of: SpanRecord; readonly value: MetaStruct.MetaStruct } | undefined

  constructor(
    span: DdSpan,
    ids: { readonly traceId: string; readonly spanId: string },
    trace: DdTrace,
    facts: HostFacts
  ) {
    this.traceId = ids.traceId
    this.spanId = ids.spanId
    this.service = tagOf(span, "service.name")
    this.span = span as StructSpan
    this.trace = trace
    this.facts = facts
  }

  tag(key: string, value: string | number): void {
    this.span.setTag(key, value)
  }

  rename(name: string): void {
    this.span.setOperationName(name)
  }

  link(carried: () => ReadonlyMap<string, string>): void {
    this.carried = carried
  }

  hasEnded(): boolean {
    return hidden(this.span, "_duration") !== undefined
  }

  isHeld(): boolean {
    return this.trace.started.includes(this.span)
  }

  // An event of dd-trace's own LLM Observability may be there.
  canCarry(record: SpanRecord): boolean {
    return this.span.meta_struct?.[MetaStruct.key] === undefined &&
      EncoderProbe.keepsAll(this.render(record), this.facts.kept)
  }

  carry(record: SpanRecord): void {
    this.span.meta_struct = { ...this.span.meta_struct, [MetaStruct.key]: this.render(record) }
  }

  private render(record: SpanRecord): MetaStruct.MetaStruct {
    if (this.#struct?.of !== record) this.#struct = { of: record, value: MetaStruct.render(record, format) }
    return this.#struct.value
  }
}

// dd-trace can be switched off while it runs; it then forgets finished spans. Its setting has two names.
const isOff = (tracer: DdTracer): boolean => {
  const config = hidden(tracer, "_tracer", "_config")
  return hidden(config, "DD_TRACE_ENABLED") === false || hidden(config, "tracing") === false
}

const departureOf = (
  trace: DdTrace,
  span: DdSpan,
  priority: number | undefined,
  off: boolean
): HostDeparture => {
  const root = trace.started[0] ?? span
  return {
    priority,
    isWritten: !off && trace.record !== false && trace.isRecording !== false,
    root: () => ({
      resource: tagOf(root, "resource.name") || String(hidden(root.context(), "_name") ?? ""),
      meta: textsOf(root)
    })
  }
}

const textsOf = (span: DdSpan): { readonly [key: string]: string } => {
  const context = span.context()
  const get = hidden(context, "getTags")
  const tags: unknown = typeof get === "function" ? get.call(context) : hidden(context, "_tags")
  const texts: { [key: string]: string } = {}
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (typeof value === "string") texts[key] = value
  }
  return texts
}

const noTags: ReadonlyMap<string, string> = new Map()
