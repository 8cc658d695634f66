/**
 * A whole layer on a network in memory, under the test's clock: a history of faults, and then an idle program that is left
 * alone.
 */
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { AgentWriter } from "../../src/ports/AgentWriter.ts"
import { IdGenerator } from "../../src/ports/IdGenerator.ts"
import { IntakeWriter } from "../../src/ports/IntakeWriter.ts"
import { CurrentRelayQueue } from "../../src/ports/RelayQueue.ts"
import type { Outcome, Request } from "../../src/ports/Transport.ts"
import { Transport } from "../../src/ports/Transport.ts"
import { agentWriter, answer, failure, intakeWriter } from "../engine/Scene.ts"
import type { Answer, History, Step, Way } from "./LivenessSchedule.ts"

type Endpoint = "traces" | "events" | "info"

const endpointOf = ({ path }: Request): Endpoint =>
  path === "/info" ? "info" : path.startsWith("/v0.4/traces") ? "traces" : "events"

/** A network with an Agent, an intake and an endpoint of OTLP. */
const makeNetwork = (agent: "up" | "away" | "without EVP") => {
  const network = {
    up: agent !== "away",
    evp: agent === "up",
    filtering: false,
    version: 0,
    latency: 0,
    answers: { traces: [] as Array<Answer>, events: [] as Array<Answer>, info: [] as Array<Answer> },
    /** Called at the next answers of an endpoint. */
    heard: { traces: [] as Array<() => void>, events: [] as Array<() => void>, info: [] as Array<() => void> }
  }
  const state = () => ({ "datadog-agent-state": `state-${network.version}-${network.evp}-${network.filtering}` })

  const info = (): Outcome => ({
    _tag: "Answer",
    status: 200,
    headers: state(),
    body: JSON.stringify({
      version: "7.85.1",
      endpoints: ["/v0.4/traces", ...(network.evp ? ["/evp_proxy/v2/"] : [])],
      client_drop_p0s: true,
      span_meta_structs: true,
      ...(network.filtering ? { ignore_resources: ["never.*"] } : {})
    })
  })

  const outcomeOf = (endpoint: Endpoint, request: Request): Outcome => {
    const next = network.answers[endpoint].shift() ?? 200
    if (next === "reset" || next === "hang") return failure(true)
    if (next !== 200) return answer(next, next === 429 ? { "retry-after": "1" } : {})
    if (endpoint === "info") return info()
    if (request.path.startsWith("/evp_proxy/") && !network.evp) return answer(404, state())
    return { _tag: "Answer", status: 200, headers: state(), body: "{}" }
  }

  const send = (request: Request): Effect.Effect<Outcome> =>
    Effect.suspend(() => {
      const endpoint = endpointOf(request)
      const isAgent = request.target.host === "agent"
      if (isAgent && !network.up) return Effect.succeed(failure(false))
      if (network.answers[endpoint][0] === "hang") {
        network.answers[endpoint].shift()
        return Effect.delay(Effect.succeed(failure(true)), request.timeoutMillis)
      }
      return Effect.map(Effect.sleep(network.latency), () => {
        if (isAgent && !network.up) return failure(true)
        network.heard[endpoint].shift()?.()
        return outcomeOf(endpoint, request)
      })
    })

  const heal = (): void => {
    Object.assign(network, { up: true, evp: true, latency: 0, answers: { traces: [], events: [], info: [] } })
  }
  return { network, send, heal }
}

/** Ids and numbers that are the same each time. */
const makeIds = () => {
  let ids = 0
  let seed = 1
  return {
    spanId: () => (++ids).toString(16).padStart(16, "0"),
    traceId: () => (++ids).toString(16).padStart(32, "0"),
    random: () => {
      seed = (seed * 48_271) % 2_147_483_647
      return seed / 2_147_483_647
    }
  }
}

const credentials = { apiKey: Redacted.make("key"), site: "datadoghq.com" } as const

const roads = {
  "agent": { agentless: false },
  "agent or direct": credentials,
  "direct": { ...credentials, agentless: true },
  "otlp": { exporter: "otlp", otlpEndpoint: "http://127.0.0.1:4318" },
  "queue": {},
  "writers": {}
} as const

/** What the program provides beside the network: a queue of relays, or writers of its own. */
const providedOn = (road: History["road"], send: (request: Request) => Effect.Effect<Outcome>) => {
  const request = { method: "POST", headers: {}, body: undefined, timeoutMillis: 10_000 } as const
  const elsewhere = { protocol: "http", host: "elsewhere", port: 80, basePath: "" } as const
  const events = send({ ...request, target: elsewhere, path: "/events" })
  const traces = send({ ...request, target: elsewhere, path: "/v0.4/traces" })
  switch (road) {
    case "queue":
      return Layer.succeed(CurrentRelayQueue, {
        offer: () => events,
        status: Effect.undefined,
        setAside: Effect.undefined
      })
    case "writers":
      return Layer.merge(
        Layer.succeed(IntakeWriter, { ...intakeWriter(), send: () => events }),
        Layer.succeed(AgentWriter, { ...agentWriter(), send: () => traces })
      )
    default:
      return Layer.empty
  }
}

/** The clock of the test, with work that takes a tenth of a millisecond between two looks: packing is done in slices. */
const working: Layer.Layer<never> = Layer.effect(
  Clock.Clock,
  Effect.map(Clock.Clock, (clock): Clock.Clock => {
    let worked = 0n
    const look = () => clock.monotonicTimeNanosUnsafe() + (worked += 100_000n)
    return Object.create(clock, { monotonicTimeNanosUnsafe: { value: look } })
  })
)

