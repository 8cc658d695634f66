/**
 * A tracer as a team writes one for itself: spans around functions, baggage, a sampler, headers, payloads for an Agent.
 * It is not part of the library. Of LLM Observability it knows the five calls of `Guest`, and no more.
 */
import type { ApmSpan, HeaderLookup, SpanRecord } from "effect-llmobs/core"
import { Propagation, WireFormat } from "effect-llmobs/core"
import { V04 } from "effect-llmobs/wire"
import { AsyncLocalStorage } from "node:async_hooks"
import { randomBytes } from "node:crypto"

export interface Trace {
  readonly id: string
  readonly request: HeaderLookup.HeaderLookup
  readonly upstream: Propagation.Extracted | undefined
  readonly priority: number
  readonly finished: Array<Span>
  open: number
}

export interface Span extends ApmSpan.ApmSpan {
  readonly trace: Trace
  readonly parent: Span | undefined
  readonly meta: { [key: string]: string }
  readonly metrics: { [key: string]: number }
  readonly baggage: Map<string, string>
  type: string
  durationNs: number
  error: 0 | 1
}

export type Headers = { readonly [name: string]: string }
export type Answer = { readonly status: number; readonly headers: Headers; readonly body: string }
export type Send = (
  request: {
    readonly method: "GET" | "POST"
    readonly path: string
    readonly headers: Headers
    readonly body: Uint8Array
  }
) => Promise<Answer>

/** A guest is told of spans, and may put a record on them. */
export interface Guest {
  /** The work of a span has ended; its error is marked. */
  readonly ended: (span: Span, error: unknown) => void
  /** The spans leave: after the sampling decision, before they are encoded. Returns the records that ride on them. */
  readonly leaving: (spans: ReadonlyArray<Span>) => ReadonlyArray<SpanRecord.SpanRecord | undefined>
  /** The Agent answered to the payload with these records. */
  readonly answered: (riders: ReadonlyArray<SpanRecord.SpanRecord>, answer: Answer) => void
  /** The LLM trace that a call from this span carries. */
  readonly carried: (span: Span) => Propagation.Injection["llmobs"]
  readonly flush: () => Promise<void>
}

export interface Options {
  readonly service: string
  readonly send: Send
  /** Whether a new trace is kept. The decision of a request wins. */
  readonly keeps: () => boolean
}

type Packed = { readonly bytes: Uint8Array; readonly riders: ReadonlyArray<SpanRecord.SpanRecord> }

const nowNs = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6))

// A connection that broke: the Agent may have read the request.
const noAnswer: Answer = { status: 0, headers: {}, body: "" }

/** The guest must not disturb the program. */
const quietly = <A>(ask: () => A): A | undefined => {
  try {
    return ask()
  } catch (error) {
    console.error("The guest of the tracer threw.", error)
    return undefined
  }
}

export class Tracer {
  guest: Guest | undefined
  readonly options: Options
  readonly #active = new AsyncLocalStorage<Span>()
  #waiting: Array<Packed> = []

  constructor(options: Options) {
    this.options = options
  }

  get active(): Span | undefined {
    return this.#active.getStore()
  }

  /** Runs a function in a span, below the active one or in the trace of a request. */
  async trace<A>(name: string, body: (span: Span) => A | Promise<A>, request: Headers = {}): Promise<A> {
    const span = this.#start(name, (header) => request[header])
    let error: unknown
    try {
      return await this.#active.run(span, () => body(span))
    } catch (thrown) {
      span.error = 1
      error = thrown ?? new Error("unknown")
      throw thrown
    } finally {
      span.durationNs = Number(nowNs() - span.startNs)
      quietly(() => this.guest?.ended(span, error))
      this.#finish(span)
    }
  }

  /** The headers of a call from the active span. */
  headers(): Headers {
    const span = this.active
    if (span === undefined) return {}
    const { trace: { id: traceId, priority, upstream }, spanId } = span
    const { origin, propagationTags, tracestate } = upstream ?? {}
    const llmobs = quietly(() => this.guest?.carried(span))
    return Propagation.inject({
      traceId,
      spanId,
      priority,
      origin,
      propagationTags,
      tracestate,
      baggage: span.baggage,
      llmobs
    })
  }

  async flush(): Promise<void> {
    const packed = this.#waiting
    this.#waiting = []
    if (packed.length > 0) {
      const headers = { "content-type": "application/msgpack", "x-datadog-trace-count": String(packed.length) }
      const body = V04.payload(packed.map(({ bytes }) => bytes))
      const answer = await this.options.send({ method: "POST", path: "/v0.4/traces", headers, body }).catch(() =>
        noAnswer
      )
      quietly(() => this.guest?.answered(packed.flatMap(({ riders }) => riders), answer))
    }
    await this.guest?.flush()
  }

  #start(name: string, request: HeaderLookup.HeaderLookup): Span {
    const parent = this.active
    const trace = parent?.trace ?? this.#begin(request)
    const baggage = parent?.baggage ??
      new Map([...trace.upstream?.baggage ?? []].map(([key, { value }]) => [key, value]))
    trace.open++
    return {
      trace,
      parent,
      name,
      resource: name,
      service: this.options.service,
      type: "",
      links: [],
      error: 0,
      traceId: trace.id,
      spanId: randomBytes(8).toString("hex"),
      parentId: parent?.spanId ?? trace.upstream?.parentId,
      startNs: nowNs(),
      durationNs: 0,
      meta: {},
      metrics: {},
      baggage: new Map(baggage)
    }
  }

  #begin(request: HeaderLookup.HeaderLookup): Trace {
    const upstream = Propagation.extract(request).value
    const id = upstream?.traceId ?? randomBytes(16).toString("hex")
    return {
      id,
      request,
      upstream,
      priority: upstream?.priority ?? (this.options.keeps() ? 1 : 0),
      finished: [],
      open: 0
    }
  }

  #finish(span: Span): void {
    const { trace } = span
    trace.finished.push(span)
    if (--trace.open > 0) return
    const spans = trace.finished.splice(0)
    const records = quietly(() => this.guest?.leaving(spans)) ?? []
    for (const { metrics } of spans) metrics["_sampling_priority_v1"] = trace.priority
    spans[0]!.meta["_dd.p.tid"] = trace.id.slice(0, 16)
    const chunk = { spans: spans.map((span, i) => ({ span, rider: records[i] })) }
    this.#waiting.push({
      bytes: V04.packChunk(chunk, WireFormat.table["trace-agent"]),
      riders: records.filter((r) => r !== undefined)
    })
  }
}
