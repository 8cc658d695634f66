/**
 * The embedded Agent without its server: it answers requests, and keeps their content.
 */
import * as EventView from "../../domain/event/EventView.ts"
import type { Answer, Outcome, WireRequest } from "./AgentEndpoints.ts"
import * as AgentEndpoints from "./AgentEndpoints.ts"
import * as AgentInfo from "./AgentInfo.ts"
import type * as AgentSettings from "./AgentSettings.ts"
import * as AgentState from "./AgentState.ts"
import * as BoundedLog from "./BoundedLog.ts"
import * as EvpProxy from "./EvpProxy.ts"
import type * as ReceivedEvents from "./ReceivedEvents.ts"
import type * as TracePayload from "./TracePayload.ts"

/** A request and its outcome. */
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

/** The counts of requests and their content since the last clear. */
export interface Counts {
  readonly requests: number
  /** Requests that were removed from the list to make room for newer ones. */
  readonly requestsEvicted: number
  /** Chunks in accepted payloads. */
  readonly chunks: number
  readonly spans: number
  /** Accepted chunks by outcome: the reasons of sampling, and the drops of the normaliser. */
  readonly chunksBy: { readonly [reason: string]: number }
  readonly events: ReceivedEvents.EventCounts
  /** Evaluation metrics that the intake accepted. */
  readonly evaluations: number
}

/** Answers requests and keeps their content. */
export interface AgentReceiver {
  /** From this many body bytes on, a request for the path is too large. */
  readonly limit: (url: string) => number
  readonly latencyMillis: () => number
  readonly receive: (request: WireRequest) => Promise<Answer>
  readonly requests: () => ReadonlyArray<ReceivedRequest>
  readonly traces: () => ReadonlyArray<TracePayload.Chunk>
  readonly events: () => ReadonlyArray<ReceivedEvents.ReceivedEvent>
  /** The events, typed and without a bigint: all, or those that a filter wants. */
  readonly spans: (filter?: EventView.Filter) => ReadonlyArray<EventView.EventView>
  readonly onEvents: ReceivedEvents.ReceivedEvents["onEvents"]
  readonly sampledOut: AgentState.AgentState["sampledOut"]
  readonly counts: () => Counts
  readonly clear: () => void
  readonly configure: (change: AgentSettings.Configuration) => void
}

const noBytes = new Uint8Array(0)

/** An Agent without its server. The clock gives milliseconds and drives the rate-limited samplers. */
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
  const state = AgentState.make(options)
  let received = 0

  const record = (request: WireRequest, outcome: Outcome): void => {
    const bytes = request.bytes ?? noBytes
    const entry: ReceivedRequest = {
      method: request.method,
      path: request.url,
      headers: request.headers,
      status: outcome.status,
      bytes,
      body: outcome.decoded ?? bytes
    }
    received++
    requests.add({ request: entry, accepted: outcome.accepted }, bytes.byteLength)
  }

  return {
    limit: (url) =>
      AgentEndpoints.splitQuery(url)[0].endsWith("/traces") ? state.settings.maxRequestBytes : EvpProxy.maxBytes,
    latencyMillis: () => state.settings.latencyMillis,
    receive: async (request) => {
      const outcome = await AgentEndpoints.answer(state, request)
      record(request, outcome)
      return {
        status: outcome.status,
        headers: {
          ...outcome.headers,
          "datadog-agent-version": AgentInfo.version,
          "datadog-agent-state": state.info().state
        },
        body: outcome.body
      }
    },
    requests: () => requests.all().map(({ request }) => request),
    traces: () => requests.all().flatMap(({ accepted }) => accepted ?? []),
    events: state.events.all,
    spans: (filter) => {
      const spans = state.events.all().map(({ event, via }) => EventView.fromEvent(event, via))
      return filter === undefined ? spans : spans.filter((span) => EventView.matches(span, filter))
    },
    onEvents: state.events.onEvents,
    sampledOut: state.sampledOut,
    counts: () => ({
      requests: received,
      requestsEvicted: requests.evicted(),
      ...state.tally(),
      events: state.events.counts()
    }),
    clear: () => {
      requests.clear()
      state.clear()
      received = 0
    },
    configure: state.configure
  }
}
