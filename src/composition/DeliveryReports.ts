/**
 * The log of a layer's delivery: a line at the start, a line when a trouble begins and when it ends, and a debug line
 * for each step.
 */
import type * as Effect from "effect/Effect"
import type { AgentCapabilities } from "../domain/delivery/AgentCapabilities.ts"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import type { Facts, Trouble } from "../domain/delivery/DeliveryNotice.ts"
import * as DeliveryNotice from "../domain/delivery/DeliveryNotice.ts"
import * as Ledgers from "../domain/delivery/Ledger.ts"
import * as StartNotice from "../domain/delivery/StartNotice.ts"
import type { Source } from "../domain/settings/Setting.ts"
import * as DeliveryLog from "../engine/books/DeliveryLog.ts"
import type { Payload } from "../engine/lane/IntakePayload.ts"
import type { Lane } from "../engine/lane/Shipper.ts"
import type { Outcome } from "../ports/Transport.ts"
import type { Foundation } from "./Foundation.ts"
import type { Settings } from "./Settings.ts"

export interface DeliveryReports {
  /** Runs until interrupted. */
  readonly run: Effect.Effect<never>
  /** Called with the capabilities of the Agent, or with the reason why there is no answer. */
  readonly onAgent: (heard: AgentCapabilities | Trouble) => void
  /** The search for an Agent ended without one: events go direct. */
  readonly onAgentGivenUp: () => void
  /** Called if the events of the layer's own account have no destination. */
  readonly onNoWay: (trouble: Trouble) => void
  /** A lane whose outcomes are reported. */
  readonly around: <R>(account: string | undefined, lane: Lane<Payload<R>>) => Lane<Payload<R>>
  /** Called when the layer has started, with its route. */
  readonly onStart: (route: StartNotice.Route) => void
  /** The reasons of losses that have not been logged yet. */
  readonly reasons: () => ReadonlyArray<string>
}

export const make = (options: {
  readonly settings: Settings
  readonly foundation: Foundation
  /** The layer as its first line names it. */
  readonly subject: string
}): DeliveryReports => {
  const { foundation: { debug, diagnostics, elapsed, inform, ledger }, settings } = options
  const pending = () => Ledgers.pending(ledger.snapshot())
  const agent = AgentUrl.render(settings.agentUrl)
  const facts = factsOf(settings, agent)
  let started = false

  const log = DeliveryLog.make({
    elapsed,
    warn: diagnostics.say,
    recovered: (place, millis) => {
      const after = `after ${Math.round(millis / 1000)} s`
      inform(
        place === agentPlace
          ? `The Datadog Agent at ${agent} answers ${after}; events leave again.`
          : `Events are delivered again ${after}.`
      )
    }
  })
  const failed = (place: string, trouble: Trouble, more?: Partial<Facts>): void => {
    log.failed(place, trouble, {
      held: pending,
      render: (events) => DeliveryNotice.render(trouble, { ...facts, ...more, events })
    })
  }
  const onStart = (route: StartNotice.Route): void => {
    if (started) return
    started = true
    inform(StartNotice.render(options.subject, route, settings.durable))
  }
  const onOutcome = <R>(account: string | undefined, payload: Payload<R>, outcome: Outcome): void => {
    const place = `events:${account ?? ""}`
    const proxied = payload.endpoint === "agent-evp" && settings.overrideOrigin === undefined
    const trouble = DeliveryNotice.ofOutcome(outcome, { proxied, queue: payload.transfers === true })
    if (trouble !== undefined) {
      // The search for the Agent logs that it cannot be reached.
      if (trouble._tag === "AgentUnreachable") return
      failed(place, trouble, {
        proxied,
        ...(account === undefined ? undefined : accountFacts(account))
      })
    } else if (outcome._tag === "Answer" && outcome.status < 300) log.works(place)
  }

  return {
    run: log.run,
    onAgent: (heard) => {
      if ("_tag" in heard) {
        debug(() => `No Agent at ${agent}: ${heard._tag}.`)
        failed(agentPlace, heard)
        onStart({ _tag: "Searching", agent, reason: DeliveryNotice.reasonOf(heard) })
      } else {
        debug(() => `Agent at ${agent}: version ${heard.version ?? "unknown"}, EVP proxy ${heard.evpProxy ?? "none"}.`)
        log.works(agentPlace)
        if (heard.evpProxy !== undefined) log.works(noProxyPlace)
        onStart({ _tag: "Agent", agent, version: heard.version })
      }
    },
    onAgentGivenUp: () => {
      log.forget(agentPlace)
      inform(`No Datadog Agent at ${agent} was found; events go to ${facts.intake} directly.`)
    },
    onNoWay: (trouble) => failed(trouble._tag === "NoProxy" ? noProxyPlace : ownPlace, trouble),
    around: (account, lane) => ({
      ...lane,
      onOutcome: (payload, outcome, now, last) => {
        onOutcome(account, payload, outcome)
        return lane.onOutcome(payload, outcome, now, last)
      }
    }),
    onStart,
    reasons: log.reasons
  }
}

const agentPlace = "agent"
const noProxyPlace = "evp"
const ownPlace = "events:"

// The name of an account holds its site and a digest of its key. The digest stays out of the log.
const accountFacts = (account: string): Partial<Facts> => {
  const site = account.slice(0, Math.max(0, account.lastIndexOf(":")))
  return {
    account: "an account that LLMObs.withRouting names",
    // Its events go to its own intake, whatever the exporter is.
    otlp: undefined,
    intake: `The LLM intake of ${site === "" ? "its site" : site}`
  }
}

const factsOf = (settings: Settings, agent: string): Omit<Facts, "events"> => {
  const { agentless, apiKey, exporter, overrideOrigin, readsVariables, site, sources } = settings
  const named = (source: Source | undefined, option: string, variable: string): DeliveryNotice.Named => ({
    name: source === undefined
      ? readsVariables ? variable : `the option ${option}`
      : source.kind === "option"
      ? `the option ${source.name}`
      : source.name,
    given: source !== undefined
  })
  const mayGoDirect = apiKey !== undefined && (site?.explicit === true || overrideOrigin !== undefined)
  return {
    agent,
    intake: exporter === "otlp"
      ? `The OTLP endpoint ${AgentUrl.render(settings.otlp.endpoint)}`
      : overrideOrigin === undefined
      ? `The LLM intake of ${site?.value.name ?? "Datadog"}`
      : "The LLM intake that overrides the site's",
    otlp: exporter === "otlp"
      ? {
        endpoint: named(sources.otlpEndpoint, "otlpEndpoint", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        headers: named(sources.otlpHeaders, "otlpHeaders", "OTEL_EXPORTER_OTLP_HEADERS")
      }
      : undefined,
    proxied: false,
    settings: {
      agentUrl: named(sources.agentUrl ?? sources.agentHost ?? sources.agentPort, "agentUrl", "DD_TRACE_AGENT_URL"),
      agentless: named(sources.agentless, "agentless", "DD_LLMOBS_AGENTLESS_ENABLED"),
      apiKey: named(sources.apiKey, "apiKey", "DD_API_KEY"),
      site: named(sources.site, "site", "DD_SITE")
    },
    agentlessOn: readsVariables ? "DD_LLMOBS_AGENTLESS_ENABLED=1" : "the option agentless to true",
    withoutAgent: agentless === false ? "refused" : mayGoDirect ? "later" : "missing"
  }
}
