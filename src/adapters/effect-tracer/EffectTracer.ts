/**
 * The tracer: Effect spans become APM spans, and carriers of LLM events.
 *
 * **Details**
 *
 * The user decides which spans are exported, and so the volume of APM: `llm` exports the local root of each trace and
 * the LLM spans, `all` every span. A span that is not exported shows the id of its nearest exported ancestor, so that
 * children and outgoing headers name an existing parent. `sampled` mirrors the sampling priority, and no span is left
 * out because of it: the Agent applies the decision, and events of rejected traces are rescued.
 */
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Extracted } from "../../domain/propagation/Propagation.ts"
import type { ApmSpanLink } from "../../domain/span/ApmSpan.ts"
import type * as SpanError from "../../domain/span/SpanError.ts"
import * as SpanId from "../../domain/span/SpanId.ts"
import * as SpanName from "../../domain/span/SpanName.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { TracedSpan, TracedTrace } from "../../engine/chunk/LocalTrace.ts"
import { LiveSpan, LocalTrace } from "../../engine/chunk/LocalTrace.ts"
import * as CallbackRegion from "../../engine/context/CallbackRegion.ts"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import * as TracerDecoration from "../../engine/context/TracerDecoration.ts"
import * as SpanExit from "../../engine/record/SpanExit.ts"
import type { Ambient, AmbientContext } from "../../ports/AmbientContext.ts"
import type { Slot } from "../../ports/Carrier.ts"
import { CarrierSlot } from "../../ports/Carrier.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { IdGeneratorService } from "../../ports/IdGenerator.ts"
import * as SpanAttributes from "./SpanAttributes.ts"

/** The parts that the tracer uses. */
export interface Options {
  readonly apm: "llm" | "all"
  readonly service: string
  readonly ids: IdGeneratorService
  readonly ambient: typeof AmbientContext.Service
  readonly diagnostics: DiagnosticsService
  /** The present priority, without freezing it. */
  readonly priority: (trace: LocalTrace) => number
  readonly start: (span: LiveSpan) => void
  readonly finish: (span: LiveSpan) => void
  readonly nowMillis: () => number
  /** Redacts the error of a plain span. If absent, errors are written unchanged. */
  readonly redactError?: ((name: string, error: SpanError.SpanError) => SpanError.SpanError) | undefined
  /** Redacts the tags that come from baggage. If absent, they are written unchanged. */
  readonly redactTags?: ((name: string, tags: ReadonlyMap<string, string>) => ReadonlyMap<string, string>) | undefined
}

export const make = (options: Options): Tracer.Tracer => {
  const tracer = Tracer.make({
    span: (input) => {
      try {
        return open(options, input)
      } catch (error) {
        options.diagnostics.defect("tracer.span", error)
        return new Tracer.NativeSpan(input)
      }
    }
  })
  ours.add(tracer)
  return tracer
}

/** The same tracer, which evaluates the steps of the fibers that run under it. */
export const evaluating = (tracer: Tracer.Tracer, evaluate: Evaluate): Tracer.Tracer =>
  adopt(Tracer.make({ span: (input) => tracer.span(input), context: evaluation(tracer.context, evaluate) }))

type Evaluate = NonNullable<Tracer.Tracer["context"]>

/** Evaluates the steps of fibers as a tracer does, and inside that in a way of its own. */
export const evaluation = (outer: Tracer.Tracer["context"], inner: Evaluate): Evaluate =>
  outer === undefined
    ? inner
    : (primitive, fiber) => outer({ [step]: () => inner(primitive, fiber) } as typeof primitive, fiber)

const step = "~effect/Effect/evaluate"

/** Marks a tracer as one of ours: a nested layer then replaces it, and its spans count as those of the layer. */
export const adopt = (tracer: Tracer.Tracer): Tracer.Tracer => {
  ours.add(tracer)
  return tracer
}

const ours = ProcessWide.get("Tracers/1", () => new WeakSet<Tracer.Tracer>())

/** Whether a tracer was made here. A nested layer then replaces it instead of keeping it. */
export const isOurs = (tracer: Tracer.Tracer): boolean => ours.has(TracerDecoration.undecorated(tracer))

type SpanInput = Parameters<Tracer.Tracer["span"]>[0]

