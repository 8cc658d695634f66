/**
 * The API of OpenTelemetry by its structure: contexts, and the global instances that `@opentelemetry/api` registers.
 *
 * **Details**
 *
 * Every version 1 of the API package keeps its instances and the keys of its contexts under registered symbols, so that
 * several copies of it work together. Reading them needs no copy.
 */

/** A context of OpenTelemetry. */
export interface OtelContext {
  readonly getValue: (key: symbol) => unknown
}

/** The identity of a span. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly traceState?: { readonly serialize: () => string } | undefined
}

interface Baggage {
  readonly getAllEntries: () => Iterable<
    readonly [string, { readonly value: string; readonly metadata?: { readonly toString: () => string } | undefined }]
  >
}

const spanKey = Symbol.for("OpenTelemetry Context Key SPAN")
const baggageKey = Symbol.for("OpenTelemetry Baggage Key")
const globalKey = Symbol.for("opentelemetry.js.api.1")

interface Instances {
  readonly context?: { readonly active: () => OtelContext } | undefined
  readonly trace?: { readonly getDelegate?: () => unknown } | undefined
}

const instances = (): Instances | undefined =>
  (globalThis as { readonly [key: symbol]: Instances | undefined })[globalKey]

/** The active context. `undefined` if no context manager is registered. */
export const active = (): OtelContext | undefined => instances()?.context?.active()

/** The tracer provider that is registered. */
export const tracerProvider = (): unknown => {
  const trace = instances()?.trace
  return trace?.getDelegate?.() ?? trace
}

/** The identity of a context's span. */
export const spanContext = (context: OtelContext): SpanContext | undefined =>
  (context.getValue(spanKey) as { readonly spanContext: () => SpanContext } | undefined)?.spanContext()

/** The baggage of a context. */
export const baggage = (context: OtelContext): Baggage | undefined =>
  context.getValue(baggageKey) as Baggage | undefined
