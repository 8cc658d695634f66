/**
 * Where traces and events go now: the state of the Agent, and the writers that fit it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as AgentDiscovery from "../adapters/agent/AgentDiscovery.ts"
import * as AgentTraceWriter from "../adapters/agent/AgentTraceWriter.ts"
import * as ApmIntakeWriter from "../adapters/apm-intake/ApmIntakeWriter.ts"
import type { Account } from "../adapters/intake/Account.ts"
import * as IntakeHttpWriter from "../adapters/intake/IntakeHttpWriter.ts"
import type { ProcessIdentity } from "../adapters/node-process/ProcessIdentity.ts"
import * as AgentCapabilities from "../domain/delivery/AgentCapabilities.ts"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import * as ExportMode from "../domain/delivery/ExportMode.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { ProblemCode } from "../domain/Problem.ts"
import type { ApmSpan } from "../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { Destination } from "../engine/lane/IntakeLane.ts"
import * as ModeTracker from "../engine/lane/ModeTracker.ts"
import type { Way } from "../engine/lane/TraceLane.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { RelayQueueService } from "../ports/RelayQueue.ts"
import type { Target, Transport } from "../ports/Transport.ts"
import type { Settings } from "./Settings.ts"
import { libraryVersion } from "./Version.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Destinations {
  /** Whether it is known what takes traces: an Agent was found, now or earlier, or there is none. */
  readonly isKnown: () => boolean
  readonly mode: () => ExportMode.ExportMode
  /** Whether an event can ride a trace now. */
  readonly carries: () => boolean
  readonly writesApm: () => boolean
  readonly filters: (root: Pick<ApmSpan, "resource" | "meta">) => boolean
  readonly structBytes: (record: SpanRecord) => number
  readonly way: () => Way
  readonly destination: () => Destination | undefined
  /** The way to another account than the layer's own: always to the intake itself, since an Agent has a key of its own. */
  readonly account: (account: Account) => Destination
  readonly reachable: (reachable: boolean) => void
  readonly rediscoverTraces: () => void
  readonly rediscoverEvp: () => void
  /** Whether an Agent has to be looked for. */
  readonly isSearching: () => boolean
  /** Whether events wait for the Agent that is known to get an EVP proxy. */
  readonly isWanting: () => boolean
  /** Milliseconds on the clock that its states are told by. */
  readonly elapsed: () => number
  /** Called when a search becomes necessary. */
  onSearch: () => void
  readonly probe: Effect.Effect<AgentCapabilities.AgentCapabilities | undefined>
  readonly step: (event: ModeTracker.Event) => void
}

/** How long an Agent that has no EVP proxy, although it lists one, is not asked again. */
const evpRestMillis = 60_000

