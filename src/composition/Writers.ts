/**
 * The writers of a layer: to the Agent, to the LLM intake by each road, and to a queue of relays.
 */
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { Account } from "../adapters/intake/Account.ts"
import * as IntakeHttpWriter from "../adapters/intake/IntakeHttpWriter.ts"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { Destination } from "../engine/lane/IntakePayload.ts"
import type { AgentWriterService } from "../ports/AgentWriter.ts"
import type { RelayQueueService } from "../ports/RelayQueue.ts"
import type { TransportService } from "../ports/Transport.ts"
import { targetOf } from "../ports/Transport.ts"
import type { Foundation } from "./Foundation.ts"
import * as LazyModule from "./LazyModule.ts"
import * as Plugged from "./Plugged.ts"
import type { Settings } from "./Settings.ts"
import { libraryVersion } from "./Version.ts"

export interface Writers {
  /** The writer to the Agent, unless no Agent is used or traces go to a plugged writer. */
  readonly agent: AgentWriterService | undefined
  /** The writer to the agentless trace intake, if it was requested and its credentials are known. */
  readonly apmIntake: AgentWriterService | undefined
  /** The destination behind the Agent's EVP proxy, the same one each time for a prefix. */
  readonly proxy: (prefix: string) => Destination
  /** The intake with the key of the layer, if its credentials are known. */
  readonly direct: Destination | undefined
  /** The intake with the key of another account. The Agent's proxy is not used, because an Agent has its own key. */
  readonly account: (account: Pick<Account, "apiKey" | "site">) => Destination
  /** The relays, if there is a queue. */
  readonly relays: Destination | undefined
}

export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly foundation: Foundation
  readonly transport: TransportService
  /** Whether traces leave by these writers instead of a plugged one. */
  readonly traces: boolean
  /** Takes all events that do not ride, independent of the Agent. */
  readonly relays: RelayQueueService | undefined
  readonly onRates: (body: unknown) => void
}) {
  const { foundation: { diagnostics, process }, relays, settings, transport } = options
  const { maxEventBytes, maxPayloadBytes, requestTimeoutMillis: timeoutMillis } = settings
  const pool = Plugged.hasTransport(options.foundation) ? undefined : []
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

  const intake = (route: IntakeHttpWriter.Route, endpoint: Destination["endpoint"]): Destination => ({
    endpoint,
    writer: IntakeHttpWriter.make({
      transport,
      route,
      timeoutMillis,
      libraryVersion,
      maxEventBytes,
      maxPayloadBytes,
      headers: route._tag === "EvpProxy" ? { ...container, ...settings.headers } : settings.headers,
      onDefect,
      pool
    })
  })
  const origin = settings.overrideOrigin === undefined ? undefined : AgentUrl.parse(settings.overrideOrigin)
  const account = ({ apiKey, site }: Pick<Account, "apiKey" | "site">): Destination =>
    intake({
      _tag: "Intake",
      target: origin === undefined
        ? { protocol: "https", host: site.llmobsHost, port: 443, basePath: "" }
        : targetOf(origin),
      apiKey
    }, "intake")
  const own = credentials(settings)

  const proxies = new Map<string, Destination>()
  const proxy = (prefix: string): Destination => {
    let found = proxies.get(prefix)
    if (found === undefined) {
      // An origin with a path of its own is used without the proxy's prefix.
      const bare = origin !== undefined && origin.basePath !== ""
      const target = targetOf(origin ?? settings.agentUrl)
      found = intake({ _tag: "EvpProxy", target, prefix: bare ? "" : prefix }, "agent-evp")
      proxies.set(prefix, found)
    }
    return found
  }

  const writers: Writers = {
    agent: !options.traces || settings.agentless === true ? undefined : (yield* agentTraces.get).make({
      transport,
      target: targetOf(settings.agentUrl),
      timeoutMillis,
      headers: { ...container, ...identity },
      onRates: options.onRates,
      onDefect,
      pool
    }),
    apmIntake: own === undefined || !options.traces || !settings.apmAgentless ? undefined : (yield* apmIntake).make({
      transport,
      target: { protocol: "https", host: own.site.apmAgentlessHost, port: 443, basePath: "" },
      apiKey: own.apiKey,
      timeoutMillis,
      headers: identity,
      process: { ...process, env: settings.env, libraryVersion },
      onDefect
    }),
    proxy,
    direct: own === undefined ? undefined : account(own),
    account,
    relays: relays === undefined ? undefined : {
      endpoint: "intake",
      transfers: true,
      writer: {
        maxPayloadBytes,
        ...IntakeHttpWriter.encoder({
          format: WireFormat.table["llmobs-intake"],
          libraryVersion,
          maxEventBytes,
          onDefect
        }),
        send: relays.offer
      }
    }
  }
  return writers
})

/**
 * The writer of traces. With MessagePack it is a tenth of the cost of building a layer, so it is imported only if there
 * can be an Agent.
 */
export const agentTraces = LazyModule.make(() => import("../adapters/agent/AgentTraceWriter.ts"))

// Imported only if it was requested.
const apmIntake = Effect.promise(() => import("../adapters/apm-intake/ApmIntakeWriter.ts"))

/** The key and the site of the layer, if both are known. */
export const credentials = (
  { apiKey, site }: Pick<Settings, "apiKey" | "site">
): { readonly apiKey: Redacted.Redacted; readonly site: Account["site"] } | undefined =>
  apiKey === undefined || site === undefined ? undefined : { apiKey, site: site.value }
