/**
 * The present destinations of traces and events, by the state of the Agent.
 */
import * as Effect from "effect/Effect"
import * as AgentDiscovery from "../adapters/agent/AgentDiscovery.ts"
import type { Account } from "../adapters/intake/Account.ts"
import * as AgentCapabilities from "../domain/delivery/AgentCapabilities.ts"
import * as ExportMode from "../domain/delivery/ExportMode.ts"
import type { Route } from "../domain/delivery/StartNotice.ts"
import type { ApmSpan } from "../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import * as AgentTracker from "../engine/lane/AgentTracker.ts"
import type { Destination } from "../engine/lane/IntakePayload.ts"
import type { Way } from "../engine/lane/TraceLane.ts"
import type { AgentWriterService } from "../ports/AgentWriter.ts"
import type { IntakeWriterService } from "../ports/IntakeWriter.ts"
import type { RelayQueueService } from "../ports/RelayQueue.ts"
import type { Outcome, Request, TransportService } from "../ports/Transport.ts"
import { targetOf } from "../ports/Transport.ts"
import * as Connections from "./Connections.ts"
import type { DeliveryReports } from "./DeliveryReports.ts"
import type { Foundation } from "./Foundation.ts"
import * as OtlpRoad from "./OtlpRoad.ts"
import * as Plugged from "./Plugged.ts"
import type { Settings } from "./Settings.ts"
import type { Writers } from "./Writers.ts"
import * as WritersModule from "./Writers.ts"

export interface Destinations {
  readonly tracker: AgentTracker.AgentTracker
  /** Whether any destination can depend on an Agent, so that one is searched for. */
  readonly needsAgent: boolean
  /** Whether an Agent takes the traces, instead of a plugged writer. */
  readonly ridersNeedAgent: boolean
  /** Asks the Agent for its capabilities. `undefined` if it does not answer. */
  readonly probe: Effect.Effect<AgentCapabilities.AgentCapabilities | undefined>
  /** Whether the taker of traces is known: an Agent was found, now or earlier, or there is none. */
  readonly isKnown: () => boolean
  readonly mode: () => ExportMode.ExportMode
  /** Whether an event can ride a trace now. */
  readonly carries: () => boolean
  readonly writesApm: () => boolean
  /** Tells whether the Agent drops a chunk with this root. `undefined` while it has no filters. */
  readonly filter: () => ((root: Pick<ApmSpan, "resource" | "meta">) => boolean) | undefined
  readonly structBytes: (record: SpanRecord) => number
  readonly way: () => Way
  /** Records whether the address of traces answers. */
  readonly onReachable: (reachable: boolean) => void
  /** Records that the Agent does not take traces at this endpoint. */
  readonly onRediscover: () => void
  /** The destination of events of the layer's own account. */
  readonly own: () => Destination | undefined
  /** The destination of events of another account. */
  readonly account: (account: Account) => Destination
}

/** The time for which an Agent is awaited if events may go without one. */
const giveUpMillis = 30_000

export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly foundation: Foundation
  readonly reports: DeliveryReports
  /** Takes all events that do not ride, independent of the Agent. */
  readonly relays: RelayQueueService | undefined
  /** Whether there can be traces at all. A relay has none. */
  readonly traces: boolean
  /** Whether APM traces are wanted now. */
  readonly apm: () => boolean
  readonly onRates: (body: unknown) => void
}) {
  const { apm, foundation, relays, reports, settings } = options
  const agentWriter = Plugged.agentWriter(foundation, settings)
  const intakeWriter = Plugged.intakeWriter(foundation, settings)
  const otlp = intakeWriter === undefined && settings.exporter === "otlp" ? settings.otlp : undefined
  const needsAgent = settings.agentless !== true && otlp === undefined &&
    (intakeWriter === undefined || (agentWriter === undefined && settings.apm !== "off"))
  const tracker = AgentTracker.make({
    policy: {
      agentless: needsAgent ? settings.agentless : true,
      // A default site does not authorise bypassing the Agent.
      credentials: intakeWriter !== undefined || relays !== undefined || otlp !== undefined ||
        (WritersModule.credentials(settings) !== undefined && settings.site?.explicit === true),
      giveUpMillis
    },
    signals: foundation.signals,
    elapsed: foundation.elapsed
  })
  const ofTraces = agentWriter && pluggedTraces(agentWriter, apm)
  const ofEvents = intakeWriter && pluggedEvents(intakeWriter)
  if (ofTraces !== undefined && ofEvents !== undefined) {
    reports.onStart({ _tag: "Plugged" })
    return {
      tracker,
      needsAgent,
      ridersNeedAgent: false,
      probe: Effect.undefined,
      ...ofTraces,
      ...ofEvents
    } satisfies Destinations
  }
  // Traces need an Agent at once, events only when there are some.
  if (ofTraces !== undefined) {
    foundation.signals.search.closeUnsafe()
    reports.onStart({ _tag: "Plugged" })
  }
  const transport = hearing(yield* Connections.make(foundation, settings), tracker, foundation.debug)
  const writers = yield* WritersModule.make({ ...options, transport, traces: options.traces && ofTraces === undefined })
  const withoutAgent: Route | undefined = otlp === undefined
    ? routeWithoutAgent({ ...options, intakeWriter, needsAgent, writers })
    : OtlpRoad.route(otlp)
  if (withoutAgent !== undefined) reports.onStart(withoutAgent)
  return {
    tracker,
    needsAgent,
    ridersNeedAgent: ofTraces === undefined,
    probe: AgentDiscovery.probe({
      transport,
      target: targetOf(settings.agentUrl),
      timeoutMillis: settings.agentTimeoutMillis,
      diagnostics: foundation.diagnostics,
      onHeard: reports.onAgent
    }),
    ...(ofTraces ?? ownTraces({ ...options, tracker, writers })),
    ...(ofEvents ?? (otlp === undefined
      ? ownEvents({ reports, settings, tracker, writers })
      : OtlpRoad.events({ ...options, otlp, transport, account: writers.account })))
  } satisfies Destinations
})

