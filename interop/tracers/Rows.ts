/**
 * The ways that a request can take through services with different tracers in them.
 *
 * @since 0.1.0
 */
import type { PlannedSpan } from "./Plan.ts"
import type { Tracer } from "./Service.ts"

/**
 * A service on the way.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hop {
  /** Also the name of its service; `<name>-app` is its application. */
  readonly name: string
  readonly tracer: Tracer
  /** LLM spans, each inside the one before. The next service is called inside the last. */
  readonly spans: ReadonlyArray<PlannedSpan>
  /** `DD_*` variables, and `OTEL_TRACES_SAMPLER`. */
  readonly env?: { readonly [name: string]: string } | undefined
  /** What of the LLM context leaves differently from how the service has it. */
  readonly leaves?: ((carried: Leaving) => Leaving) | undefined
  /** What it does not pass on of the sampling decision: all of it, or who made it. */
  readonly forgets?: "decision" | "decider" | undefined
  /** The priority here, when a service before decided anew. */
  readonly priority?: number | undefined
}

/**
 * What can leave differently.
 *
 * @category models
 * @since 0.1.0
 */
export interface Leaving {
  readonly parentId?: string | undefined
  readonly traceId?: string | undefined
  readonly mlApp?: string | undefined
  readonly sessionId?: string | undefined
  readonly agent?: { readonly name: string | null; readonly spanId: string } | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly name: string
  readonly hops: ReadonlyArray<Hop>
  /** The headers of the request that starts it. */
  readonly headers?: { readonly [name: string]: string }
  /** The priority at every service; without it, any that keeps the trace. */
  readonly priority?: number
  readonly origin?: string
  /** Texts that must stand in headers of the last request. */
  readonly passes?: { readonly [header: string]: string }
  /** How many requests come at once, each with the session of a browser of its own in its baggage. */
  readonly visitors?: number
  /** The experiment in its baggage. */
  readonly experimentId?: string
}

/**
 * @category accessors
 * @since 0.1.0
 */
export const appOf = (hop: Hop): string => hop.env?.["DD_LLMOBS_ML_APP"] ?? `${hop.name}-app`

/**
 * Whether a service writes APM spans.
 *
 * @category accessors
 * @since 0.1.0
 */
export const isExporting = (hop: Hop): boolean => hop.env?.["DD_APM_TRACING_ENABLED"] !== "false"

const workflow = (name: string, sessionId?: string): PlannedSpan => ({ kind: "workflow", name, sessionId })

type More = Omit<Partial<Hop>, "tracer" | "name">

const hop = (tracer: Tracer) => (name: string, more: More = {}): Hop => ({
  name,
  tracer,
  spans: tracer === "opentelemetry" ? [] : [workflow(`${name}-flow`), { kind: "task", name: `${name}-task` }],
  ...more
})

const ours = hop("ours")
const datadog = hop("datadog")
const otel = hop("opentelemetry")
const otelOff = (name: string) => otel(name, { env: { OTEL_TRACES_SAMPLER: "always_off" }, forgets: "decision" })
const otelOn = (name: string) => otel(name, { env: { OTEL_TRACES_SAMPLER: "always_on" }, forgets: "decision" })

const withSession = (name: string, sessionId: string): More => ({ spans: [workflow(`${name}-flow`, sessionId)] })
const withAgent: More = { spans: [{ kind: "agent", name: "guide" }, { kind: "task", name: "look" }] }
const silent: More = { spans: [] }

const rejectOurs: More = { env: { DD_TRACE_SAMPLING_RULES: JSON.stringify([{ sample_rate: 0 }]) } }
const rejectDatadog: More = { env: { DD_TRACE_SAMPLE_RATE: "0" } }
const retainNone: More = { env: { DD_LLMOBS_SAMPLE_RATE: "0" } }
const apmOff: More = { env: { DD_APM_TRACING_ENABLED: "false" } }
const styles = (names: string): More => ({ env: { DD_TRACE_PROPAGATION_STYLE: names } })
// b3 has no place for the LLM trace, nor for who decided.
const b3: More = { ...styles("b3multi"), leaves: () => nothing, forgets: "decider" }
const nothing: Leaving = {
  parentId: undefined,
  traceId: undefined,
  mlApp: undefined,
  sessionId: undefined,
  agent: undefined
}
const longApp = "a".repeat(190)
const longSession = "s".repeat(190)

