import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "../layers/Observed.ts"
import * as Patience from "../layers/Patience.ts"
import * as Ports from "../layers/Ports.ts"

const chat = Effect.void.pipe(LLMObs.llm("chat"))

const flushed = Effect.andThen(LLMObs.flush, LLMObs.ledger)

const vias = (agent: DevAgent.DevAgent) => agent.events().map((event) => event.via)

/** One span, delivered to an Agent that behaves like this. */
const delivered = (agent: DevAgent.Options, options: LLMObs.Options = {}) =>
  Effect.gen(function*() {
    const running = yield* DevAgent.make(agent)
    const ledger = yield* Effect.andThen(chat, flushed).pipe(Effect.provide(Observed.layerOf(running, options)))
    assert.isTrue(Ledgers.balances(ledger))
    return { agent: running, ledger }
  })

/** The event loop turns until something is so, with the test's clock standing still. */
const until = (condition: () => boolean) =>
  Effect.promise(async () => {
    for (let turn = 0; turn < 5_000 && !condition(); turn++) await new Promise((resolve) => setTimeout(resolve, 1))
    assert.isTrue(condition())
  })

/** Nothing that a test looks for depends on how soon such a flush gives up. */
const held = { flushTimeout: "150 millis" } as const

const patient = { flushTimeout: Patience.flushTimeout } as const

/** Some spans, and a flush of them that gives up when something is so. */
const inVain = (spans: Effect.Effect<void>, isSo: () => boolean, layer: Layer.Layer<never>) => {
  const { giveUp, layer: clock, vain } = Patience.make()
  return Effect.gen(function*() {
    yield* spans
    const report = yield* vain(isSo)
    giveUp()
    return { report, ledger: yield* LLMObs.ledger }
  }).pipe(Effect.provide(Layer.provideMerge(layer, clock)))
}

