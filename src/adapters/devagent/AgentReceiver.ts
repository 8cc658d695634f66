/**
 * What the embedded Agent answers to each request, and what it remembers of it.
 *
 * @since 0.1.0
 */
import { createHash } from "node:crypto"
import * as AgentInfo from "./AgentInfo.ts"
import * as AgentSampling from "./AgentSampling.ts"
import * as AgentSettings from "./AgentSettings.ts"
import * as BoundedLog from "./BoundedLog.ts"
import * as EvpProxy from "./EvpProxy.ts"
import * as Intake from "./Intake.ts"
import * as ReceivedEvents from "./ReceivedEvents.ts"
import * as TracePayload from "./TracePayload.ts"

/**
 * A request as it came off the wire. `bytes` is undefined when the body was larger than the limit for its path.
 *
 * @category models
 * @since 0.1.0
 */
export interface WireRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly bytes: Uint8Array | undefined
}

/**
 * What goes back over the wire.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  /** 0 closes the connection without an answer. */
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/**
 * A request and what became of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query as they were sent. */
  readonly path: string
  /** By lower-case name; repeated headers are joined with a comma. */
  readonly headers: { readonly [name: string]: string }
  /** The status answered; 0 when the connection was closed instead. */
  readonly status: number
  /** The body as it was sent; empty when it was too large to be read. */
  readonly bytes: Uint8Array
  /** The chunks of a trace payload, the JSON of an intake body, else `bytes`. */
  readonly body: unknown
}

/**
 * What has come in since the last clear.
 *
 * @category models
 * @since 0.1.0
 */
export interface Counts {
  readonly requests: number
  /** Requests that gave way to newer ones and are not in the list any more. */
  readonly requestsEvicted: number
  /** Chunks in accepted payloads. */
  readonly chunks: number
  readonly spans: number
  /** Accepted chunks by what happened to them; see the sampling reasons, plus the normaliser's drops. */
  readonly chunksBy: { readonly [reason: string]: number }
  readonly events: ReceivedEvents.EventCounts
  /** Evaluation metrics that the intake accepted. */
  readonly evaluations: number
}

/**
 * Answers requests and remembers what they brought.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentReceiver {
  /** From this many body bytes on, a request for the path is too large. */
  readonly limit: (url: string) => number
  readonly latencyMillis: () => number
  readonly receive: (request: WireRequest) => Promise<Answer>
  readonly requests: () => ReadonlyArray<ReceivedRequest>
  readonly traces: () => ReadonlyArray<TracePayload.Chunk>
  readonly events: () => ReadonlyArray<ReceivedEvents.ReceivedEvent>
  readonly counts: () => Counts
  readonly clear: () => void
  readonly configure: (change: AgentSettings.Configuration) => void
}

interface Outcome extends Answer {
  readonly decoded?: unknown
  readonly accepted?: ReadonlyArray<TracePayload.Chunk>
}

const plainText = { "content-type": "text/plain; charset=utf-8" }
const json = { "content-type": "application/json" }
const text = (status: number, body: string): Outcome => ({ status, headers: plainText, body })
const notFound = text(404, "404 page not found\n")
const noBytes = new Uint8Array(0)

const isFalse = new Set(["", "0", "f", "F", "false", "FALSE", "False"])
const truthy = (header: string | undefined): boolean => header !== undefined && !isFalse.has(header)

const mediaType = (header: string | undefined): string => (header ?? "").split(";", 1)[0]!.trim().toLowerCase()

const statuses = (given: AgentSettings.Statuses): () => number => {
  const rest = typeof given === "number" ? undefined : [...given]
  return () => rest === undefined ? given as number : rest.shift() ?? 200
}

const withoutSlash = (path: string): string => path.endsWith("/") ? path.slice(0, -1) : path