const giveUpMillis = 30_000

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly settings: Settings
  readonly transport: typeof Transport.Service
  /** Takes all events that do not ride, wherever the Agent is. */
  readonly relays?: RelayQueueService | undefined
  readonly diagnostics: DiagnosticsService
  readonly process: ProcessIdentity
  /** Whether APM traces are wanted now. */
  readonly apm: () => boolean
  /** Milliseconds on a clock that only goes forward: how long something lasts is no matter of the time of day. */
  readonly elapsed: () => number
  readonly onRates: (body: unknown) => void
}): Destinations => {
  const { apm, diagnostics, elapsed, process, relays, settings } = options
  const agent = toTarget(settings.agentUrl)
  const credentials = settings.apiKey !== undefined && settings.site !== undefined
  const policy: ModeTracker.Policy = {
    agentless: settings.agentless,
    credentials: relays !== undefined || (credentials && settings.site!.explicit),
    giveUpMillis
  }
  let state = ModeTracker.initial(policy, elapsed())
  let evpRefusedUntil = 0
  let evpRefusedBy: string | undefined
  let wantsProxy = false

  // An Agent that changed says so in its answers, by another hash of what `/info` would say.
  const transport: typeof Transport.Service = {
    send: (request) =>
      Effect.map(options.transport.send(request), (outcome) => {
        if (outcome._tag === "Answer" && state._tag === "Agent") {
          const hash = outcome.headers["datadog-agent-state"]
          if (hash !== undefined && hash !== state.capabilities.stateHash) destinations.onSearch()
        }
        return outcome
      })
  }

  const onDefect = (error: unknown) => diagnostics.defect("encode", error)
  const container: { readonly [name: string]: string } = process.containerId === undefined
    ? {}
    : { "datadog-container-id": process.containerId, "datadog-entity-id": `ci-${process.containerId}` }
  const identity = {
    "datadog-meta-lang": "javascript",
    "datadog-meta-lang-version": process.languageVersion,
    "datadog-meta-lang-interpreter": "v8",
    "datadog-meta-tracer-version": libraryVersion
  }
  const traceWriter = AgentTraceWriter.make({
    transport,
    target: agent,
    timeoutMillis: settings.requestTimeoutMillis,
    headers: { ...container, ...identity },
    onRates: options.onRates,
    onDefect
  })

  const intakeWriter = (route: IntakeHttpWriter.Route, endpoint: Destination["endpoint"]): Destination => ({
    endpoint,
    writer: IntakeHttpWriter.make({
      transport,
      route,
      timeoutMillis: settings.requestTimeoutMillis,
      libraryVersion,
      maxEventBytes: settings.maxEventBytes,
      maxPayloadBytes: settings.maxPayloadBytes,
      headers: route._tag === "EvpProxy" ? { ...container, ...settings.headers } : settings.headers,
      onDefect
    })
  })
  const origin = settings.overrideOrigin === undefined ? undefined : AgentUrl.parse(settings.overrideOrigin)
  const proxies = new Map<string, Destination>()
  // With a base path of its own, an origin that replaces the Agent's is used without the proxy's prefix.
  const proxy = (prefix: string): Destination => {
    let found = proxies.get(prefix)
    if (found === undefined) {
      const target = origin === undefined ? agent : toTarget(origin)
      const bare = origin !== undefined && origin.basePath !== ""
      found = intakeWriter({ _tag: "EvpProxy", target, prefix: bare ? "" : prefix }, "agent-evp")
      proxies.set(prefix, found)
    }
    return found
  }
  const toIntake = ({ apiKey, site }: Pick<Account, "apiKey" | "site">): Destination =>
    intakeWriter({
      _tag: "Intake",
      target: origin === undefined
        ? { protocol: "https", host: site.llmobsHost, port: 443, basePath: "" }
        : toTarget(origin),
      apiKey
    }, "intake")
  const direct = credentials ? toIntake({ apiKey: settings.apiKey!, site: settings.site!.value }) : undefined

  const handOver: Destination | undefined = relays === undefined ? undefined : {
    endpoint: "intake",
    transfers: true,
    writer: {
      maxPayloadBytes: settings.maxPayloadBytes,
      encode: IntakeHttpWriter.encoder({
        format: WireFormat.table["llmobs-intake"],
        libraryVersion,
        maxEventBytes: settings.maxEventBytes,
        onDefect
      }),
      send: relays.offer
    }
  }

  const apmIntake = direct === undefined || !settings.apmAgentless || settings.site === undefined
    ? undefined
    : ApmIntakeWriter.make({
      transport,
      target: { protocol: "https", host: settings.site.value.apmAgentlessHost, port: 443, basePath: "" },
      apiKey: settings.apiKey!,
      timeoutMillis: settings.requestTimeoutMillis,
      headers: identity,
      process: { ...process, env: settings.env, libraryVersion },
      onDefect
    })

  const missCredentials = () => {
    const code: ProblemCode = settings.apiKey === undefined ? "missing_api_key" : "missing_site"
    diagnostics.warnOnce("missing-credentials", `${code}: ${missingCredentials}`)
  }
  // Whoever asked to do without an Agent is told when the program starts.
  if (settings.agentless === true && direct === undefined && handOver === undefined) missCredentials()

  const isAgentless = () => state._tag === "Agentless"
  const capabilities = () => state._tag === "Agent" || state._tag === "Lost" ? state.capabilities : undefined

  const proxyPrefix = () => elapsed() < evpRefusedUntil ? undefined : capabilities()?.evpProxy

  const destinations: Destinations = {
    isKnown: () => state._tag !== "Unknown",
    mode: () =>
      ExportMode.decide({
        agentless: isAgentless(),
        overrideOrigin: settings.overrideOrigin !== undefined,
        apmTracing: settings.apm !== "off",
        apmAgentless: apmIntake !== undefined
      }),
    carries: () => {
      if (isAgentless()) return apm() && apmIntake !== undefined
      const known = capabilities()
      return apm() && (known === undefined || AgentCapabilities.canCarry(known))
    },
    writesApm: () => apm() && (!isAgentless() || apmIntake !== undefined),
    filters: (root) => {
      const known = capabilities()
      return known !== undefined && AgentCapabilities.rootIsFiltered(known, root)
    },
    structBytes: traceWriter.structBytes,
    way: () => {
      if (isAgentless()) return apmIntake === undefined ? giveUp : { _tag: "Open", writer: apmIntake }
      if (state._tag === "Agent") return { _tag: "Open", writer: traceWriter }
      destinations.onSearch()
      return wait
    },
    destination: () => {
      if (handOver !== undefined) return handOver
      if (isAgentless()) {
        if (direct === undefined) missCredentials()
        return direct
      }
      if (state._tag !== "Agent") {
        destinations.onSearch()
        return undefined
      }
      const prefix = proxyPrefix()
      if (prefix !== undefined) return proxy(prefix)
      // A site that is only the default is nobody's permission to pass the Agent by.
      if (direct !== undefined && settings.agentless !== false && settings.site!.explicit) return direct
      diagnostics.warnOnce("no-evp", noProxy)
      wantsProxy = true
      destinations.onSearch()
      return undefined
    },
    account: toIntake,
    reachable: (reachable) => {
      if (reachable || state._tag !== "Agent") return
      state = ModeTracker.step(state, { _tag: "NotFound", now: elapsed() }, policy)
      destinations.onSearch()
    },
    rediscoverTraces: () => destinations.onSearch(),
    rediscoverEvp: () => {
      evpRefusedUntil = elapsed() + evpRestMillis
      evpRefusedBy = capabilities()?.stateHash
      destinations.onSearch()
    },
    isWanting: () => wantsProxy && state._tag === "Agent" && proxyPrefix() === undefined,
    isSearching: () => state._tag === "Unknown" || state._tag === "Lost",
    elapsed,
    onSearch: () => {},
    probe: AgentDiscovery.probe({
      transport,
      target: agent,
      timeoutMillis: settings.agentTimeoutMillis,
      diagnostics
    }),
    step: (event) => {
      state = ModeTracker.step(state, event, policy)
      // An Agent that is another since then is asked again at once.
      if (event._tag === "Found" && event.capabilities.stateHash !== evpRefusedBy) evpRefusedUntil = 0
    }
  }
  return destinations
}

const giveUp: Way = { _tag: "GiveUp" }
const wait: Way = { _tag: "Wait" }

const missingCredentials = "Without an Agent, events need DD_API_KEY and DD_SITE. They are held."

const noProxy =
  "The Agent has no EVP proxy, so events that cannot ride a trace are held. Enable evp_proxy_config in the Agent."

const toTarget = (url: AgentUrl.AgentUrl): Target =>
  url._tag === "unix"
    ? { protocol: "http", host: "localhost", port: 80, socketPath: url.socketPath, basePath: "" }
    : { protocol: url._tag, host: url.host, port: url.port, basePath: url.basePath }
