/**
 * The proofs of the laws of an embedder: each runs a tracer against an Agent in memory, as strict as the real one, and
 * looks at what arrived.
 */
import * as AgentReceiver from "../adapters/devagent/AgentReceiver.ts"
import type * as AgentSettings from "../adapters/devagent/AgentSettings.ts"
import type { EventView } from "../domain/event/EventView.ts"
import * as MetaStruct from "../domain/event/MetaStruct.ts"
import type { Embedder, EmbedderHeaders, EmbedderLawName, EmbedderWorld, PlannedSpan } from "../ports/Embedder.ts"

type Span = ReturnType<AgentReceiver.AgentReceiver["traces"]>[number][number]

interface Seen {
  readonly events: ReadonlyArray<EventView>
  readonly spans: ReadonlyArray<Span>
  readonly calls: ReadonlyArray<EmbedderHeaders>
  /** The scope of each event, by its name. */
  readonly scopes: ReadonlyMap<unknown, unknown>
}

interface Trial {
  readonly plans: ReadonlyArray<readonly [plan: PlannedSpan, request?: EmbedderHeaders]>
  readonly keeps?: boolean
  readonly llmobs?: boolean
  readonly agent?: AgentSettings.Configuration
}

const observe = async (embedder: Embedder, trial: Trial): Promise<Seen> => {
  const mebibytes = 64 * 1024 * 1024
  const receiver = AgentReceiver.make({
    configuration: trial.agent ?? {},
    requestBounds: { maxCount: 10_000, maxBytes: mebibytes },
    eventBounds: { maxCount: 10_000, maxBytes: mebibytes },
    nowMillis: Date.now,
    listening: () => ({ port: 8126, socketPath: "" })
  })
  const world: EmbedderWorld = {
    keeps: trial.keeps ?? true,
    llmobs: trial.llmobs ?? true,
    send: ({ body, headers, method, path }) => receiver.receive({ method, url: path, headers, bytes: body })
  }
  const tracer = await embedder.start(world)
  const calls: Array<EmbedderHeaders> = []
  for (const [plan, request] of trial.plans) calls.push(...await tracer.run(plan, request))
  // The first flush can find that the Agent refuses; a second one sends what is left.
  await tracer.flush()
  await tracer.flush()
  const scopes = new Map(
    receiver.events().map(({ event }) => [event["name"], Object(event["_dd"])["scope"] as unknown])
  )
  return { events: receiver.spans(), spans: receiver.traces().flat(), calls, scopes }
}

const fail = (message: string): never => {
  throw new Error(message)
}

const same = (what: string, actual: unknown, expected: unknown): void => {
  const [seen, wanted] = [text(actual), text(expected)]
  if (seen !== wanted) fail(`${what} must be ${wanted}, and is ${seen}.`)
}

const text = (value: unknown): string =>
  value === undefined ? "undefined" : JSON.stringify(value, (_key, part) => typeof part === "bigint" ? `${part}` : part)

const eventOf = ({ events }: Seen, name: string): EventView => {
  const found = events.filter((event) => event.name === name)
  same(`The number of events of ${name}`, found.length, 1)
  return found[0]!
}

const spanOf = ({ spans }: Seen, name: string): Span =>
  spans.find((span) => span.name === name) ?? fail(`The span ${name} did not arrive in a trace.`)

const rode = (seen: Seen, name: string): void => {
  same(`The route of ${name}`, eventOf(seen, name).route, "trace")
  const { meta, metaStruct } = spanOf(seen, name)
  same(`The struct on ${name}`, Object.keys(metaStruct), [MetaStruct.key])
  same(`${MetaStruct.submittedTag} of ${name}`, meta[MetaStruct.submittedTag], undefined)
}

const went = (seen: Seen, name: string): void => {
  same(`Whether ${name} rides`, eventOf(seen, name).route === "trace", false)
  const span = seen.spans.find((span) => span.name === name)
  if (span === undefined) return
  same(`The struct on ${name}`, Object.keys(span.metaStruct), [])
  same(`${MetaStruct.submittedTag} of ${name}`, span.meta[MetaStruct.submittedTag], "1")
}

const priorityOf = ({ metrics }: Span): number | undefined => metrics["_sampling_priority_v1"]

const chat = (more: Partial<PlannedSpan> = {}): PlannedSpan => ({
  name: "chat",
  llm: {
    kind: "llm",
    annotation: {
      model: "gpt-5",
      provider: "openai",
      input: [{ role: "user", content: "Hi" }],
      output: [{ role: "assistant", content: "hello" }],
      metrics: { inputTokens: 10 }
    }
  },
  ...more
})

/** A request whose model call has plain spans beside it and above it. */
const page: PlannedSpan = {
  name: "request",
  children: [{ name: "database" }, { name: "handler", children: [chat()] }]
}