const open = (options: Options, given: SpanInput): EffectSpan => {
  const slot = Context.get(given.annotations, CarrierSlot)
  const reader: ContextReader | undefined = given.root ? undefined : slot?.reader ?? Fiber.getCurrent()
  // The opener of a carrier has looked for a fiber behind the callback.
  const isOnItsOwn = slot?.reader !== undefined || Option.isSome(given.parent) || CallbackRegion.isEntry(given.kind)
  const input = reader === undefined || isOnItsOwn ? given : inCallback(given, reader)
  const parent = Option.getOrUndefined(input.parent)
  const inner = parent !== undefined && parent instanceof EffectSpan && parent.options === options ? parent : undefined
  const trace = inner?.trace ?? makeTrace(options, input, parent, around(options, reader, slot))
  if (reader !== undefined && trace.root !== undefined) SpanAttributes.readRoute(reader, trace.root)
  const exported = trace.root === undefined || slot !== undefined || options.apm === "all"
  const service = inner?.service ?? options.service
  if (!exported) return new EffectSpan(options, input, trace, undefined, inner!.spanId, service)
  const kind = slot === undefined ? input.kind : "llm"
  const name = SpanName.fromUnknown(input.name)
  const live = new LiveSpan({
    trace,
    spanId: options.ids.spanId(),
    parentId: inner?.spanId ?? trace.upstream?.parentId,
    name: kind === "server" || kind === "client" ? `http.${kind}.request` : name,
    resource: slot?.kind ?? name,
    service,
    type: slot !== undefined ? "llm" : kind === "server" ? "web" : kind === "client" ? "http" : "",
    startNs: input.startTime,
    llm: slot !== undefined,
    topLevel: trace.root === undefined
  })
  if (trace.root === undefined) {
    trace.root = live
    if (trace.upstream !== undefined) live.links.push(...trace.upstream.links)
  }
  if (slot !== undefined) slot.carrier = live
  else if (input.kind !== "internal") SpanAttributes.describe(live, input.kind, around(options, reader)?.request)
  options.start(live)
  const span = new EffectSpan(options, input, trace, live, live.spanId, service)
  if (trace.root === live) trace.rootSpan = span
  return span
}

const around = (options: Options, reader: ContextReader | undefined, slot?: Slot): Ambient | undefined =>
  reader === undefined ? undefined : options.ambient.current(reader, slot?.region)

// A span without a parent, in a callback, belongs to the span around the callback.
const inCallback = (input: SpanInput, reader: ContextReader): SpanInput => {
  const outer = CallbackRegion.around(reader)
  return outer === undefined ? input : { ...input, parent: Context.getOption(outer, Tracer.ParentSpan) }
}

const makeTrace = (
  options: Options,
  input: SpanInput,
  parent: Tracer.AnySpan | undefined,
  ambient: Ambient | undefined
): TracedTrace => {
  const upstream = ambient?.upstream === undefined ? undefined : withRedactedTags(options, input.name, ambient.upstream)
  const named = parent === undefined ? undefined : fromSpan(parent)
  // Effect reads only `traceparent` and b3 from a request, so its server span is continued by our own reading of the
  // same request. Any other parent that a user names is used unchanged.
  const isOfRequest = parent === undefined || input.kind === "server" || named?.traceId === upstream?.traceId
  if (upstream?.traceId !== undefined && isOfRequest) return new LocalTrace(upstream.traceId, upstream)
  if (named !== undefined) return new LocalTrace(named.traceId!, named)
  return new LocalTrace(options.ids.traceId(options.nowMillis() / 1000), upstream)
}

const withRedactedTags = (options: Options, name: string, upstream: Extracted): Extracted =>
  options.redactTags === undefined || upstream.baggageTags.size === 0
    ? upstream
    : { ...upstream, baggageTags: options.redactTags(name, upstream.baggageTags) }

const fromSpan = (span: Tracer.AnySpan): Extracted | undefined => {
  const traceId = TraceId.fromHex(span.traceId)
  const parentId = SpanId.fromHex(span.spanId)
  if (traceId === undefined || parentId === undefined) return undefined
  return {
    style: undefined,
    traceId,
    parentId,
    priority: span.sampled ? 1 : 0,
    origin: undefined,
    propagationTags: noTags,
    tracestate: [],
    lastParentId: undefined,
    links: [],
    baggage: noBaggage,
    baggageTags: noTags,
    llmobs: undefined,
    propagationError: undefined
  }
}

const noTags: ReadonlyMap<string, string> = new Map()
const noBaggage: Extracted["baggage"] = new Map()

/** The local trace of a span of ours, and the span's exported id. */
export const traceOf = (span: unknown): { readonly trace: LocalTrace; readonly spanId: string } | undefined => {
  if (!isEffectSpan(span)) return undefined
  // The caller may decide about the trace from the present fields of its root.
  span.trace.rootSpan?.describe()
  return span
}

// Other copies of this package know this mark too, so their spans count as ours.
const mark: unique symbol = Symbol.for("effect-llmobs/EffectSpan/1")

const isEffectSpan = (span: unknown): span is EffectSpan => typeof span === "object" && span !== null && mark in span

