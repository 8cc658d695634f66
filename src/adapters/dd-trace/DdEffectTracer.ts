/**
 * Effect spans as spans of dd-trace, so that both are in one trace.
 *
 * **Details**
 *
 * A span of Effect without a parent of its own is a child of dd-trace's active span. While a fiber runs under a span,
 * that span is dd-trace's active one, so what dd-trace instruments is its child. As in the layer's own tracer, `apm`
 * says which Effect spans are exported; a span that is not shows the ids of its nearest exported ancestor.
 */
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as JsonText from "../../domain/json/JsonText.ts"
import type { Injection } from "../../domain/propagation/Propagation.ts"
import * as Propagation from "../../domain/propagation/Propagation.ts"
import * as PropagationStyles from "../../domain/propagation/PropagationStyle.ts"
import * as SpanName from "../../domain/span/SpanName.ts"
import * as SpanExit from "../../engine/record/SpanExit.ts"
import { CarrierSlot } from "../../ports/Carrier.ts"
import type { HostCarrier, HostEngine } from "../../ports/HostTracer.ts"
import type { DdSpan, DdSpanContext, DdTracer } from "./DdTraceApi.ts"
import { hidden, idsOf } from "./DdTraceApi.ts"
import type { HostSpans } from "./HostSpans.ts"

interface Options {
  readonly dd: DdTracer
  readonly spans: HostSpans
  readonly engine: Pick<HostEngine, "apm" | "diagnostics" | "redactError">
}

const evaluate = "~effect/Effect/evaluate"

/** Makes the tracer of a layer. */
export const make = (options: Options): Tracer.Tracer =>
  Tracer.make({
    span: (input) => {
      try {
        return open(options, input)
      } catch (error) {
        options.engine.diagnostics.defect("dd-trace.span", error)
        return new Tracer.NativeSpan(input)
      }
    },
    context: (primitive, fiber) => {
      const span = ddSpanOf(Context.getOrUndefined(fiber.context, Tracer.ParentSpan))
      if (span === undefined) return primitive[evaluate](fiber)
      const scope = options.dd.scope()
      return scope.active() === span
        ? primitive[evaluate](fiber)
        : scope.activate(span, () => primitive[evaluate](fiber))
    }
  })

type SpanInput = Parameters<Tracer.Tracer["span"]>[0]

const open = (options: Options, input: SpanInput): Tracer.Span => {
  const { dd, engine, spans } = options
  const slot = Context.get(input.annotations, CarrierSlot)
  const parent = input.root ? undefined : Option.getOrUndefined(input.parent)
  const above = input.root ? undefined : aboveOf(dd, parent)
  // Something above is exported already, so an Effect span is not needed to hold the trace together.
  if (slot === undefined && engine.apm === "llm" && isSpan(above)) {
    const ids = idsOf(above)
    if (ids !== undefined) return new EffectSpan(options, input, above, ids, undefined, false)
  }
  const span = dd.startSpan(nameOf(input, slot !== undefined), {
    ...(above === undefined ? undefined : { childOf: above }),
    startTime: Number(input.startTime) / 1e6,
    tags: tagsOf(input, slot?.kind)
  })
  const ids = idsOf(span)
  // dd-trace is off: its spans have no ids.
  if (ids === undefined) return new Tracer.NativeSpan(input)
  const carrier = slot === undefined ? undefined : spans.carrier(span)
  if (slot !== undefined) slot.carrier = carrier
  return new EffectSpan(options, input, span, ids, carrier, true)
}

const nameOf = ({ kind, name }: SpanInput, isLlm: boolean): string =>
  !isLlm && (kind === "server" || kind === "client") ? `http.${kind}.request` : SpanName.fromUnknown(name)

const tagsOf = ({ kind, name }: SpanInput, llm: string | undefined): { [key: string]: unknown } => ({
  "resource.name": llm ?? SpanName.fromUnknown(name),
  ...(llm !== undefined
    ? { "span.type": "llm" }
    : kind === "server"
    ? { "span.type": "web", "span.kind": kind }
    : kind === "client"
    ? { "span.type": "http", "span.kind": kind }
    : kind === "internal"
    ? undefined
    : { "span.kind": kind })
})