const layerOf = (history: History, send: (request: Request) => Effect.Effect<Outcome>) => {
  // Only where there can be an Agent is one late.
  const road = history.scene._tag === "late" ? "agent" : history.road
  return LLMObs.layerFromConfig({
    ...roads[road],
    agentUrl: "http://agent:8126",
    mlApp: "shop",
    service: "shop-api",
    apm: history.apm,
    overflow: history.overflow,
    maxBytes: history.maxBytes,
    flushInterval: history.flushInterval,
    flushTimeout: history.flushTimeout
  }).pipe(
    Layer.provide(providedOn(road, send)),
    Layer.provide(Layer.succeed(Transport, { send })),
    Layer.provide(Layer.succeed(IdGenerator, makeIds())),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(
      history.rules ? { DD_LLMOBS_SAMPLING_RULES: JSON.stringify([{ tags: { tier: "free" }, sample_rate: 0 }]) } : {}
    ))),
    Layer.provide(working),
    Layer.provide(Logger.layer([]))
  )
}

const account = LLMObs.withRouting({ apiKey: Redacted.make("other"), site: "datadoghq.eu" })

const emitOne = (way: Way, bytes: number): Effect.Effect<void> => {
  const chat = LLMObs.annotateCurrentSpan({ input: "x".repeat(bytes) }).pipe(LLMObs.llm("chat"))
  switch (way) {
    case "rejected":
      return Effect.annotateCurrentSpan("manual.drop", true).pipe(Effect.andThen(chat), LLMObs.workflow("rejected"))
    case "account":
      return account(chat)
    default:
      return chat
  }
}

const emit = (way: Way, count: number, bytes: number): Effect.Effect<void> => {
  const all = Effect.forEach(Array.from({ length: bytes > 100_000 ? 2 : count }), () => emitOne(way, bytes), {
    discard: true
  })
  // Those who wait for room wait by themselves.
  return Effect.asVoid(Effect.forkDetach(
    way === "open" ? LLMObs.workflow("open")(Effect.andThen(all, Effect.sleep("1 hour"))) : all,
    { startImmediately: true }
  ))
}

/** Each in a turn of its own. */
const emitSlowly = (way: Way, count: number): Effect.Effect<void> =>
  Effect.forEach(Array.from({ length: count }), () => Effect.andThen(emit(way, 1, 10), Effect.yieldNow), {
    discard: true
  })

/** Longer than everything that a healthy destination can be waited for: rests, back-offs and open traces together. */
const idleSeconds = 300

const passSeconds = 15

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

// The clock goes on when no fiber that it woke runs any more, as far as it knows: it does not know all of them.
const pass = (millis: number): Effect.Effect<void> =>
  Effect.andThen(TestClock.adjust(millis), Effect.andThen(turn, turn))

const stepsOf = ({ scene, steps }: History): ReadonlyArray<Step> => {
  switch (scene._tag) {
    case "late":
      return [
        { _tag: "agent", is: "away" },
        { _tag: "emit", way: "kept", count: scene.held, bytes: 10 },
        { _tag: "emit at an answer", way: scene.way, count: scene.meanwhile, of: "info" },
        ...steps.filter(({ _tag }) => _tag !== "agent")
      ]
    case "ending":
      return [
        ...steps,
        { _tag: "agent", is: "up" },
        { _tag: "wait", millis: 35_000 },
        { _tag: "agent", is: scene.agent },
        { _tag: "emit", way: scene.way, count: scene.count, bytes: 10 },
        { _tag: "wait", millis: scene.millis }
      ]
    case "none":
      return steps
  }
}

/** Runs a history, and returns the books of the idle program after it. Nobody flushes there. */
export const run = (history: History) => {
  const { heal, network, send } = makeNetwork(history.agentStarts)

  let emitting = 0

  const act = (step: Step): Effect.Effect<void> => {
    switch (step._tag) {
      case "emit":
        return emit(step.way, step.count, step.bytes)
      case "emit at an answer":
        return Effect.map(Effect.context<never>(), (context) => {
          network.heard[step.of].push(() => {
            emitting++
            const ended = Effect.sync(() => void emitting--)
            Effect.runForkWith(context)(Effect.ensuring(emitSlowly(step.way, step.count), ended))
          })
        })
      case "answers":
        return Effect.sync(() => void network.answers[step.of].push(...step.answers))
      case "wait":
        return pass(step.millis)
      case "agent":
        return Effect.sync(() => {
          if (step.is === "changed") network.version++
          else if (step.is === "filtering") network.filtering = !network.filtering
          else [network.up, network.evp] = [step.is !== "away", step.is === "up"]
        })
      case "latency":
        return Effect.sync(() => void (network.latency = step.millis))
      case "tracing":
        return LLMObs.setTracing(step.on)
      case "flush":
        return Effect.asVoid(Effect.forkDetach(LLMObs.flush, { startImmediately: true }))
    }
  }

  const program = Effect.gen(function*() {
    for (const step of stepsOf(history)) yield* act(step)
    heal()
    for (let seconds = 0; seconds < idleSeconds; seconds += passSeconds) {
      yield* pass(passSeconds * 1_000)
      // An answer has made events just now.
      if (emitting > 0) seconds = 0
    }
    return yield* LLMObs.ledger
  })

  return Effect.gen(function*() {
    const scope = Scope.makeUnsafe()
    const context = yield* Layer.buildWithScope(layerOf(history, send), scope)
    const books = yield* Effect.provideContext(program, context)
    // The time goes on for a layer that has something left to wait for.
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* pass(60_000)
    yield* Fiber.join(closing)
    return books
  })
}
