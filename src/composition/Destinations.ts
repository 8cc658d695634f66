/**
 * Where traces and events go now, by what is known of the Agent.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as AgentDiscovery from "../adapters/agent/AgentDiscovery.ts"
import type { Account } from "../adapters/intake/Account.ts"
import * as AgentCapabilities from "../domain/delivery/AgentCapabilities.ts"
import * as ExportMode from "../domain/delivery/ExportMode.ts"
import type { ProblemCode } from "../domain/Problem.ts"
import type { ApmSpan } from "../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import * as AgentTracker from "../engine/lane/AgentTracker.ts"
import type { Destination } from "../engine/lane/IntakePayload.ts"
import type { Way } from "../engine/lane/TraceLane.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { RelayQueueService } from "../ports/RelayQueue.ts"
import type { Transport } from "../ports/Transport.ts"
import type { Foundation } from "./Foundation.ts"
import * as Foundations from "./Foundation.ts"
import type { Settings } from "./Settings.ts"
import type { Writers } from "./Writers.ts"
import * as WritersModule from "./Writers.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Destinations {
  readonly tracker: AgentTracker.AgentTracker
  /** Asks the Agent what it can do; `undefined` when it does not answer. */
  readonly probe: Effect.Effect<AgentCapabilities.AgentCapabilities | undefined>
  /** Whether it is known what takes traces: an Agent was found, now or earlier, or there is none. */
  readonly isKnown: () => boolean
  readonly mode: () => ExportMode.ExportMode
  /** Whether an event can ride a trace now. */
  readonly carries: () => boolean
  readonly writesApm: () => boolean
  readonly filters: (root: Pick<ApmSpan, "resource" | "meta">) => boolean
  readonly structBytes: (record: SpanRecord) => number
  readonly way: () => Way
  /** Where the events of the layer's own account go. */
  readonly own: () => Destination | undefined
  /** Where those of another account go. */
  readonly account: (account: Account) => Destination
}

/** How long an Agent is waited for where events may go without one. */
const giveUpMillis = 30_000

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly foundation: Foundation
  /** Takes all events that do not ride, wherever the Agent is. */
  readonly relays: RelayQueueService | undefined
  /** Whether APM traces are wanted now. */
  readonly apm: () => boolean
  readonly onRates: (body: unknown) => void
}) {
  const { foundation, relays, settings } = options
  const tracker = AgentTracker.make({
    policy: {
      agentless: settings.agentless,
      // A default site does not authorise bypassing the Agent.
      credentials: relays !== undefined ||
        (WritersModule.credentials(settings) !== undefined && settings.site?.explicit === true),
      giveUpMillis
    },
    signals: foundation.signals,
    elapsed: foundation.elapsed
  })
  const transport = hearing(yield* Foundations.transport(foundation, settings), tracker)
  const writers = yield* WritersModule.make({ ...options, transport })
  const destinations: Destinations = {
    tracker,
    probe: AgentDiscovery.probe({
      transport,
      target: WritersModule.toTarget(settings.agentUrl),
      timeoutMillis: settings.agentTimeoutMillis,
      diagnostics: foundation.diagnostics
    }),
    ...ofTraces({ ...options, tracker, writers }),
    ...ofEvents({ ...foundation, settings, tracker, writers })
  }
  return destinations
})

// An Agent that changed says so in its answers, by another hash of what `/info` would say.
const hearing = (
  transport: typeof Transport.Service,
  tracker: AgentTracker.AgentTracker
): typeof Transport.Service => ({
  send: (request) =>
    Effect.map(transport.send(request), (outcome) => {
      if (outcome._tag === "Answer") tracker.hear(outcome.headers["datadog-agent-state"])
      return outcome
    })
})

const ofTraces = ({ apm, settings, tracker, writers: { agent, apmIntake } }: {
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
  filters: (root: Pick<ApmSpan, "resource" | "meta">) => {
    const known = tracker.capabilities()
    return known !== undefined && AgentCapabilities.rootIsFiltered(known, root)
  },
  structBytes: agent.structBytes,
  way: (): Way => {
    if (tracker.isAgentless()) return apmIntake === undefined ? giveUp : { _tag: "Open", writer: apmIntake }
    if (tracker.isFound()) return { _tag: "Open", writer: agent }
    tracker.search()
    return wait
  }
})

const giveUp: Way = { _tag: "GiveUp" }
const wait: Way = { _tag: "Wait" }

const ofEvents = ({ diagnostics, settings, tracker, writers: { account, direct, proxy, relays } }: {
  readonly settings: Settings
  readonly tracker: AgentTracker.AgentTracker
  readonly writers: Writers
  readonly diagnostics: DiagnosticsService
}) => {
  const missCredentials = () => {
    const code: ProblemCode = settings.apiKey === undefined ? "missing_api_key" : "missing_site"
    diagnostics.warnOnce("missing-credentials", `${code}: ${missingCredentials}`)
  }
  // A program that asked to do without an Agent is told when it starts.
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
      if (prefix !== undefined) return proxy(prefix)
      if (direct !== undefined && settings.agentless !== false && settings.site?.explicit === true) return direct
      diagnostics.warnOnce("no-evp", noProxy)
      tracker.wantEvp()
      return undefined
    }
  }
}

const missingCredentials = "Without an Agent, events need DD_API_KEY and DD_SITE. They are held."

const noProxy =
  "The Agent has no EVP proxy, so events that cannot ride a trace are held. Enable evp_proxy_config in the Agent."