const request = {
  "x-datadog-trace-id": "7277407061855694839",
  "x-datadog-parent-id": "8448496287173794",
  "x-datadog-tags": "_dd.p.tid=640cfd8d00000000"
}

const strangers = {
  ...request,
  "x-datadog-sampling-priority": "1",
  "x-datadog-tags": `${request["x-datadog-tags"]},_dd.p.team=ops`,
  traceparent: "00-640cfd8d0000000064fe8b2a57d3eff7-001e03e4b0c0d0a2-01",
  tracestate: "vendor=abc",
  baggage: "tenant=t-1"
}

/**
 * @category constants
 * @since 0.1.0
 */
export const rows: ReadonlyArray<Row> = [
  { name: "datadog -> ours", hops: [datadog("caller"), ours("callee")] },
  { name: "ours -> datadog", hops: [ours("caller"), datadog("callee")] },
  { name: "ours -> ours", hops: [ours("caller"), ours("callee")] },
  { name: "datadog -> ours -> datadog", hops: [datadog("first"), ours("second"), datadog("third")] },
  { name: "ours -> datadog -> ours", hops: [ours("first"), datadog("second"), ours("third")] },
  { name: "ours -> otel -> ours", hops: [ours("first"), otel("second"), ours("third")] },
  { name: "datadog -> otel -> ours", hops: [datadog("first"), otel("second"), ours("third")] },
  { name: "ours -> otel -> datadog", hops: [ours("first"), otel("second"), datadog("third")] },
  { name: "otel -> ours -> datadog", hops: [otel("first"), ours("second"), datadog("third")] },
  { name: "ours -> otel -> otel -> ours", hops: [ours("first"), otel("second"), otel("third"), ours("fourth")] },

  // A service names its application even without a span of its own: a new root below it is of that application.
  {
    name: "datadog without LLM spans -> ours",
    hops: [datadog("caller", { spans: [], leaves: () => ({ mlApp: "caller-app" }) }), ours("callee")]
  },
  { name: "ours without LLM spans -> datadog", hops: [ours("caller", silent), datadog("callee")] },
  {
    name: "datadog -> ours without LLM spans -> datadog",
    hops: [datadog("first"), ours("second", silent), datadog("third")]
  },
  {
    name: "ours -> datadog without LLM spans -> ours",
    // Datadog's tracer puts its own application beside the parent of another.
    hops: [
      ours("first"),
      datadog("second", { spans: [], leaves: () => ({ mlApp: "second-app" }) }),
      ours("third")
    ]
  },

  { name: "rejected by datadog -> ours", hops: [datadog("caller", rejectDatadog), ours("callee")], priority: -1 },
  { name: "rejected by ours -> datadog", hops: [ours("caller", rejectOurs), datadog("callee")], priority: -1 },
  {
    name: "rejected by datadog -> otel -> ours",
    hops: [datadog("first", rejectDatadog), otel("second"), ours("third")],
    priority: -1
  },
  {
    name: "rejected by ours -> otel -> ours",
    hops: [ours("first", rejectOurs), otel("second"), ours("third")],
    priority: -1
  },
  {
    name: "rejected before -> datadog -> ours",
    hops: [datadog("caller"), ours("callee")],
    headers: { ...request, "x-datadog-sampling-priority": "0" },
    priority: 0
  },
  {
    name: "rejected before -> ours -> datadog",
    hops: [ours("caller"), datadog("callee")],
    headers: { ...request, "x-datadog-sampling-priority": "0" },
    priority: 0
  },
  {
    name: "kept by a user before -> ours -> otel -> ours",
    hops: [ours("first"), otel("second"), ours("third")],
    headers: { ...request, "x-datadog-sampling-priority": "2" },
    priority: 2
  },
  {
    name: "rejected before -> ours -> otel -> datadog",
    hops: [ours("first"), otel("second"), datadog("third")],
    headers: { ...request, "x-datadog-sampling-priority": "0" },
    priority: 0
  },
  // The flag of `traceparent` wins over the priority in `tracestate` when they contradict each other.
  {
    name: "ours -> otel that rejects -> ours -> datadog",
    hops: [ours("first"), otelOff("second"), ours("third", { priority: 0 }), datadog("fourth", { priority: 0 })]
  },
  {
    name: "rejected by ours -> otel that keeps -> ours",
    hops: [ours("first", { ...rejectOurs, priority: -1 }), otelOn("second"), ours("third", { priority: 1 })]
  },
  {
    name: "rejected by datadog -> otel that keeps -> ours -> datadog",
    hops: [
      datadog("first", { ...rejectDatadog, priority: -1 }),
      otelOn("second"),
      ours("third", { priority: 1 }),
      datadog("fourth", { priority: 1 })
    ]
  },
  // Rules of a service that comes later change nothing.
  {
    name: "datadog -> ours, which would reject",
    hops: [datadog("caller"), ours("callee", rejectOurs)]
  },
  {
    name: "ours -> datadog, which would reject",
    hops: [ours("caller"), datadog("callee", rejectDatadog)]
  },

  {
    name: "session: datadog -> ours",
    hops: [datadog("caller", withSession("caller", "s-1")), ours("callee")]
  },
  {
    name: "session: ours -> datadog -> ours",
    hops: [ours("first", withSession("first", "s-1")), datadog("second"), ours("third")]
  },
  {
    name: "session: ours -> otel -> ours",
    hops: [ours("first", withSession("first", "s-1")), otel("second"), ours("third")]
  },
  {
    name: "session: datadog -> otel -> ours",
    hops: [datadog("first", withSession("first", "s-1")), otel("second"), ours("third")]
  },
  {
    name: "session: datadog -> ours with its own -> datadog",
    hops: [
      datadog("first", withSession("first", "s-1")),
      ours("second", withSession("second", "s-2")),
      datadog("third")
    ]
  },
  {
    name: "session of a browser: ours -> datadog -> ours",
    hops: [ours("first"), datadog("second"), ours("third")],
    visitors: 1
  },
  {
    name: "session of a browser: ours -> otel -> ours",
    hops: [ours("first"), otel("second"), ours("third")],
    visitors: 1
  },
  {
    name: "sessions of twenty browsers at once: ours -> datadog -> ours",
    hops: [ours("first"), datadog("second"), ours("third")],
    visitors: 20
  },
  {
    name: "session that no header holds: ours -> datadog",
    hops: [
      ours("caller", { ...withSession("caller", "Zoë, 7"), leaves: () => ({ sessionId: undefined }) }),
      datadog("callee")
    ]
  },
  {
    name: "more than headers hold: ours -> datadog",
    hops: [
      ours("caller", {
        ...withSession("caller", longSession),
        env: { DD_LLMOBS_ML_APP: longApp },
        leaves: () => ({ sessionId: undefined })
      }),
      datadog("callee")
    ]
  },
  {
    // `tracestate` has half the room of `x-datadog-tags`.
    name: "more than headers hold: ours -> otel -> ours",
    hops: [
      ours("first", {
        ...withSession("first", longSession),
        env: { DD_LLMOBS_ML_APP: longApp },
        leaves: () => ({ sessionId: undefined, mlApp: undefined })
      }),
      otel("second"),
      ours("third")
    ]
  },

  { name: "agent: datadog -> ours", hops: [datadog("caller", withAgent), ours("callee")] },
  { name: "agent: ours -> datadog", hops: [ours("caller", withAgent), datadog("callee")] },
  {
    name: "agent: ours -> otel -> ours -> datadog",
    hops: [ours("first", withAgent), otel("second"), ours("third"), datadog("fourth")]
  },
  {
    name: "agent whose name no header holds: ours -> datadog",
    hops: [
      ours("caller", {
        spans: [{ kind: "agent", name: "Zoë" }, { kind: "task", name: "look" }],
        leaves: ({ agent }) => ({ agent: { name: null, spanId: agent!.spanId } })
      }),
      datadog("callee")
    ]
  },

  { name: "not retained: datadog -> ours", hops: [datadog("caller", retainNone), ours("callee")] },
  { name: "not retained: ours -> datadog", hops: [ours("caller", retainNone), datadog("callee")] },
  { name: "datadog -> ours, which would not retain", hops: [datadog("caller"), ours("callee", retainNone)] },

  {
    name: "experiment before -> datadog -> ours",
    hops: [datadog("caller"), ours("callee")],
    headers: { baggage: "_ml_obs.experiment_id=e-1" },
    experimentId: "e-1"
  },
  {
    name: "experiment before -> ours -> datadog -> ours",
    hops: [ours("first"), datadog("second"), ours("third")],
    headers: { baggage: "_ml_obs.experiment_id=e-1" },
    experimentId: "e-1"
  },
  {
    name: "experiment of ours -> datadog -> ours",
    hops: [
      ours("first", { spans: [{ kind: "experiment", name: "trial", experimentId: "e-1" }] }),
      datadog("second"),
      ours("third")
    ],
    experimentId: "e-1"
  },
  {
    name: "experiment of ours -> otel -> ours",
    hops: [
      ours("first", { spans: [{ kind: "experiment", name: "trial", experimentId: "e-1" }] }),
      otel("second"),
      ours("third")
    ],
    experimentId: "e-1"
  },

  {
    name: "browser -> datadog -> ours",
    hops: [datadog("caller"), ours("callee")],
    headers: { ...request, "x-datadog-sampling-priority": "1", "x-datadog-origin": "rum" },
    origin: "rum"
  },
  {
    name: "browser -> ours -> datadog",
    hops: [ours("caller"), datadog("callee")],
    headers: { ...request, "x-datadog-sampling-priority": "1", "x-datadog-origin": "rum" },
    origin: "rum"
  },

  { name: "APM off: ours -> datadog", hops: [ours("caller", apmOff), datadog("callee")] },
  { name: "APM off: datadog -> ours", hops: [datadog("caller"), ours("callee", apmOff)] },
  { name: "APM off: datadog -> ours -> datadog", hops: [datadog("first"), ours("second", apmOff), datadog("third")] },
  { name: "APM off: ours -> otel -> ours", hops: [ours("first", apmOff), otel("second"), ours("third")] },

  {
    name: "W3C only: datadog -> ours",
    hops: [datadog("caller", styles("tracecontext,baggage")), ours("callee", styles("tracecontext,baggage"))]
  },
  {
    name: "W3C only: ours -> datadog",
    hops: [ours("caller", styles("tracecontext,baggage")), datadog("callee", styles("tracecontext,baggage"))]
  },
  { name: "Datadog's headers only: datadog -> ours", hops: [datadog("caller", styles("datadog")), ours("callee")] },
  { name: "Datadog's headers only: ours -> datadog", hops: [ours("caller", styles("datadog")), datadog("callee")] },
  { name: "b3 only: datadog -> ours", hops: [datadog("caller", b3), ours("callee", b3)] },
  { name: "b3 only: ours -> datadog", hops: [ours("caller", b3), datadog("callee", b3)] },
  {
    name: "tags and members of others: ours -> datadog -> ours",
    hops: [ours("first"), datadog("second"), ours("third")],
    headers: strangers,
    passes: { "x-datadog-tags": "_dd.p.team=ops", tracestate: "vendor=abc", baggage: "tenant=t-1" }
  },
  {
    name: "members of others: ours -> otel -> ours -> otel",
    hops: [ours("first"), otel("second"), ours("third"), otel("fourth")],
    headers: strangers,
    passes: { tracestate: "vendor=abc", baggage: "tenant=t-1" }
  },
  {
    name: "64-bit trace ids: datadog -> ours",
    hops: [datadog("caller", { env: { DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED: "false" } }), ours("callee")]
  },
  {
    name: "64-bit trace ids: ours -> datadog",
    hops: [ours("caller", { env: { DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED: "false" } }), datadog("callee")]
  }
]