// A plugged writer needs no search, and it carries every riding event.
const pluggedTraces = (writer: AgentWriterService, apm: () => boolean) => ({
  isKnown: () => true,
  mode: (): ExportMode.ExportMode => "apm-agent",
  carries: apm,
  writesApm: apm,
  filter: () => undefined,
  structBytes: writer.structBytes,
  way: (): Way => ({ _tag: "Open", writer }),
  onReachable: () => {},
  onRediscover: () => {}
})

const pluggedEvents = (writer: IntakeWriterService) => {
  const destination: Destination = { endpoint: "intake", writer }
  return { own: () => destination, account: () => destination }
}

// A changed Agent puts another hash of its `/info` into its answers.
const hearing = (
  transport: TransportService,
  tracker: AgentTracker.AgentTracker,
  debug: Foundation["debug"]
): TransportService => ({
  send: (request) =>
    Effect.map(transport.send(request), (outcome) => {
      debug(() => stepOf(request, outcome))
      if (outcome._tag === "Answer") tracker.hear(outcome.headers["datadog-agent-state"])
      return outcome
    })
})

const stepOf = ({ body, method, path, target }: Request, outcome: Outcome): string =>
  `${method} ${path} (${body?.byteLength ?? 0} B) to ${target.socketPath ?? `${target.host}:${target.port}`}: ${
    outcome._tag === "Answer" ? outcome.status : outcome.reason
  }.`

// The route that needs no Agent. `undefined` if it depends on one.
const routeWithoutAgent = ({ intakeWriter, needsAgent, relays, settings, writers }: {
  readonly settings: Settings
  readonly relays: RelayQueueService | undefined
  readonly intakeWriter: IntakeWriterService | undefined
  readonly needsAgent: boolean
  readonly writers: Writers
}): Route | undefined => {
  if (intakeWriter !== undefined) return { _tag: "Plugged" }
  if (relays !== undefined) return { _tag: "Queue" }
  if (needsAgent) return undefined
  const intake = settings.overrideOrigin === undefined
    ? `the LLM intake of ${settings.site?.value.name ?? "Datadog"}`
    : "the LLM intake that overrides the site's"
  return { _tag: "Direct", intake, ready: writers.direct !== undefined }
}

const ownTraces = ({ apm, settings, tracker, writers: { agent, apmIntake } }: {
  readonly settings: Settings
  readonly tracker: AgentTracker.AgentTracker
  readonly writers: Writers
  readonly apm: () => boolean
}) => ({
  isKnown: tracker.isKnown,
  mode: () =>
    ExportMode.decide({
      agentless: tracker.isAgentless(),
      overrideOrigin: settings.overrideOrigin !== undefined,
      apmTracing: settings.apm !== "off",
      apmAgentless: apmIntake !== undefined
    }),
  carries: () => {
    if (tracker.isAgentless()) return apm() && apmIntake !== undefined
    const known = tracker.capabilities()
    return apm() && (known === undefined || AgentCapabilities.canCarry(known))
  },
  writesApm: () => apm() && (!tracker.isAgentless() || apmIntake !== undefined),
  filter: () => {
    const known = tracker.capabilities()
    if (known === undefined || !AgentCapabilities.hasFilters(known)) return undefined
    return (root: Pick<ApmSpan, "resource" | "meta">) => AgentCapabilities.rootIsFiltered(known, root)
  },
  structBytes: (agent ?? apmIntake)?.structBytes ?? nothingRides,
  way: (): Way => {
    if (tracker.isAgentless()) return apmIntake === undefined ? giveUp : { _tag: "Open", writer: apmIntake }
    if (agent !== undefined && tracker.isFound()) return { _tag: "Open", writer: agent }
    tracker.search()
    return wait
  },
  onReachable: tracker.reachable,
  onRediscover: tracker.search
})

const nothingRides = () => 0

const giveUp: Way = { _tag: "GiveUp" }
const wait: Way = { _tag: "Wait" }

const ownEvents = ({ reports, settings, tracker, writers: { account, direct, proxy, relays } }: {
  readonly settings: Settings
  readonly tracker: AgentTracker.AgentTracker
  readonly writers: Writers
  readonly reports: DeliveryReports
}) => {
  const missCredentials = () =>
    reports.onNoWay({ _tag: "MissingCredentials", missing: settings.apiKey === undefined ? "apiKey" : "site" })
  // A program that set `agentless` is warned when it starts.
  if (settings.agentless === true && direct === undefined && relays === undefined) missCredentials()

  return {
    account,
    own: (): Destination | undefined => {
      if (relays !== undefined) return relays
      if (tracker.isAgentless()) {
        if (direct === undefined) missCredentials()
        return direct
      }
      if (!tracker.isFound()) {
        tracker.search()
        return undefined
      }
      const prefix = tracker.evpPrefix()
      if (prefix !== undefined && !tracker.isEvpResting()) return proxy(prefix)
      if (direct !== undefined && settings.agentless !== false && settings.site?.explicit === true) return direct
      // Without another road there is no rest: the back-off of the lane sets the pace.
      if (prefix !== undefined) return proxy(prefix)
      reports.onNoWay({ _tag: "NoProxy" })
      tracker.wantEvp()
      return undefined
    }
  }
}
