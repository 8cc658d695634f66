/**
 * LLM Observability inside the home-made tracer, out of the functions of `effect-llmobs/core`. The numbers are those of
 * the steps in docs/embedding.md.
 */
import type { Claim } from "effect-llmobs/core"
import {
  AgentCapabilities,
  Annotation,
  Baggage,
  DeliveryVerdict,
  ExperimentBaggage,
  MetaStruct,
  Rescue,
  RumBaggage,
  SpanContext,
  SpanError,
  SpanId,
  SpanRecord,
  Tags,
  TraceId,
  WireFormat
} from "effect-llmobs/core"
import type { SpanKind } from "effect-llmobs/core"
import { IntakeBody, V04 } from "effect-llmobs/wire"
import { randomBytes } from "node:crypto"
import type { Answer, Guest, Send, Span, Tracer } from "./Tracer.ts"

/** The state of an LLM span. `claim` names the taker of its event, and only this module writes it. */
interface LlmSpan {
  context: SpanContext.SpanContext
  annotation: Annotation.Annotation
  model: Annotation.AnnotationInput
  record: SpanRecord.SpanRecord | undefined
  claim: Claim.Claim
}

const keepAll = (): SpanContext.Retention => ({ sampleRate: "1", samplingDecision: "1" })

export interface Options {
  readonly mlApp: string
  readonly send: Send
}

/** The outbox is bounded: an event that finds it full is counted as lost. */
const mostEvents = 10_000
const mostBytes = 64 * 1024 * 1024

export class LlmObservability implements Guest {
  /** The books: every event is delivered, lost, waiting in `outbox`, or on a span that waits for its answer. */
  readonly counts = { agent: 0, intake: 0, lost: 0 }
  readonly #spans = new WeakMap<Span, LlmSpan>()
  #outbox: Array<SpanRecord.SpanRecord> = []
  #bytes = 0

  readonly tracer: Tracer
  readonly options: Options
  readonly agent: AgentCapabilities.AgentCapabilities | undefined

  constructor(tracer: Tracer, options: Options, agent: AgentCapabilities.AgentCapabilities | undefined) {
    this.tracer = tracer
    this.options = options
    this.agent = agent
    tracer.guest = this
  }

  /** Asks the Agent what it takes, before the first trace leaves. */
  static async attach(tracer: Tracer, options: Options): Promise<LlmObservability> {
    const { body, status } = await options.send({ method: "GET", path: "/info", headers: {}, body: new Uint8Array() })
    const agent = status === 200 ? AgentCapabilities.parse(JSON.parse(body)).value : undefined
    return new LlmObservability(tracer, options, agent)
  }

  /** Runs a function in a span of LLM Observability. */
  trace<A>(
    kind: SpanKind.SpanKind,
    name: string,
    body: (span: Span) => A | Promise<A>,
    request?: { readonly [name: string]: string }
  ): Promise<A> {
    return this.tracer.trace(name, (span) => {
      this.#start(span, kind)
      return body(span)
    }, request)
  }

