/**
 * The parts of dd-trace that are used, by structure: nothing of it is imported.
 *
 * **Details**
 *
 * Members without a mark are in its typings. The marked ones are not: each is read as if it could be missing, and its
 * absence means direct delivery. `interop/dd-trace` checks each of them with real versions.
 */
import * as SpanId from "../../domain/span/SpanId.ts"
import * as TraceId from "../../domain/span/TraceId.ts"

/** The tracer, `import tracer from "dd-trace"`. */
export interface DdTracer {
  startSpan(name: string, options?: {
    childOf?: DdSpan | DdSpanContext
    startTime?: number
    tags?: { [key: string]: unknown }
  }): DdSpan
  scope(): DdScope
  inject(span: DdSpan, format: "text_map", carrier: { [name: string]: string }): void
  extract(format: "http_headers", headers: { [name: string]: string }): DdSpanContext | null
  /** The baggage of the running code, from the versions on that read the header `baggage`. */
  getAllBaggageItems?(): unknown
  /** Its own LLM Observability. */
  readonly llmobs?: { readonly enabled?: unknown }
}

/** The active span of the running code. */
export interface DdScope {
  active(): DdSpan | null
  activate<A>(span: DdSpan, f: () => A): A
}

/** A span. */
export interface DdSpan {
  context(): DdSpanContext
  setTag(key: string, value: unknown): unknown
  setOperationName(name: string): unknown
  finish(unixMillis?: number): void
  getBaggageItem(key: string): unknown
}

/** The identity of a span. */
export interface DdSpanContext {
  /** Decimal, of the lower 64 bits; with `true`, which is in no typing, 32 hex characters. */
  toTraceId(hex?: boolean): string
  /** Decimal. */
  toSpanId(): string
}

/** The spans of a local trace that have not left. In no typing. */
export interface DdTrace {
  readonly started: ReadonlyArray<DdSpan>
  readonly finished: ReadonlyArray<DdSpan>
  readonly record?: unknown
  readonly isRecording?: unknown
  readonly origin?: unknown
  readonly tags?: { readonly [key: string]: unknown } | undefined
}

/** A span as dd-trace formats it. `meta_struct` is in no typing. */
export interface StructSpan extends DdSpan {
  meta_struct?: { [key: string]: unknown } | undefined
}

/** The tracer that a program gave: the default export, or the module around it. */
export const from = (tracer: object): DdTracer => (hidden(tracer, "default") ?? tracer) as DdTracer

/** The value of a property that no typing has. */
export const hidden = (value: unknown, ...path: ReadonlyArray<string>): unknown => {
  let at = value
  for (const key of path) {
    if ((typeof at !== "object" && typeof at !== "function") || at === null) return undefined
    at = (at as { readonly [key: string]: unknown })[key]
  }
  return at
}

/** The local trace of a span, if it has the known form. */
export const traceOf = (span: DdSpan): DdTrace | undefined => {
  const trace = hidden(span.context(), "_trace") as DdTrace | undefined
  return trace !== undefined && Array.isArray(hidden(trace, "started")) && Array.isArray(hidden(trace, "finished"))
    ? trace
    : undefined
}

/** The tag of a span, as it is now. */
export const tagOf = (span: DdSpan, key: string): string => {
  const context = span.context()
  const get = hidden(context, "getTag")
  const value = typeof get === "function" ? get.call(context, key) : hidden(context, "_tags", key)
  return typeof value === "string" ? value : ""
}

/** The ids of a span, 32 and 16 hex characters. `undefined` if it has none, as without `tracer.init()`. */
export const idsOf = (span: DdSpan): { readonly traceId: string; readonly spanId: string } | undefined => {
  const context = span.context()
  const spanId = SpanId.fromHex(BigInt(context.toSpanId()).toString(16).padStart(16, "0"))
  const traceId = TraceId.fromHex(context.toTraceId(true).padStart(32, "0"))
  return spanId === undefined || traceId === undefined ? undefined : { traceId, spanId }
}
