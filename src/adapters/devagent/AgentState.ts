/**
 * The state of the embedded Agent: its settings, its samplers, and its counts.
 */
import * as AgentInfo from "./AgentInfo.ts"
import * as AgentSampling from "./AgentSampling.ts"
import * as AgentSettings from "./AgentSettings.ts"
import type * as BoundedLog from "./BoundedLog.ts"
import type * as Intake from "./Intake.ts"
import * as ReceivedEvents from "./ReceivedEvents.ts"
import * as TracePayload from "./TracePayload.ts"

/** Counts of accepted payloads since the last clear. */
export interface Tally {
  readonly chunks: number
  readonly spans: number
  readonly evaluations: number
  readonly chunksBy: { readonly [reason: string]: number }
}

export interface AgentState {
  readonly settings: AgentSettings.AgentSettings
  /** The status that the next request of a kind gets. */
  readonly nextStatus: { readonly info: () => number; readonly traces: () => number; readonly intake: () => number }
  readonly events: ReceivedEvents.ReceivedEvents
  readonly info: () => ReturnType<typeof AgentInfo.render>
  /** Normalises and samples accepted chunks, and keeps the events in them. */
  readonly ingest: (chunks: ReadonlyArray<TracePayload.Chunk>) => void
  readonly addEnveloped: (
    via: "evp" | "direct",
    brought: Pick<Intake.Verdict, "events" | "evaluations">,
    bytes: number
  ) => void
  /**
   * Whether the Agent threw the newest chunk of an APM trace away, by the trace's id as events have it; `undefined` for a
   * trace that it does not remember.
   */
  readonly sampledOut: (apmTraceId: string) => boolean | undefined
  readonly tally: () => Tally
  readonly configure: (change: AgentSettings.Configuration) => void
  readonly clear: () => void
}

const statuses = (given: AgentSettings.Statuses): () => number => {
  const rest = typeof given === "number" ? undefined : [...given]
  return () => rest === undefined ? given as number : rest.shift() ?? 200
}

// As many as events are kept.
const mostFates = 10_000

/** The clock gives milliseconds and drives the rate-limited samplers. */
export const make = (options: {
  readonly configuration: AgentSettings.Configuration
  readonly eventBounds: BoundedLog.Bounds
  readonly nowMillis: () => number
  readonly listening: () => { readonly port: number; readonly socketPath: string }
}): AgentState => {
  const events = ReceivedEvents.make(options.eventBounds)
  const nothing = { chunks: 0, spans: 0, evaluations: 0 }
  let tally = { ...nothing }
  let chunksBy = new Map<string, number>()
  const fates = new Map<string, boolean>()
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

  const remember = (apmTraceId: string, sampledOut: boolean): void => {
    fates.delete(apmTraceId)
    fates.set(apmTraceId, sampledOut)
    if (fates.size > mostFates) fates.delete(fates.keys().next().value!)
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
      const { traceIdHigh, traceIdLow } = normalised.chunk
      // Events name a trace of 64 bits in decimal.
      remember(
        traceIdHigh === 0n ? traceIdLow.toString() : ReceivedEvents.apmTraceId(normalised.chunk),
        decision.survivors.length === 0
      )
      events.addTrace(normalised.chunk, decision.survivors)
    }
  }

  return {
    get settings() {
      return settings
    },
    get nextStatus() {
      return nextStatus
    },
    events,
    info: () => AgentInfo.render(settings, options.listening()),
    ingest,
    addEnveloped: (via, brought, bytes) => {
      events.addEnveloped(via, brought.events, bytes)
      tally.evaluations += brought.evaluations
    },
    sampledOut: (apmTraceId) => fates.get(apmTraceId),
    tally: () => ({ ...tally, chunksBy: Object.fromEntries(chunksBy) }),
    configure,
    clear: () => {
      events.clear()
      tally = { ...nothing }
      chunksBy = new Map()
      fates.clear()
      sampler = AgentSampling.initial(sampling, options.nowMillis())
    }
  }
}