  // 1 and 2: the identity, from the span, the nearest LLM span above, the request and baggage.
  #start(span: Span, kind: SpanKind.SpanKind): void {
    const { request, upstream } = span.trace
    const members = new Map([...span.baggage].filter(([, value]) => Baggage.isLabel(value)))
    const context = SpanContext.resolve({
      kind,
      name: span.name,
      spanId: SpanId.toDecimal(span.spanId),
      apmTraceId: span.traceId,
      newTraceId: TraceId.fromParts(Date.now() / 1_000, randomBytes(8).toString("hex")),
      parent: this.#above(span)?.context,
      remote: upstream?.llmobs,
      explicit: {},
      context: {},
      process: {},
      traceDefault: undefined,
      labels: {
        rum: RumBaggage.read(members),
        experiment: ExperimentBaggage.read(ExperimentBaggage.accepted(members, request, "auto", request))
      },
      configured: { mlApp: this.options.mlApp, service: span.service },
      retention: keepAll
    })
    span.type = "llm"
    this.#spans.set(span, { context, annotation: Annotation.empty, model: {}, record: undefined, claim: "none" })
  }

  #above(span: Span): LlmSpan | undefined {
    for (let at = span.parent; at !== undefined; at = at.parent) {
      const found = this.#spans.get(at)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** 3: content is read once, here. Bad parts are left out. */
  annotate(span: Span, input: Annotation.AnnotationInput): void {
    const llm = this.#spans.get(span)
    if (llm === undefined || llm.record !== undefined) return
    const { value } = Annotation.parse(llm.context.kind, input)
    llm.annotation = Annotation.combine(llm.annotation, value)
    llm.model = { model: input.model ?? llm.model.model, provider: input.provider ?? llm.model.provider }
    llm.context = SpanContext.rename(llm.context, value)
  }

  // 4: the record. Redaction would be `RedactedRecord.apply`, here.
  ended(span: Span, error: unknown): void {
    const llm = this.#spans.get(span)
    if (llm === undefined || llm.record !== undefined) return
    const { annotation, context, model } = llm
    const process = { env: undefined, version: undefined, ddTags: {}, git: {}, libraryVersion: "1.0.0" }
    llm.record = SpanRecord.finish({
      context,
      annotation,
      startNs: span.startNs,
      durationNs: span.durationNs,
      modelName: model.model,
      modelProvider: model.provider,
      tags: Tags.resolve({
        process,
        service: span.service,
        context,
        annotated: annotation.tags,
        agentVersion: undefined
      }),
      ancestor: undefined,
      error: error === undefined ? undefined : SpanError.fromUnknown(error)
    })
  }

  // 5 and 6: the decision, after sampling and before the spans are encoded. Each event gets its taker in one step.
  leaving(spans: ReadonlyArray<Span>): ReadonlyArray<SpanRecord.SpanRecord | undefined> {
    const filtered = this.agent !== undefined &&
      spans.some((span) => span.parent === undefined && AgentCapabilities.rootIsFiltered(this.agent!, span))
    return spans.map((span) => {
      const llm = this.#spans.get(span)
      if (llm?.record === undefined) return undefined
      const { record } = llm
      const verdict = Rescue.decide({
        llm: true,
        claim: llm.claim,
        record: true,
        mode: "apm-agent",
        canRide: this.agent !== undefined && AgentCapabilities.canCarry(this.agent),
        structBytes: record.bytes <= Rescue.maxStructBytes
          ? 0
          : V04.packStruct(record, WireFormat.table["trace-agent"]).byteLength,
        priority: span.trace.priority,
        filtered
      })
      if (verdict._tag === "Ride") {
        llm.claim = "riding"
        return record
      }
      if (verdict._tag === "Offer") llm.claim = this.#offer(record) ? "outbox" : "dropped"
      if (llm.claim === "outbox") span.meta[MetaStruct.submittedTag] = "1"
      return undefined
    })
  }

  #offer(record: SpanRecord.SpanRecord): boolean {
    if (this.#outbox.length >= mostEvents || this.#bytes + record.bytes > mostBytes) {
      this.counts.lost++
      return false
    }
    this.#outbox.push(record)
    this.#bytes += record.bytes
    return true
  }

  // 7: the tracer does not send a payload again, so what did not arrive takes the other route.
  answered(riders: ReadonlyArray<SpanRecord.SpanRecord>, { headers, status }: Answer): void {
    const verdict = DeliveryVerdict.ofStatus("agent-traces", status, headers, Date.now())
    if (verdict._tag === "Delivered") this.counts.agent += riders.length
    else for (const rider of riders) this.#offer(rider)
  }

  // 8: the other route.
  async flush(): Promise<void> {
    const events = this.#outbox
    if (events.length === 0 || this.agent?.evpProxy === undefined) return
    this.#outbox = []
    this.#bytes = 0
    const format = WireFormat.table["evp-proxy"]
    for (const batch of batches(events, (event) => IntakeBody.encode(event, format, { libraryVersion: "1.0.0" }))) {
      await this.#deliver(batch)
    }
  }

  async #deliver(batch: ReadonlyArray<Encoded>): Promise<void> {
    const sent = this.options.send({
      method: "POST",
      path: `${this.agent!.evpProxy}/api/v2/llmobs`,
      headers: { "content-type": "application/json", "x-datadog-evp-subdomain": "llmobs-intake" },
      body: IntakeBody.join(batch.map(({ bytes }) => bytes))
    })
    const { headers, status } = await sent.catch(() => ({ headers: {}, status: 0 }))
    const verdict = DeliveryVerdict.ofStatus("agent-evp", status, headers, Date.now())
    if (verdict._tag === "Delivered") this.counts.intake += batch.length
    else if (verdict._tag !== "Split" && verdict._tag !== "Refuse") {
      for (const { event } of batch) {
        this.#offer(event)
      }
    } else if (batch.length === 1) this.counts.lost++
    else for (const one of batch) await this.#deliver([one])
  }

  // 9: a call carries the nearest LLM span, or what the request brought.
  carried(span: Span): SpanContext.Remote | undefined {
    const context = (this.#spans.get(span) ?? this.#above(span))?.context
    if (context === undefined) return span.trace.upstream?.llmobs
    return {
      parentId: context.spanId,
      traceId: context.traceId,
      mlApp: context.mlApp.value,
      retention: context.retention
    }
  }
}

type Encoded = { readonly event: SpanRecord.SpanRecord; readonly bytes: Uint8Array }

const batches = function*(
  events: ReadonlyArray<SpanRecord.SpanRecord>,
  encode: (event: SpanRecord.SpanRecord) => Uint8Array
): Generator<ReadonlyArray<Encoded>> {
  let batch: Array<Encoded> = []
  let size = 2
  for (const event of events) {
    const bytes = encode(event)
    if (batch.length > 0 && size + bytes.byteLength + 1 > IntakeBody.maxBytes) {
      yield batch
      batch = []
      size = 2
    }
    batch.push({ event, bytes })
    size += bytes.byteLength + 1
  }
  if (batch.length > 0) yield batch
}
