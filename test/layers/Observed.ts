/** Views of the traces and events that the embedded Agent got from a program. */
import { assert } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { DevAgent } from "../../src/adapters/devagent/DevAgent.ts"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import type { ReceivedEvent } from "../../src/adapters/devagent/ReceivedEvents.ts"
import type { DecodedSpan } from "../../src/adapters/devagent/TracePayload.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"

/** Options that no test depends on: names that can be recognised, and no waiting. */
export const usual = {
  mlApp: "shop",
  service: "shop-api",
  flushInterval: "5 millis",
  // No test gives up because the machine pauses or is busy: this is as long as a test may take.
  flushTimeout: "3 minutes"
} as const

export type DevOptions = Parameters<typeof LLMObs.layerDev>[0]

/** The layer with an Agent of its own. */
export const dev = (options: DevOptions = {}) => LLMObs.layerDev({ ...usual, ...options })

/** Sends what waits, and checks that the books balance and that nothing is left. */
export const settle = Effect.gen(function*() {
  const report = yield* LLMObs.flush
  const ledger = yield* LLMObs.ledger
  assert.isTrue(Ledgers.balances(ledger), JSON.stringify(ledger))
  assert.isFalse(report.timedOut, JSON.stringify(ledger))
  assert.strictEqual(Ledgers.pending(ledger), 0)
  return { agent: yield* LLMObs.DevAgent, ledger, report }
})

export const named = (agent: Pick<DevAgent, "events">, name: string): ReceivedEvent => {
  const found = agent.events().filter((received) => received.event["name"] === name)
  assert.strictEqual(found.length, 1, `one event named ${name}, among ${names(agent).join(", ")}`)
  return found[0]!
}

export const names = (agent: Pick<DevAgent, "events">): ReadonlyArray<string> =>
  agent.events().map((received) => String(received.event["name"])).sort()

export const tagsOf = (received: ReceivedEvent): ReadonlyMap<string, string> =>
  new Map((received.event["tags"] as ReadonlyArray<string>).map((tag) => {
    const colon = tag.indexOf(":")
    return [tag.slice(0, colon), tag.slice(colon + 1)]
  }))

/** A path into an event, such as `meta.span.kind`. */
export const at = (value: unknown, path: string): any =>
  path.split(".").reduce<any>((inner, key) => inner?.[key], value)

/** Every APM span that the Agent accepted. */
export const spans = (agent: Pick<DevAgent, "traces">): ReadonlyArray<DecodedSpan> => agent.traces().flat()

export const span = (agent: Pick<DevAgent, "traces">, name: string): DecodedSpan => {
  const found = spans(agent).filter((candidate) => candidate.name === name)
  assert.strictEqual(
    found.length,
    1,
    `one span named ${name}, among ${spans(agent).map((candidate) => candidate.name).join(", ")}`
  )
  return found[0]!
}

export const hex = (id: bigint): string => id.toString(16).padStart(16, "0")

/** The layer with an Agent of its own, and with these variables. */
export const fromEnv = (env: { readonly [name: string]: string }, options: LLMObs.Options = {}) =>
  Layer.unwrap(Effect.map(DevAgents.make(), (agent) =>
    Layer.merge(
      Layer.succeedContext(Context.make(LLMObs.DevAgent, agent)),
      LLMObs.layerFromConfig({ ...usual, agentUrl: agent.url, ...options })
    ))).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))

/** The warnings that were logged in its region. */
export const warnings = () => {
  const lines: Array<string> = []
  const layer = Logger.layer([Logger.make(({ logLevel, message }) => {
    if (logLevel === "Warn") lines.push(...(Array.isArray(message) ? message : [message]).map(String))
  })])
  return { lines, layer }
}

/** A layer's Agent, kept when the layer is gone. */
export const whenClosed = <A, E>(program: Effect.Effect<A, E, LLMObs.DevAgent>, options: DevOptions = {}) =>
  Effect.provide(Effect.tap(Effect.all([LLMObs.DevAgent, LLMObs.ledger]), () => program), dev(options)).pipe(
    Effect.map(([agent]) => agent)
  )

export const layerOf = (agent: { readonly url: string }, options: LLMObs.Options = {}): Layer.Layer<never> =>
  LLMObs.layer({ ...usual, agentUrl: agent.url, ...options })