describe("Destinations", () => {
  describe("an Agent", () => {
    const roads: ReadonlyArray<readonly [string, DevAgent.Options, "trace" | "evp"]> = [
      ["lets events ride to an Agent with every capability", {}, "trace"],
      ["lets events ride to an Agent that does not report whether it carries structs", {
        info: { span_meta_structs: undefined }
      }, "trace"],
      ["lets no event ride to an Agent that reports it carries no structs", { spanMetaStructs: false }, "evp"],
      ["lets no event ride to an Agent without v0.4 traces", { endpoints: ["/v0.3/traces", "/evp_proxy/v2/"] }, "evp"],
      ["lets no event ride to an Agent that ignores the root's resource", { ignoreResources: ["^ll.$"] }, "evp"],
      ["lets events ride to an Agent that ignores other resources", { ignoreResources: ["^GET /health$"] }, "trace"],
      ["lets no event ride to an Agent that requires a tag missing on the root", {
        filterTags: { require: ["team"], reject: [] }
      }, "evp"],
      ["lets no event ride to an Agent that rejects a tag of the root", {
        filterTags: { require: [], reject: ["language:javascript"] }
      }, "evp"],
      ["lets no event ride to an Agent that rejects the environment", {
        filterTags: { require: [], reject: ["env:staging"] }
      }, "evp"],
      ["lets events ride to an Agent that requires the root's environment", {
        filterTags: { require: ["env:staging", "gen_ai.operation.name:llm"], reject: [] }
      }, "trace"]
    ]
    for (const [name, settings, via] of roads) {
      it.live(name, () =>
        Effect.gen(function*() {
          const { agent, ledger } = yield* delivered(settings, { env: "staging" })
          assert.deepStrictEqual(vias(agent), [via])
          assert.strictEqual(Ledgers.delivered(ledger), 1)
        }))
    }

    it.live("filters the rest of a long trace by the span that the Agent takes for its root", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ ignoreResources: ["^tool$"] })
        yield* Effect.gen(function*() {
          yield* Effect.gen(function*() {
            yield* Effect.void.pipe(LLMObs.tool("early"))
            // The tool leaves without its root here, so the Agent looks at the tool.
            yield* LLMObs.flush
            yield* Effect.void.pipe(LLMObs.tool("late"))
          }).pipe(LLMObs.workflow("flow"))
          assert.strictEqual(Ledgers.delivered(yield* flushed), 3)
        }).pipe(Effect.provide(Observed.layerOf(agent)))
        assert.deepStrictEqual(["early", "late", "flow"].map((name) => Observed.named(agent, name).via), [
          "evp",
          "trace",
          "trace"
        ])
      }))

    for (const version of [1, 3, 4]) {
      it.live(`uses an Agent's EVP proxy that has only version ${version}`, () =>
        Effect.gen(function*() {
          const { agent } = yield* delivered({ endpoints: [`/evp_proxy/v${version}/`] }, { apm: "off" })
          assert.deepStrictEqual(vias(agent), ["evp"])
          const request = agent.requests().find(({ path }) => path.startsWith("/evp_proxy"))!
          assert.strictEqual(request.path, `/evp_proxy/v${version}/api/v2/llmobs`)
          assert.strictEqual(request.headers["x-datadog-evp-subdomain"], "llmobs-intake")
          assert.isFalse(Object.hasOwn(request.headers, "dd-api-key"))
        }))
    }

    it.live("lets events ride to an Agent without an EVP proxy; holds the rest, with a warning", () =>
      Effect.gen(function*() {
        const { layer, lines } = Observed.warnings()
        const agent = yield* DevAgent.make({ endpoints: ["/v0.4/traces"] })
        const { ledger, report } = yield* inVain(
          Effect.andThen(chat, Effect.void.pipe(LLMObs.llm("alone"), Effect.withTracerEnabled(false))),
          () => vias(agent).length === 1,
          Observed.layerOf(agent, patient)
        ).pipe(Effect.provide(layer))
        assert.deepStrictEqual([report.delivered, report.pending, report.timedOut], [1, 1, true])
        assert.strictEqual(ledger.pending.outbox, 1)
        assert.deepStrictEqual(vias(agent), ["trace"])
        assert.strictEqual(lines.filter((line) => line.includes("no EVP proxy")).length, 1)
      }))

    it.effect("asks an Agent again after a rest when its listed EVP proxy refuses, and sends it the held events", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ evpDisabled: true })
        yield* Effect.gen(function*() {
          yield* chat
          yield* Effect.forkChild(LLMObs.flush)
          const refused = () => agent.requests().some((request) => request.status === 405)
          yield* until(refused)
          // Without a flush and without a new event the rest ends by itself.
          agent.configure({ evpDisabled: false })
          for (let second = 0; second < 70 && agent.events().length === 0; second++) {
            yield* TestClock.adjust("1 second")
            yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))
          }
          yield* until(() => agent.events().length === 1)
          assert.strictEqual(agent.requests().filter((request) => request.status === 405).length, 1)
        }).pipe(Effect.provide(Observed.layerOf(agent, { apm: "off" })))
      }))

    it.effect("sends held events to an Agent that gets an EVP proxy later", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ endpoints: ["/v0.4/traces"] })
        yield* Effect.gen(function*() {
          yield* chat
          yield* Effect.forkChild(LLMObs.flush)
          yield* until(() => agent.requests().some((request) => request.path === "/info"))
          agent.configure({ endpoints: ["/v0.4/traces", "/evp_proxy/v2/"] })
          for (let second = 0; second < 30 && agent.events().length === 0; second++) {
            yield* TestClock.adjust("1 second")
            yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))
          }
          yield* until(() => agent.events().length === 1)
        }).pipe(Effect.provide(Observed.layerOf(agent, { apm: "off" })))
      }))

    it.live("asks an Agent for its capabilities again when its answers show a change", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        yield* Effect.gen(function*() {
          yield* chat
          yield* flushed
          agent.configure({ spanMetaStructs: false })
          // The first answer after the change tells of it, and what the question that follows finds counts from then on.
          for (let attempt = 0; attempt < 50 && !vias(agent).includes("evp"); attempt++) {
            yield* chat
            yield* flushed
          }
        }).pipe(Effect.provide(Observed.layerOf(agent)))
        assert.strictEqual(vias(agent).at(-1), "evp")
        assert.strictEqual(agent.requests().filter((request) => request.path === "/info").length, 2)
      }))

    it.live("waits for a late Agent as long as it takes unless agentless delivery is allowed", () =>
      Effect.gen(function*() {
        const port = yield* Ports.reserve
        const intake = yield* DevAgent.make()
        const ledger = yield* Effect.andThen(chat, flushed).pipe(
          Effect.provide(LLMObs.layer({
            ...Observed.usual,
            ...held,
            agentUrl: `http://127.0.0.1:${port}`,
            apiKey: Redacted.make("key"),
            overrideOrigin: intake.url
          }))
        )
        assert.strictEqual(Ledgers.pending(ledger), 1)
        assert.deepStrictEqual(intake.requests(), [])
      }))
  })

  describe("an overridden origin", () => {
    it.live("sends every event to an overridden origin through the proxy's path, and lets none ride", () =>
      Effect.gen(function*() {
        const origin = yield* DevAgent.make()
        const { agent, ledger } = yield* delivered({}, { overrideOrigin: origin.url })
        assert.deepStrictEqual(vias(agent), [])
        assert.deepStrictEqual(vias(origin), ["evp"])
        assert.strictEqual(ledger.delivered.intake, 1)
        // The APM trace goes to the Agent all the same, and says that its event went elsewhere.
        assert.strictEqual(Observed.span(agent, "chat").meta["_dd.llmobs.submitted"], "1")
      }))

    it.live("uses an overridden origin with a path without the proxy's prefix", () =>
      Effect.gen(function*() {
        const origin = yield* DevAgent.make()
        const agent = yield* DevAgent.make()
        const { ledger } = yield* inVain(
          chat,
          () => origin.requests().some((request) => request.path === "/collector/api/v2/llmobs"),
          Observed.layerOf(agent, { ...patient, overrideOrigin: `${origin.url}/collector` })
        )
        assert.isTrue(Ledgers.balances(ledger))
      }))
  })

  describe("delivery without an Agent", () => {
    const agentless = (intake: DevAgent.DevAgent, options: LLMObs.Options = {}) =>
      LLMObs.layer({ ...Observed.usual, agentless: true, overrideOrigin: intake.url, ...options })

    it.live("sends events to the intake with the key when there is no Agent, and writes no APM trace", () =>
      Effect.gen(function*() {
        const intake = yield* DevAgent.make()
        const ledger = yield* Effect.andThen(chat, flushed).pipe(
          Effect.provide(agentless(intake, { apiKey: Redacted.make("secret-key"), site: "datadoghq.eu" }))
        )
        assert.strictEqual(ledger.delivered.intake, 1)
        assert.deepStrictEqual(vias(intake), ["direct"])
        assert.deepStrictEqual(intake.requests().map((request) => request.path), ["/api/v2/llmobs"])
        assert.strictEqual(intake.requests()[0]!.headers["dd-api-key"], "secret-key")
        assert.strictEqual(Observed.tagsOf(intake.events()[0]!).get("error"), "0")
      }))

    it.live("holds events while the API key is missing, with one warning that names it", () =>
      Effect.gen(function*() {
        const { layer, lines } = Observed.warnings()
        const intake = yield* DevAgent.make()
        const named = () => lines.filter((line) => line.includes("missing_api_key")).length
        const { ledger } = yield* inVain(
          Effect.andThen(chat, chat),
          () => named() > 0,
          agentless(intake, patient)
        ).pipe(Effect.provide(layer))
        assert.strictEqual(Ledgers.pending(ledger), 2)
        assert.deepStrictEqual(intake.requests(), [])
        assert.strictEqual(named(), 1)
      }))

    it.live("keeps events and program alive when no header can hold the API key", () =>
      Effect.gen(function*() {
        const intake = yield* DevAgent.make()
        const ledger = yield* Effect.andThen(Effect.andThen(chat, LLMObs.flush), Effect.andThen(chat, flushed)).pipe(
          Effect.provide(agentless(intake, { ...held, apiKey: Redacted.make("no\u2603key"), site: "datadoghq.eu" }))
        )
        assert.strictEqual(Ledgers.pending(ledger), 2)
        assert.isTrue(Ledgers.balances(ledger))
      }))

    it.live("refuses to send the API key unencrypted to another machine", () =>
      Effect.gen(function*() {
        const ledger = yield* Effect.andThen(chat, flushed).pipe(
          Effect.provide(LLMObs.layer({
            ...Observed.usual,
            ...held,
            agentless: true,
            apiKey: Redacted.make("secret-key"),
            overrideOrigin: "http://intake.example"
          }))
        )
        assert.strictEqual(Ledgers.pending(ledger), 1)
      }))
  })

  it.live("sends past an Agent without EVP only to a site that is set", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make({ endpoints: ["/v0.4/traces"] })
      const intake = yield* DevAgent.make()
      const via = (options: LLMObs.Options) =>
        Effect.andThen(chat, flushed).pipe(
          Effect.provide(Observed.layerOf(agent, {
            ...held,
            apiKey: Redacted.make("key"),
            overrideOrigin: intake.url,
            ...options
          }))
        )
      assert.strictEqual(Ledgers.pending(yield* via({})), 1)
      assert.strictEqual(Ledgers.pending(yield* via({ site: "datadoghq.eu", agentless: false })), 1)
      assert.deepStrictEqual(intake.requests(), [])
      assert.strictEqual(
        Ledgers.delivered(yield* via({ site: "datadoghq.eu", flushTimeout: Observed.usual.flushTimeout })),
        1
      )
      assert.deepStrictEqual(vias(intake), ["direct"])
    }))

  it.live("keeps the layer's own requests out of the program's traces, whichever tracer is used", () =>
    Effect.gen(function*() {
      const { agent } = yield* Effect.andThen(
        Effect.andThen(chat, LLMObs.flush.pipe(Effect.withSpan("flushing"))),
        Observed.settle
      )
      assert.deepStrictEqual(Observed.spans(agent).map((span) => span.name).sort(), ["chat", "flushing"])
    }).pipe(Effect.provide(Layer.fresh(Observed.dev({ apm: "all" })))))
})
