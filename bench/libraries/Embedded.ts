/**
 * A small tracer that embeds `effect-llmobs/core` and `effect-llmobs/wire`, without Effect: it decides for each trace
 * whether its events ride, and sends what it packed in posts of 1 MiB.
 */
import {
  Annotation,
  Rescue,
  RetentionSampling,
  SpanContext,
  SpanId,
  SpanRecord,
  Tags,
  TraceChunk,
  TraceId,
  WireFormat
} from "effect-llmobs/core"
import { IntakeBody, V04 } from "effect-llmobs/wire"
import * as Crypto from "node:crypto"
import type { Start } from "../Library.ts"
import type { PlannedSpan } from "../PlannedSpan.ts"
import { model, tags, usage } from "../PlannedSpan.ts"
import * as Steps from "../Steps.ts"
import * as Posts from "./Posts.ts"

const libraryVersion = "0.0.0"
const service = "bench"
const postBytes = 1024 ** 2
const processTags = { env: undefined, version: undefined, ddTags: {}, git: {}, libraryVersion }
const ride = WireFormat.select("apm-agent", "ride")
const offer = WireFormat.select("apm-agent", "offer")

const now = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1_000n

const pool = Buffer.alloc(8_192)
let used = pool.byteLength
const randomHex = (): string => {
  if (used === pool.byteLength) {
    Crypto.randomFillSync(pool)
    used = 0
  }
  used += 8
  return pool.toString("hex", used - 8, used)
}

interface Trace {
  readonly traceId: string
  readonly llmTraceId: string
  readonly spans: Array<TraceChunk.ChunkSpan>
}

class Span {
  readonly spanId = randomHex()
  readonly startNs = now()
  readonly annotation: Annotation.Owned = { bytes: 0 }
  readonly context: SpanContext.SpanContext
  readonly plan: PlannedSpan
  readonly trace: Trace
  readonly parent: Span | undefined

  constructor(plan: PlannedSpan, trace: Trace, parent: Span | undefined) {
    this.plan = plan
    this.trace = trace
    this.parent = parent
    this.context = SpanContext.resolve({
      kind: plan.kind,
      name: plan.name,
      spanId: SpanId.toDecimal(this.spanId),
      apmTraceId: trace.traceId,
      newTraceId: trace.llmTraceId,
      parent: parent?.context,
      remote: undefined,
      explicit: { sessionId: plan.sessionId },
      context: {},
      process: {},
      traceDefault: undefined,
      labels: undefined,
      configured: { mlApp: "bench", service },
      retention: (id) => RetentionSampling.decide(RetentionSampling.all, BigInt(`0x${TraceId.low64(id)}`))
    })
  }

  annotate(input: Annotation.AnnotationInput): void {
    Annotation.append(this.annotation, Annotation.parse(this.plan.kind, input).value)
  }

  end(): void {
    const { annotation, context, parent, plan, startNs, trace } = this
    const record = SpanRecord.finish({
      context,
      startNs,
      durationNs: Number(now() - startNs),
      modelName: plan.kind === "llm" ? model.name : undefined,
      modelProvider: plan.kind === "llm" ? model.provider : undefined,
      annotation,
      tags: Tags.resolve({
        process: processTags,
        service,
        context,
        annotated: annotation.tags,
        agentVersion: undefined
      }),
      ancestor: undefined,
      error: undefined
    })
    const span = {
      traceId: trace.traceId,
      spanId: this.spanId,
      parentId: parent?.spanId,
      name: plan.name,
      resource: plan.name,
      service,
      type: "",
      startNs,
      durationNs: record.durationNs,
      error: 0 as const,
      meta: {},
      metrics: {},
      links: []
    }
    trace.spans.push({ span, rider: record })
  }
}

export const start: Start = async (sink) => {
  const posts = Posts.make(sink)
  let chunks: Array<Uint8Array> = []
  let events: Array<Uint8Array> = []
  let bytes = 0
  const post = (): void => {
    if (chunks.length > 0) posts.send("/v0.4/traces", "application/msgpack", V04.payload(chunks))
    if (events.length > 0) posts.send("/evp_proxy/v2/api/v2/llmobs", "application/json", IntakeBody.join(events))
    chunks = []
    events = []
    bytes = 0
  }

  // The host's sampler keeps every trace here, so each event rides.
  const deliver = ({ spans, traceId }: Trace): void => {
    const priority = 1
    const first = TraceChunk.firstSpanTags({ traceId, priority, decisionMaker: undefined, upstream: undefined })
    const sealed = spans.map(({ rider, span }, index): TraceChunk.ChunkSpan => {
      const verdict = Rescue.decide({
        llm: true,
        claim: "none",
        record: true,
        mode: "apm-agent",
        canRide: true,
        structBytes: rider!.bytes,
        priority,
        filtered: false
      })
      if (verdict._tag === "Offer") {
        events.push(IntakeBody.encode(rider!, offer, { libraryVersion }))
        bytes += events.at(-1)!.byteLength
      }
      return {
        span: index === 0 ? { ...span, meta: first.meta, metrics: first.metrics } : span,
        rider: verdict._tag === "Ride" ? rider : undefined
      }
    })
    const packed = V04.packChunk({ spans: sealed }, ride)
    chunks.push(packed)
    bytes += packed.byteLength
    if (bytes >= postBytes) post()
  }

  const under = (parent: Span | undefined) => (plan: PlannedSpan): Steps.Step => {
    const traceId = parent?.trace.traceId ?? randomHex() + randomHex()
    const trace = parent?.trace ?? { traceId, llmTraceId: randomHex() + randomHex(), spans: [] }
    const span = new Span(plan, trace, parent)
    const { kind } = plan
    span.annotate({
      input: kind === "llm" ? [{ role: "user", content: plan.input }] : plan.input,
      metadata: plan.attributes,
      tags
    })
    return Steps.andThen(plan.work?.(), () =>
      Steps.andThen(Steps.each(plan.children, under(span)), () => {
        for (let i = 0; i < plan.annotations; i++) span.annotate({ metadata: { [`step_${i}`]: i } })
        span.annotate(
          kind === "llm"
            ? { output: [{ role: "assistant", content: plan.output }], metrics: usage }
            : { output: plan.output }
        )
        span.end()
        if (parent === undefined) deliver(trace)
      }))
  }

  return {
    run: (plans) => Steps.each(plans, under(undefined)),
    runTogether: (plans) => Steps.together(plans, under(undefined)),
    flush: () => {
      post()
      return posts.answered()
    },
    close: posts.close
  }
}