/**
 * An Agent without its server. The clock gives milliseconds and drives the rate-limited samplers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly configuration: AgentSettings.Configuration
  readonly requestBounds: BoundedLog.Bounds
  readonly eventBounds: BoundedLog.Bounds
  readonly nowMillis: () => number
  readonly listening: () => { readonly port: number; readonly socketPath: string }
}): AgentReceiver => {
  const requests = BoundedLog.make<{ readonly request: ReceivedRequest; readonly accepted: Outcome["accepted"] }>(
    options.requestBounds
  )
  const events = ReceivedEvents.make(options.eventBounds)
  const noTally = { requests: 0, chunks: 0, spans: 0, evaluations: 0 }
  let tally = { ...noTally }
  let chunksBy = new Map<string, number>()
  let settings = AgentSettings.merge(AgentSettings.defaults, options.configuration)
  let nextStatus = { info: () => 200, traces: () => 200, intake: () => 202 }
  let sampling: AgentSampling.Settings
  let sampler: AgentSampling.State

  const configure = (change: AgentSettings.Configuration): void => {
    settings = AgentSettings.merge(settings, change)
    nextStatus = {
      info: change.infoStatus === undefined ? nextStatus.info : statuses(change.infoStatus),
      traces: change.tracesStatus === undefined ? nextStatus.traces : statuses(change.tracesStatus),
      intake: change.evpStatus === undefined ? nextStatus.intake : statuses(change.evpStatus)
    }
    sampling = {
      ignoreResources: AgentSettings.patterns(settings.ignoreResources),
      filterTags: settings.filterTags,
      errorsPerSecond: settings.errorsPerSecond,
      unprioritisedPerSecond: settings.unprioritisedPerSecond
    }
    sampler = AgentSampling.initial(sampling, options.nowMillis())
  }
  configure(options.configuration)

  const note = (reason: string): void => {
    chunksBy.set(reason, (chunksBy.get(reason) ?? 0) + 1)
  }

  const ingest = (chunks: ReadonlyArray<TracePayload.Chunk>): void => {
    for (const chunk of chunks) {
      tally.chunks++
      tally.spans += chunk.length
      const normalised = TracePayload.normalise(chunk)
      if (!normalised.ok) {
        note(normalised.reason)
        continue
      }
      const decision = AgentSampling.decide(sampler, normalised.chunk.spans, sampling, options.nowMillis())
      sampler = decision.state
      note(decision.reason)
      events.addTrace(normalised.chunk, decision.survivors)
    }
  }

  const ratesAnswer = (request: WireRequest, status: number): Outcome => {
    const body = JSON.stringify({ rate_by_service: settings.rates })
    const current = createHash("sha256").update(body).digest("hex").slice(0, 16)
    const known = request.headers["datadog-rates-payload-version"]
    return known === undefined
      ? { status, headers: json, body }
      : {
        status,
        headers: { ...json, "datadog-rates-payload-version": current },
        body: known === current ? "{}" : body
      }
  }

  const countProblem = (request: WireRequest, chunks: number): string | undefined => {
    const given = request.headers["x-datadog-trace-count"]
    return !settings.strictTraceCount || given === String(chunks)
      ? undefined
      : `X-Datadog-Trace-Count is ${given === undefined ? "absent" : "not the number of chunks"}\n`
  }

  const traces = (request: WireRequest, path: string): Outcome => {
    if (request.bytes === undefined) {
      return text(413, "payload-too-large\n")
    }
    if (mediaType(request.headers["content-type"]) !== "application/msgpack") {
      return text(400, "cannot decode the payload: the content type is not application/msgpack\n")
    }
    const payload = TracePayload.decode(request.bytes)
    if (!payload.ok) {
      return text(400, `cannot decode the payload: ${payload.message}\n`)
    }
    const decoded = payload.chunks
    const problem = countProblem(request, decoded.length)
    if (problem !== undefined) {
      return { ...text(400, problem), decoded }
    }
    const forced = nextStatus.traces()
    const accepted = forced !== 0 && forced < 300
    if (accepted || settings.deliverRefused) {
      ingest(decoded)
    }
    const hidden = forced === 429 && !truthy(request.headers["datadog-send-real-http-status"])
    const status = accepted || hidden ? 200 : forced
    const answer = path === "/v0.3/traces" && status === 200 ? text(200, "OK\n") : ratesAnswer(request, status)
    return { ...answer, decoded, ...(accepted || settings.deliverRefused ? { accepted: decoded } : {}) }
  }

  const intake = async (
    via: "evp" | "direct",
    kind: Intake.Kind | undefined,
    request: WireRequest & { readonly bytes: Uint8Array }
  ): Promise<Outcome> => {
    const verdict = await Intake.judge(kind, request.bytes, request.headers["content-encoding"])
    const forced = nextStatus.intake()
    const refused = forced === 0 || forced >= 300
    const decoded = verdict.body === undefined ? {} : { decoded: verdict.body }
    if (verdict.status === 202 && (!refused || settings.deliverRefused)) {
      events.addEnveloped(via, verdict.events, request.bytes.byteLength)
      tally.evaluations += verdict.evaluations
    }
    return refused
      ? { status: forced, headers: { ...json, ...settings.evpHeaders }, body: "{}", ...decoded }
      : { status: verdict.status, headers: json, body: verdict.status === 202 ? "{}" : verdict.text, ...decoded }
  }

  const proxy = (request: WireRequest, rest: string, query: string): Outcome | Promise<Outcome> => {
    const empty: Outcome = { status: 502, headers: {}, body: "" }
    if (settings.evpDisabled) {
      return text(405, "evp_proxy is disabled\n")
    }
    const target = EvpProxy.target(request.headers["x-datadog-evp-subdomain"], rest, query)
    return !target.ok || request.bytes === undefined
      ? empty
      : intake("evp", Intake.find(target.path, target.subdomain), { ...request, bytes: request.bytes })
  }

  const direct = (request: WireRequest, kind: Intake.Kind): Outcome | Promise<Outcome> =>
    request.bytes === undefined
      ? text(413, "payload too large\n")
      : (request.headers["dd-api-key"] ?? "") === ""
      ? { status: 403, headers: json, body: "{\"errors\":[\"Forbidden\"]}" }
      : intake("direct", kind, { ...request, bytes: request.bytes })

  const info = (): Outcome => {
    const forced = nextStatus.info()
    return forced === 0 || forced >= 300
      ? text(forced, "")
      : { status: 200, headers: json, body: AgentInfo.render(settings, options.listening()).text }
  }

  const listed = (endpoint: string): boolean =>
    settings.endpoints.some((known) => withoutSlash(known) === withoutSlash(endpoint))

  const route = (request: WireRequest): Outcome | Promise<Outcome> => {
    if (request.headers["sec-fetch-site"] === "cross-site") {
      return text(403, "cross-site request rejected\n")
    }
    const [path, query] = splitQuery(request.url)
    if (path === "/info") {
      return info()
    }
    if (path === "/v0.4/traces" || path === "/v0.3/traces") {
      return listed(path) ? traces(request, path) : notFound
    }
    const evp = EvpProxy.split(path)
    if (evp !== undefined) {
      return listed(evp.prefix) ? proxy(request, evp.rest, query) : notFound
    }
    const kind = Intake.findDirect(path)
    return kind === undefined ? notFound : direct(request, kind)
  }

  const record = (request: WireRequest, outcome: Outcome): void => {
    const bytes = request.bytes ?? noBytes
    const received: ReceivedRequest = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      status: outcome.status,
      bytes,
      body: outcome.decoded ?? bytes
    }
    tally.requests++
    requests.add({ request: received, accepted: outcome.accepted }, bytes.byteLength)
  }

  return {
    limit: (url) => splitQuery(url)[0].endsWith("/traces") ? settings.maxRequestBytes : EvpProxy.maxBytes,
    latencyMillis: () => settings.latencyMillis,
    receive: async (request) => {
      const outcome = await route(request)
      record(request, outcome)
      return {
        status: outcome.status,
        headers: {
          ...outcome.headers,
          "datadog-agent-version": AgentInfo.version,
          "datadog-agent-state": AgentInfo.render(settings, options.listening()).state
        },
        body: outcome.body
      }
    },
    requests: () => requests.all().map(({ request }) => request),
    traces: () => requests.all().flatMap(({ accepted }) => accepted ?? []),
    events: events.all,
    counts: () => ({
      ...tally,
      requestsEvicted: requests.evicted(),
      chunksBy: Object.fromEntries(chunksBy),
      events: events.counts()
    }),
    clear: () => {
      requests.clear()
      events.clear()
      tally = { ...noTally }
      chunksBy = new Map()
      sampler = AgentSampling.initial(sampling, options.nowMillis())
    },
    configure
  }
}

const splitQuery = (url: string): readonly [path: string, query: string] => {
  const at = url.indexOf("?")
  return at === -1 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)]
}