class EffectSpan implements Tracer.Span {
  get [mark](): true {
    return true
  }
  readonly _tag = "Span"
  readonly name: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly annotations: Context.Context<never>
  readonly kind: Tracer.SpanKind
  readonly links: Array<Tracer.SpanLink>
  readonly spanId: string
  readonly options: Options
  readonly trace: TracedTrace
  readonly live: TracedSpan | undefined
  /** The service of child spans. */
  service: string
  status: Tracer.SpanStatus
  #attributes: Map<string, unknown> | undefined = undefined
  #events: Array<SpanAttributes.SpanEvent> | undefined = undefined
  #marked = false

  constructor(
    options: Options,
    input: SpanInput,
    trace: TracedTrace,
    live: TracedSpan | undefined,
    spanId: string,
    service: string
  ) {
    this.options = options
    this.name = input.name
    this.parent = input.parent
    this.annotations = input.annotations
    this.kind = input.kind
    this.links = input.links
    this.trace = trace
    this.live = live
    this.spanId = spanId
    this.service = service
    this.status = { _tag: "Started", startTime: input.startTime }
  }

  get traceId(): string {
    return this.trace.traceId
  }

  get sampled(): boolean {
    return this.options.priority(this.trace) > 0
  }

  get attributes(): Map<string, unknown> {
    return this.#attributes ??= new Map()
  }

  attribute(key: string, value: unknown): void {
    if (this.status._tag === "Ended") return
    if (key === "manual.keep" || key === "manual.drop") this.trace.manual = key === "manual.keep" ? "keep" : "drop"
    else if (key === "error" && value === true) this.#marked = true
    else {
      this.attributes.set(key, value)
      if (key === "service.name") this.service = SpanAttributes.text(value)
    }
    if (this.#marked && this.live !== undefined) this.live.marked = markedError(this.attributes)
  }

  event(name: string, startTime: bigint, attributes?: Record<string, unknown>): void {
    if (this.status._tag === "Ended" || this.live === undefined) return
    ;(this.#events ??= []).push({ name, startTime, attributes })
  }

  addLinks(links: ReadonlyArray<Tracer.SpanLink>): void {
    if (this.status._tag === "Ended") return
    for (const link of links) this.links.push(link)
  }

  describe(): void {
    if (this.live !== undefined && this.#attributes !== undefined) SpanAttributes.write(this.#attributes, this.live)
  }

  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    if (this.status._tag === "Ended") return
    if (this.trace.rootSpan === this) this.trace.rootSpan = undefined
    const startTime = this.status.startTime
    this.status = { _tag: "Ended", startTime, endTime, exit }
    const live = this.live
    if (live === undefined) return
    try {
      live.durationNs = endTime > startTime ? Number(endTime - startTime) : 0
      this.describe()
      if (this.#events !== undefined) SpanAttributes.writeEvents(this.#events, live)
      for (const link of this.links) {
        const written = toLink(link)
        if (written !== undefined) live.links.push(written)
      }
      if (this.kind === "server") SpanAttributes.writeStatus(live, exit)
      writeError(live, exit, this.options.redactError)
    } catch (error) {
      this.options.diagnostics.defect("tracer.end", error)
    }
    try {
      this.options.finish(live)
    } catch (error) {
      this.options.diagnostics.defect("tracer.finish", error)
    }
  }
}

const toLink = (link: Tracer.SpanLink): ApmSpanLink | undefined => {
  const traceId = TraceId.fromHex(link.span.traceId)
  const spanId = SpanId.fromHex(link.span.spanId)
  if (traceId === undefined || spanId === undefined) return undefined
  const attributes: { [key: string]: string } = {}
  for (const key of Object.keys(link.attributes)) SpanAttributes.flatten(key, link.attributes[key], attributes)
  return { traceId, spanId, attributes, flags: link.span.sampled ? 1 : 0 }
}

// Tags that report a failure are written like other tags; here they also become the error of the event.
const markedError = (attributes: ReadonlyMap<string, unknown>): SpanError.SpanError => {
  const part = (name: string) => {
    const value = attributes.get(name)
    return value === undefined ? "" : SpanAttributes.text(value)
  }
  return { type: part("error.type"), message: part("error.message"), stack: part("error.stack") }
}

// The error of an LLM span is that of its record, which is redacted. The error of any other span can be the same error
// on its way up, so it is redacted too.
const writeError = (live: TracedSpan, exit: Exit.Exit<unknown, unknown>, redact: Options["redactError"]): void => {
  if (live.marked !== undefined) live.error = 1
  const thrown = SpanExit.errorOf(exit)
  if (thrown === undefined && (live.marked === undefined || !live.llm || redact === undefined)) return
  live.error = 1
  const own = live.llm ? live.record?.error : thrown
  const error = own === undefined || live.llm || redact === undefined ? own : redact(live.name, own)
  if (error === undefined) return
  live.meta["error.type"] = error.type
  live.meta["error.message"] = error.message
  live.meta["error.stack"] = error.stack
}