const upstream = (priority: number, more: EmbedderHeaders = {}): EmbedderHeaders => ({
  "x-datadog-trace-id": "12302652060662213444",
  "x-datadog-parent-id": "255",
  "x-datadog-sampling-priority": String(priority),
  ...more
})

/** The parts of a span that do not differ from run to run. */
const lasting = ({ error, meta, metrics, name, resource, service, type }: Span): unknown => {
  const entries = <A>(values: Readonly<Record<string, A>>) =>
    Object.entries(values).filter(([key]) => !volatile.has(key)).sort(([a], [b]) => (a < b ? -1 : 1))
  return { name, resource, service, type, error, meta: entries(meta), metrics: entries(metrics) }
}

const volatile: ReadonlySet<string> = new Set([
  "_dd.p.tid",
  "runtime-id",
  "process_id",
  // The local root names its LLM trace.
  "llmobs_trace_id",
  "llmobs_parent_id"
])

/** Proves each law for one embedder. The promise fails with what was seen instead. */
export const checks: { readonly [K in EmbedderLawName]: (embedder: Embedder) => Promise<void> } = {
  "rides": async (embedder) => rode(await observe(embedder, { plans: [[page]] }), "chat"),

  "rescued": async (embedder) => went(await observe(embedder, { plans: [[page]], keeps: false }), "chat"),

  "priority-untouched": async (embedder) => {
    for (const keeps of [true, false]) {
      const decided = async (llmobs: boolean) => {
        const { spans } = await observe(embedder, { plans: [[page]], keeps, llmobs })
        return spans.map((span) => [span.name, priorityOf(span)])
      }
      const plain = await decided(false)
      same("The number of spans without the embedding", plain.length, 4)
      same("The spans and their priorities", await decided(true), plain)
    }
  },

  "other-spans-untouched": async (embedder) => {
    for (const keeps of [true, false]) {
      const plain = await observe(embedder, { plans: [[page]], keeps, llmobs: false })
      const own = await observe(embedder, { plans: [[page]], keeps })
      for (const name of ["request", "database", "handler"]) {
        same(`The span ${name}`, lasting(spanOf(own, name)), lasting(spanOf(plain, name)))
      }
    }
  },

  "upstream-decides": async (embedder) => {
    went(await observe(embedder, { plans: [[page, upstream(-1)]] }), "chat")
    const kept = await observe(embedder, { plans: [[page, upstream(2)]], keeps: false })
    rode(kept, "chat")
    same("The priority of a kept trace", priorityOf(spanOf(kept, "request")), 2)
  },

  "one-route": async (embedder) => {
    const names = Array.from({ length: 40 }, (_, i) => `chat ${i}`)
    const plans = names.map((name, i) => [chat({ name }), upstream(i % 3 - 1)] as const)
    const seen = await observe(embedder, { plans, agent: { tracesStatus: [200, 500], evpStatus: [202, 503] } })
    for (const name of names) (eventOf(seen, name).route === "trace" ? rode : went)(seen, name)
  },

  "idempotent": async (embedder) => {
    const seen = await observe(embedder, { plans: [[page], [chat({ name: "other" }), upstream(-1)]] })
    same("The number of events", seen.events.length, 2)
    same("The number of spans", seen.spans.length, 5)
  },

  "refused-payload": async (embedder) => {
    for (const tracesStatus of [400, 500, 0]) {
      const seen = await observe(embedder, { plans: [[page]], agent: { tracesStatus } })
      same(
        `Whether chat rides a payload with the status ${tracesStatus}`,
        eventOf(seen, "chat").route === "trace",
        false
      )
    }
  },

  "incapable-agent": async (embedder) =>
    went(await observe(embedder, { plans: [[page]], agent: { spanMetaStructs: false } }), "chat"),

  "filtered-trace": async (embedder) => {
    const seen = await observe(embedder, { plans: [[page]], agent: { ignoreResources: ["^request$"] } })
    same("Whether chat rides", eventOf(seen, "chat").route === "trace", false)
  },

  "large-event": async (embedder) => {
    const annotation = { input: [{ role: "user", content: "x".repeat(1_100_000) }] }
    went(await observe(embedder, { plans: [[chat({ llm: { kind: "llm", annotation } })]] }), "chat")
  },

  "intake-outage": async (embedder) =>
    went(await observe(embedder, { plans: [[page]], keeps: false, agent: { evpStatus: [503] } }), "chat"),

  "identity": async (embedder) => {
    for (const keeps of [true, false]) {
      const seen = await observe(embedder, { plans: [[page]], keeps })
      const { apmTraceId, input, mlApp, model, spanId } = eventOf(seen, "chat")
      const span = spanOf(seen, "chat")
      same("The span id", spanId, String(span.spanId))
      same("The lower half of the APM trace id", apmTraceId?.slice(16), span.traceId.toString(16).padStart(16, "0"))
      same("The application", mlApp, "shop")
      same("The model", model, "gpt-5")
      same("The input", input.messages?.map((message) => message["content"]), ["Hi"])
    }
  },

  "parents": async (embedder) => {
    const workflow: PlannedSpan = {
      name: "workflow",
      llm: { kind: "workflow" },
      children: [{ name: "plain", children: [chat({ name: "first" })] }, chat({ name: "second" })]
    }
    const seen = await observe(embedder, { plans: [[{ name: "request", children: [workflow] }]] })
    const [root, first, second] = ["workflow", "first", "second"].map((name) => eventOf(seen, name))
    same("The parent of the first LLM span", root!.parentId, undefined)
    same("The parent below a plain span", first!.parentId, root!.spanId)
    same("The parent of a sibling", second!.parentId, root!.spanId)
    same("The LLM trace", [first!.traceId, second!.traceId], [root!.traceId, root!.traceId])
  },

  "labels": async (embedder) => {
    const labels = { "session.id": "s-1", "user.id": "u 1", "account.id": "a-1", "user.email": "ann@example.com" }
    const header = "session.id=s-1,user.id=u%201,account.id=a-1,user.email=ann%40example.com"
    for (
      const plan of [
        [page, { baggage: header }],
        [{ name: "request", baggage: labels, children: [chat()] }]
      ] as const
    ) {
      const { accountId, sessionId, tags, userId } = eventOf(await observe(embedder, { plans: [plan] }), "chat")
      same("The labels", [sessionId, userId, accountId], ["s-1", "u 1", "a-1"])
      same("The e-mail address", Object.values(tags).includes("ann@example.com"), false)
    }
    const plans = [[{ name: "request", children: [{ name: "inner", baggage: labels }, chat()] }]] as const
    same("The session of a sibling", eventOf(await observe(embedder, { plans }), "chat").sessionId, undefined)
  },

  "explicit-label": async (embedder) => {
    const plan = chat({ llm: { kind: "llm", annotation: { sessionId: "mine" } } })
    const seen = await observe(embedder, { plans: [[plan, { baggage: "session.id=s-1" }]] })
    same("The session", eventOf(seen, "chat").sessionId, "mine")
  },

  "experiment": async (embedder) => {
    const members = { "_ml_obs.experiment_id": "e-1", "_ml_obs.experiment_run_id": "r-1" }
    for (
      const plan of [
        [page, { baggage: "_ml_obs.experiment_id=e-1,_ml_obs.experiment_run_id=r-1" }],
        [{ name: "request", baggage: members, children: [chat()] }]
      ] as const
    ) {
      for (const keeps of [true, false]) {
        const seen = await observe(embedder, { plans: [plan], keeps })
        const { tags } = eventOf(seen, "chat")
        same("The experiment", [tags["experiment_id"], tags["run_id"]], ["e-1", "r-1"])
        same("The scope", seen.scopes.get("chat"), "experiments")
      }
    }
  },

  "browser-experiment": async (embedder) => {
    const request = { baggage: "_ml_obs.experiment_id=e-1,session.id=s-1", "sec-fetch-site": "cross-site" }
    const seen = await observe(embedder, { plans: [[page, request]] })
    const { sessionId, tags } = eventOf(seen, "chat")
    same("The experiment", [tags["experiment_id"], seen.scopes.get("chat")], [undefined, undefined])
    same("The session", sessionId, "s-1")
  },

  "propagation": async (embedder) => {
    const here = await observe(embedder, { plans: [[chat({ name: "caller", calls: true })]] })
    same("The number of calls", here.calls.length, 1)
    const there = await observe(embedder, { plans: [[page, here.calls[0]!]] })
    const [caller, chatted] = [eventOf(here, "caller"), eventOf(there, "chat")]
    same("The parent in the next service", chatted.parentId, caller.spanId)
    same("The LLM trace in the next service", chatted.traceId, caller.traceId)
    same("The APM trace in the next service", chatted.apmTraceId, caller.apmTraceId)
    same("The priority in the next service", priorityOf(spanOf(there, "request")), priorityOf(spanOf(here, "caller")))
  },

  "failure": async (embedder) => {
    for (const keeps of [true, false]) {
      const plan = chat({ error: new TypeError("no model") })
      const { error, status } = eventOf(await observe(embedder, { plans: [[plan]], keeps }), "chat")
      same("The status", status, "error")
      same("The error", [error?.type, error?.message], ["TypeError", "no model"])
    }
  },

  "bad-input": async (embedder) => {
    const annotation = {
      get input(): string {
        throw new Error("unreadable")
      },
      output: [{ role: "assistant", content: "hello" }],
      metrics: { inputTokens: Number.NaN, outputTokens: 3 }
    }
    const plan = chat({ llm: { kind: "llm", annotation }, children: [{ name: "afterwards" }] })
    const seen = await observe(embedder, { plans: [[plan]] })
    spanOf(seen, "afterwards")
    const { metrics, output } = eventOf(seen, "chat")
    same("The output", output.messages?.map((message) => message["content"]), ["hello"])
    same("The metrics", metrics, { output_tokens: 3 })
  }
}
