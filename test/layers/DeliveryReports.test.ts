import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { Transport } from "../../src/ports/Transport.ts"
import * as Intakes from "./Intakes.ts"
import * as Observed from "./Observed.ts"

/** Every line of ours that is logged, after its level. */
const logged = () => {
  const lines: Array<string> = []
  const layer = Logger.layer([Logger.make(({ logLevel, message }) => {
    for (const line of Array.isArray(message) ? message : [message]) {
      lines.push(`${logLevel} ${String(line).replace("effect-llmobs: ", "")}`)
    }
  })])
  return { lines, layer }
}

const chat = Effect.void.pipe(LLMObs.llm("chat"))

/** Lets fibers run that wait for the answer of a real server. */
const until = (condition: () => boolean) =>
  Effect.repeat(Effect.promise(() => new Promise((resume) => setImmediate(resume))), { until: condition })

describe("the start of a layer", () => {
  it.live("logs one line when a layer starts: its recording, its Agent, and that it is not durable", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      const agent = yield* DevAgent.make()
      yield* Effect.andThen(chat, LLMObs.flush).pipe(Effect.provide(Observed.layerOf(agent)), Effect.provide(layer))
      assert.strictEqual(lines.length, 1)
      assert.match(
        lines[0]!,
        /^Info Started: app shop, service shop-api, to the Datadog Agent [\d.]+ at http:\/\/127\.0\.0\.1:\d+\. Events are held in memory, not durable\.$/
      )
    }))

  it.live("names the intake and the site when the layer starts without an Agent", () =>
    Effect.gen(function*() {
      const { layer, lines } = logged()
      const options = { agentless: true, apiKey: Redacted.make("key"), site: "datadoghq.eu" }
      yield* Effect.void.pipe(Effect.provide(LLMObs.layer({ ...Observed.usual, ...options })), Effect.provide(layer))
      assert.deepStrictEqual(lines, [
        "Info Started: app shop, service shop-api, to the LLM intake of datadoghq.eu, without an Agent. " +
        "Events are held in memory, not durable."
      ])
    }))
})

describe("a layer that cannot deliver", () => {
  const unreachable = (options: LLMObs.Options, outcome: (path: string) => string | number) => {
    const answers = { of: outcome }
    const transport = Layer.succeed(Transport, {
      send: ({ path }) =>
        Effect.sync(() => {
          const given = answers.of(path)
          return typeof given === "string"
            ? { _tag: "Failure" as const, bytesWritten: false, reason: given }
            : { _tag: "Answer" as const, status: given, headers: {}, body: path === "/info" ? info : "{}" }
        })
    })
    return { answers, layer: LLMObs.layer({ ...Observed.usual, ...options }).pipe(Layer.provide(transport)) }
  }
  const info = JSON.stringify({ version: "7.1.0", endpoints: ["/v0.4/traces", "/evp_proxy/v2/"] })

  it.effect("logs a delivery trouble after 5 seconds, and its end", () =>
    Effect.gen(function*() {
      const { layer: logger, lines } = logged()
      const { answers, layer } = unreachable({}, () => "ECONNREFUSED")
      yield* Effect.gen(function*() {
        yield* chat
        yield* TestClock.adjust("4 seconds")
        assert.deepStrictEqual(lines.map((line) => line.slice(0, 12)), ["Info Started"])
        yield* TestClock.adjust("1 seconds")
        assert.deepStrictEqual(lines.slice(1), [
          "Warn No Datadog Agent at http://localhost:8126 (ECONNREFUSED). 1 event held. Start one, set the option " +
          "agentUrl, or set the option agentless to true with the option apiKey and the option site."
        ])
        answers.of = () => 200
        yield* TestClock.adjust("10 seconds")
        assert.match(
          lines[2]!,
          /^Info The Datadog Agent at http:\/\/localhost:8126 answers after \d+ s; events leave again\.$/
        )
        assert.strictEqual(lines.length, 3)
      }).pipe(Effect.provide(layer), Effect.provide(logger))
    }))

  it.effect("recognises a port of another program as no Agent", () =>
    Effect.gen(function*() {
      const { layer: logger, lines } = logged()
      const { answers, layer } = unreachable({ agentUrl: "http://localhost:9000" }, () => 404)
      yield* chat.pipe(
        Effect.andThen(TestClock.adjust("5 seconds")),
        Effect.andThen(Effect.sync(() => {
          answers.of = () => 200
        })),
        Effect.andThen(TestClock.adjust("10 seconds")),
        Effect.provide(layer),
        Effect.provide(logger)
      )
      assert.strictEqual(
        lines[1],
        "Warn No Datadog Agent at http://localhost:9000: /info is answered with 404. 1 event held. Another program " +
          "may use that port: correct the option agentUrl."
      )
    }))

  it.effect("reports an unreachable intake, and names no key", () =>
    Effect.gen(function*() {
      const { layer: logger, lines } = logged()
      const { layer } = unreachable(
        { agentless: true, apiKey: Redacted.make("secret"), site: "us5.datadoghq.com" },
        () => "ENOTFOUND"
      )
      const inSteps = Effect.repeat(TestClock.adjust("100 millis"), { times: 60 })
      yield* Effect.andThen(chat, inSteps).pipe(Effect.provide(layer), Effect.provide(logger))
      assert.strictEqual(
        lines[1],
        "Warn The LLM intake of us5.datadoghq.com cannot be reached (ENOTFOUND). 1 event held. Check the network and " +
          "the option site; a proxy is set by DD_PROXY_HTTPS."
      )
      assert.notInclude(lines.join(), "secret")
    }))

  it.live("reports a refused key at once, with the sites", () =>
    Effect.gen(function*() {
      const { layer: logger, lines } = logged()
      const intakes = yield* Intakes.make(new Map([["key", 403]]))
      const options = { agentless: true, apiKey: Redacted.make("key"), site: "datadoghq.eu", flushTimeout: 50 }
      yield* Effect.andThen(chat, until(() => lines.length > 1)).pipe(
        Effect.provide(LLMObs.layer({ ...Observed.usual, ...options }).pipe(Layer.provide(intakes.layer))),
        Effect.provide(logger)
      )
      assert.match(
        lines[1]!,
        /^Warn The LLM intake of datadoghq\.eu refuses the API key \(403\)\. 1 event held\. Check that the option apiKey is a key of the organisation at the option site; sites: datadoghq\.com, /
      )
    }))
})

