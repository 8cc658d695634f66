/**
 * The behaviour of an embedded Agent: by default that of a real one with its default configuration.
 */
import * as AgentInfo from "./AgentInfo.ts"

/**
 * One status for every request, or statuses that are used up in order, after which requests are answered as usual. A
 * status below 300 means "as usual" too; 0 closes the connection without an answer.
 */
export type Statuses = number | ReadonlyArray<number>

/** Everything that can be set about the behaviour of an embedded Agent. */
export interface AgentSettings extends AgentInfo.InfoSettings {
  /** Sampling rates answered to traces, by `service:<name>,env:<env>`; `service:,env:` is the default rate. */
  readonly rates: { readonly [serviceAndEnv: string]: number }
  readonly infoStatus: Statuses
  readonly tracesStatus: Statuses
  /** The status of the intake, through the proxy or directly. */
  readonly evpStatus: Statuses
  /** Headers of the intake's refusals, such as `retry-after`. */
  readonly evpHeaders: { readonly [name: string]: string }
  /** Answers 405 to all of EVP, while `/info` still lists it. */
  readonly evpDisabled: boolean
  /** Keeps the events of a forced refusal anyway, as if only the answer was lost. */
  readonly deliverRefused: boolean
  /** Answers 400 if `X-Datadog-Trace-Count` is absent or wrong. A real Agent accepts such requests. */
  readonly strictTraceCount: boolean
  /** Chunks with an error and priority 0 that are kept a second. */
  readonly errorsPerSecond: number
  /** Chunks without a priority that are kept a second. */
  readonly unprioritisedPerSecond: number
  /** Milliseconds of real time between a request and its answer. */
  readonly latencyMillis: number
}

/** A real Agent with its default configuration: EVP on, the struct taken, no filters. */
export const defaults: AgentSettings = {
  endpoints: AgentInfo.servedEndpoints,
  clientDropP0s: true,
  spanMetaStructs: true,
  maxRequestBytes: 26_214_400,
  ignoreResources: [],
  filterTags: { require: [], reject: [] },
  info: {},
  rates: { "service:,env:": 1 },
  infoStatus: 200,
  tracesStatus: 200,
  evpStatus: 202,
  evpHeaders: {},
  evpDisabled: false,
  deliverRefused: false,
  strictTraceCount: false,
  errorsPerSecond: 10,
  unprioritisedPerSecond: 10,
  latencyMillis: 0
}

/** Some of the settings. */
export type Configuration = { readonly [K in keyof AgentSettings]?: AgentSettings[K] | undefined }

/** Settings with some of them replaced; `undefined` leaves one as it is. */
export const merge = (settings: AgentSettings, change: Configuration): AgentSettings => {
  const given = Object.entries(change).filter(([key, value]) => value !== undefined && Object.hasOwn(defaults, key))
  return { ...settings, ...Object.fromEntries(given) }
}

/** The resources to ignore as patterns. One that does not compile is left out, as the Agent does. */
export const patterns = (sources: ReadonlyArray<string>): ReadonlyArray<RegExp> =>
  sources.flatMap((source) => {
    try {
      return [new RegExp(source)]
    } catch {
      return []
    }
  })