// A parent that Effect read from a request is the one that dd-trace read too; its server span is in between.
const aboveOf = (dd: DdTracer, parent: Tracer.AnySpan | undefined): DdSpan | DdSpanContext | undefined => {
  const own = ddSpanOf(parent)
  if (own !== undefined) return own
  const active = dd.scope().active() ?? undefined
  if (parent === undefined || active !== undefined && idsOf(active)?.traceId === parent.traceId) return active
  return dd.extract("http_headers", {
    traceparent: `00-${parent.traceId}-${parent.spanId}-${parent.sampled ? "01" : "00"}`
  }) ?? active
}

const isSpan = (above: DdSpan | DdSpanContext | undefined): above is DdSpan =>
  above !== undefined && "context" in above && typeof above.context === "function"

/** The span of dd-trace behind a span of Effect. */
export const ddSpanOf = (span: unknown): DdSpan | undefined => span instanceof EffectSpan ? span.span : undefined

/** The context that dd-trace would write into the headers of a call. */
export const injection = (dd: DdTracer, span: unknown): Injection | undefined => {
  const own = ddSpanOf(span)
  if (own === undefined) return undefined
  const carrier: { [name: string]: string } = {}
  dd.inject(own, "text_map", carrier)
  const { value } = Propagation.extract((name) => carrier[name], readAll)
  const ids = idsOf(own)!
  if (value?.traceId === undefined) return { traceId: ids.traceId, spanId: ids.spanId, priority: 1 }
  return {
    traceId: ids.traceId,
    spanId: ids.spanId,
    priority: value.priority,
    origin: value.origin,
    propagationTags: value.propagationTags,
    tracestate: value.tracestate
  }
}

const readAll: Parameters<typeof Propagation.extract>[1] = {
  ...PropagationStyles.defaults,
  stylesExtract: ["datadog", "tracecontext"],
  behaviorExtract: "continue"
}

class EffectSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly name: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly annotations: Context.Context<never>
  readonly kind: Tracer.SpanKind
  readonly links: Array<Tracer.SpanLink>
  readonly traceId: string
  readonly spanId: string
  readonly attributes: Map<string, unknown> = new Map()
  readonly span: DdSpan
  status: Tracer.SpanStatus
  readonly #options: Options
  readonly #carrier: HostCarrier | undefined
  readonly #isExported: boolean

  constructor(
    options: Options,
    input: SpanInput,
    span: DdSpan,
    ids: { readonly traceId: string; readonly spanId: string },
    carrier: HostCarrier | undefined,
    isExported: boolean
  ) {
    this.#options = options
    this.name = input.name
    this.parent = input.parent
    this.annotations = input.annotations
    this.kind = input.kind
    this.links = input.links
    this.span = span
    this.traceId = ids.traceId
    this.spanId = ids.spanId
    this.#carrier = carrier
    this.#isExported = isExported
    this.status = { _tag: "Started", startTime: input.startTime }
  }

  // Before dd-trace has decided, a trace counts as sampled. Asking would make it decide.
  get sampled(): boolean {
    const priority = hidden(this.span.context(), "_sampling", "priority")
    return typeof priority !== "number" || priority > 0
  }

  attribute(key: string, value: unknown): void {
    if (this.status._tag === "Ended") return
    this.attributes.set(key, value)
    if (this.#isExported) this.#tag(key, value)
  }

  event(): void {}

  addLinks(links: ReadonlyArray<Tracer.SpanLink>): void {
    if (this.status._tag === "Started") this.links.push(...links)
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    if (this.status._tag === "Ended") return
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
    if (!this.#isExported) return
    const { engine, spans } = this.#options
    try {
      if (this.#carrier === undefined) this.#writeError(exit)
      else this.#carrier.seal()
    } catch (error) {
      engine.diagnostics.defect("dd-trace.end", error)
    }
    try {
      this.span.finish(Number(endTime) / 1e6)
      spans.check(this.span)
    } catch (error) {
      engine.diagnostics.defect("dd-trace.finish", error)
    }
  }

  #tag(key: string, value: unknown): void {
    try {
      const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      this.span.setTag(key, isPlain ? value : JsonText.fromUnknown(value).value ?? "")
    } catch (error) {
      this.#options.engine.diagnostics.defect("dd-trace.tag", error)
    }
  }

  // The error of an LLM span is that of its record.
  #writeError(exit: Exit.Exit<unknown, unknown>): void {
    const thrown = SpanExit.errorOf(exit)
    if (thrown === undefined) return
    const error = this.#options.engine.redactError(this.name, thrown)
    this.span.setTag("error.type", error.type)
    this.span.setTag("error.message", error.message)
    this.span.setTag("error.stack", error.stack)
  }
}