describe("the debug log of a layer", () => {
  const steps = (options: LLMObs.Options, level: "Info" | "Debug", env: Record<string, string>) =>
    Effect.gen(function*() {
      const { layer: logger, lines } = logged()
      const agent = yield* DevAgent.make()
      const { ConfigProvider } = yield* Effect.promise(() => import("effect"))
      yield* Effect.andThen(chat, LLMObs.flush).pipe(
        Effect.provide(LLMObs.layerFromConfig({ ...Observed.usual, agentUrl: agent.url, ...options })),
        Effect.provide(logger),
        Effect.provideService(References.MinimumLogLevel, level),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
      )
      return lines.filter((line) => line.startsWith("Debug")).map((line) => line.replace(/127\.0\.0\.1:\d+/, "agent"))
    })

  it.live("logs the steps of a layer at Effect's debug level, and with DD_TRACE_DEBUG at any level", () =>
    Effect.gen(function*() {
      for (const [level, env] of [["Debug", {}], ["Info", { DD_TRACE_DEBUG: "true" }]] as const) {
        const lines = yield* steps({}, level, env)
        assert.include(lines, "Debug GET /info (0 B) to agent: 200.")
        const [ended, decided] = lines.filter((line) => line.includes("(llm, ")).map((line) =>
          line.replaceAll(/\(llm, \d+\)/g, "(llm, id)").replace(/[\d.]+ ms/, "n ms").replace(/\d+ B/, "n B")
        )
        assert.strictEqual(
          ended,
          "Debug The span \"chat\" (llm, id) ended after n ms. Its event takes at most n B and waits for its APM trace."
        )
        assert.strictEqual(decided, "Debug The event of the span \"chat\" (llm, id) rides its APM trace.")
        assert.isTrue(lines.some((line) => /^Debug POST \/v0\.4\/traces \(\d+ B\) to agent: 200\.$/.test(line)))
      }
    }))

  it.live("logs why an event goes to the intake, and no name that a redaction rule may change", () =>
    Effect.gen(function*() {
      const lines = yield* steps({ apm: "off", processors: [(span) => span] }, "Debug", {})
      const said = lines.find((line) => line.includes("(llm, "))
      assert.match(
        said ?? "",
        /^Debug The span \(llm, \d+\) ended .* goes to the LLM intake by itself: no APM span can carry it\.$/
      )
    }))

  it.live("logs no steps of a layer by default", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* steps({}, "Info", {}), [])
    }))
})
