/**
 * Each row of the table that changes how many events arrive, in how many requests, or by which route, once more without
 * a capture: through the embedded Agent, with every event counted.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import type { Outcome } from "../../src/ports/Transport.ts"
import { Transport } from "../../src/ports/Transport.ts"

const run = (
  program: Effect.Effect<unknown>,
  env: { readonly [name: string]: string },
  options: DevAgent.Options = {}
) =>
  Effect.gen(function*() {
    const agent = yield* DevAgent.make(options)
    const layer = LLMObs.layerFromConfig({
      service: "shop",
      apm: "all",
      flushInterval: "30 seconds",
      flushTimeout: "30 seconds",
      agentUrl: agent.url
    })
      .pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))
    const ledger = yield* Effect.provide(Effect.andThen(program, Effect.andThen(LLMObs.flush, LLMObs.ledger)), layer)
    assert.isTrue(Ledgers.balances(ledger))
    return { agent, ledger, events: agent.events() }
  })

const direct = { DD_APM_TRACING_ENABLED: "false" }

const evp = (agent: DevAgent.DevAgent) => agent.requests().filter(({ path }) => path.startsWith("/evp_proxy/"))

describe("intended differences in counts and routes", () => {
  it.live("R1-buffer: delivers more than a thousand waiting events, each once", () =>
    Effect.gen(function*() {
      const spans = Effect.forEach(Array.from({ length: 1_005 }), (_, i) => LLMObs.task(`t${i}`)(Effect.void))
      const { events, ledger } = yield* run(spans, direct)
      assert.strictEqual(new Set(events.map(({ event }) => event["name"])).size, 1_005)
      assert.strictEqual(events.length, 1_005)
      assert.strictEqual(ledger.delivered.intake, 1_005)
    }))

  it.live("R1-small-requests: sends events of 2 MB whole, each in its own request", () =>
    Effect.gen(function*() {
      const large = "x".repeat(2_000_000)
      const spans = Effect.forEach(["a", "b", "c"], (name) => LLMObs.task(name, { input: large })(Effect.void))
      const { agent, events } = yield* run(spans, direct)
      assert.strictEqual(evp(agent).length, 3)
      assert.deepStrictEqual(events.map(({ event }) => event["name"]).sort(), ["a", "b", "c"])
      for (const { event } of events) {
        assert.strictEqual((event["meta"] as { input: { value: string } }).input.value, large)
      }
    }))

  it.live("S6-surrogate: delivers a trace with an unpaired surrogate and all its events", () =>
    Effect.gen(function*() {
      const { events, ledger } = yield* run(
        LLMObs.task("broken", { input: "a\ud800b" })(Effect.void).pipe(
          Effect.andThen(LLMObs.task("sibling")(Effect.void)),
          LLMObs.workflow("root")
        ),
        {}
      )
      assert.deepStrictEqual(events.map(({ event }) => event["name"]).sort(), ["broken", "root", "sibling"])
      assert.strictEqual(ledger.delivered.agent, 3)
      const broken = events.find(({ event }) => event["name"] === "broken")!
      assert.strictEqual((broken.event["meta"] as { input: { value: string } }).input.value, "a\ufffdb")
    }))

  it.live("R-C16-no-struct: sends the trace to an Agent that cannot carry the struct, and the events to its intake", () =>
    Effect.gen(function*() {
      const { agent, events } = yield* run(LLMObs.llm("call")(Effect.void), {}, { spanMetaStructs: false })
      assert.deepStrictEqual(events.map(({ via }) => via), ["evp"])
      const [span] = agent.traces().flat()
      assert.strictEqual(span!.meta["_dd.llmobs.submitted"], "1")
      assert.deepStrictEqual(span!.metaStruct, {})
    }))

  it.live("R-C3-sample-rate: rescues the events that DD_TRACE_SAMPLE_RATE rejects, and sends the trace as rejected", () =>
    Effect.gen(function*() {
      const { agent, events } = yield* run(LLMObs.llm("call")(Effect.void), { DD_TRACE_SAMPLE_RATE: "0" })
      assert.deepStrictEqual(events.map(({ via }) => via), ["evp"])
      // The Agent keeps no trace of it.
      assert.deepStrictEqual(agent.traces().flat().map(({ metrics }) => metrics["_sampling_priority_v1"]), [-1])
    }))

  it.live("R1-paused: drops no event while credentials are refused, before the program ends", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make({ evpStatus: 403 })
      const ledger = yield* Effect.provide(
        Effect.andThen(LLMObs.llm("call")(Effect.void), Effect.andThen(LLMObs.flush, LLMObs.ledger)),
        LLMObs.layerFromConfig({ service: "shop", flushTimeout: "200 millis", agentUrl: agent.url }).pipe(
          Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(direct)))
        )
      )
      assert.strictEqual(Ledgers.dropped(ledger), 0)
      assert.strictEqual(Ledgers.pending(ledger), 1)
    }))

  it.live("R-C13-no-agent: sends events to the intake with the key, and no trace, when no Agent is to be used", () =>
    Effect.gen(function*() {
      const intake = yield* DevAgent.make()
      const { agent, ledger } = yield* run(LLMObs.workflow("root")(LLMObs.llm("call")(Effect.void)), {
        DD_LLMOBS_AGENTLESS_ENABLED: "1",
        DD_API_KEY: "key",
        DD_LLMOBS_OVERRIDE_ORIGIN: intake.url
      })
      assert.deepStrictEqual(agent.requests(), [])
      assert.deepStrictEqual(intake.events().map(({ event, via }) => [event["name"], via]).sort(), [
        ["call", "direct"],
        ["root", "direct"]
      ])
      assert.isTrue(
        intake.requests().every(({ headers, path }) => path === "/api/v2/llmobs" && headers["dd-api-key"] === "key")
      )
      assert.strictEqual(ledger.delivered.intake, 2)
    }))

  it.live("R-C13-agent-is-enough: lets events ride to an Agent without a proxy, and requires no key", () =>
    Effect.gen(function*() {
      const { events, ledger } = yield* run(LLMObs.llm("call")(Effect.void), {}, { endpoints: ["/v0.4/traces"] })
      assert.deepStrictEqual(events.map(({ via }) => via), ["trace"])
      assert.strictEqual(ledger.delivered.agent, 1)
    }))

  it.live("R-C13-agent-is-enough: uses an Agent's proxy that lists only its fourth version", () =>
    Effect.gen(function*() {
      const { agent, events } = yield* run(
        LLMObs.llm("call")(Effect.void),
        { DD_TRACE_SAMPLING_RULES: "[{\"sample_rate\": 0}]" },
        { endpoints: ["/v0.4/traces", "/evp_proxy/v4/"] }
      )
      assert.deepStrictEqual(events.map(({ via }) => via), ["evp"])
      assert.deepStrictEqual(evp(agent).map(({ path }) => path), ["/evp_proxy/v4/api/v2/llmobs"])
    }))

  it.live("R-C13-unknown-site: sends to no site that is not on Datadog's list, and drops no event", () =>
    Effect.gen(function*() {
      const hosts: Array<string> = []
      const transport = Layer.succeed(Transport, {
        send: ({ target }) =>
          Effect.sync((): Outcome => {
            hosts.push(target.host)
            return { _tag: "Answer", status: 202, headers: {}, body: "" }
          })
      })
      const deliver = (site: string, flushTimeout: "200 millis" | "30 seconds") =>
        Effect.provide(
          Effect.andThen(LLMObs.llm("call")(Effect.void), Effect.andThen(LLMObs.flush, LLMObs.ledger)),
          LLMObs.layerFromConfig({ service: "shop", flushTimeout }).pipe(
            Layer.provide([
              transport,
              ConfigProvider.layer(ConfigProvider.fromUnknown({
                DD_LLMOBS_AGENTLESS_ENABLED: "1",
                DD_API_KEY: "key",
                DD_SITE: site
              }))
            ])
          )
        )
      const ledger = yield* deliver("unknown.example.org", "200 millis")
      assert.deepStrictEqual(hosts, [])
      assert.strictEqual(Ledgers.pending(ledger), 1)
      yield* deliver("datadoghq.eu", "30 seconds")
      assert.deepStrictEqual(hosts, ["llmobs-intake.datadoghq.eu"])
    }))

  for (const variables of [direct, {}]) {
    it.live(
      `S17-in-flight: delivers spans whole that run when recording is switched off, ${
        variables === direct ? "by itself" : "on its trace"
      }`,
      () =>
        Effect.gen(function*() {
          const { agent, events, ledger } = yield* run(
            LLMObs.setRecording(false).pipe(
              Effect.andThen(LLMObs.llm("after")(Effect.void)),
              Effect.andThen(LLMObs.annotateCurrentSpan({ output: "out" })),
              LLMObs.workflow("open", { input: "in" })
            ),
            variables
          )
          assert.deepStrictEqual(events.map(({ event, via }) => [event["name"], via]), [
            ["open", variables === direct ? "evp" : "trace"]
          ])
          assert.deepNestedInclude(events[0]!.event, { "meta.input.value": "in", "meta.output.value": "out" })
          assert.strictEqual(Ledgers.delivered(ledger), 1)
          assert.deepStrictEqual(
            agent.traces().flat().map(({ metaStruct, name }) => [name, Object.keys(metaStruct)]).sort(),
            variables === direct ? [] : [["after", []], ["open", ["_llmobs"]]]
          )
        })
    )
  }

  it.live("S8-filter: delivers the events of a trace that the program's own filter drops, without the trace", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const ledger = yield* Effect.provide(
        Effect.andThen(
          LLMObs.workflow("root")(LLMObs.llm("call")(Effect.void)),
          Effect.andThen(LLMObs.flush, LLMObs.ledger)
        ),
        LLMObs.layer({ service: "shop", agentUrl: agent.url, flushTimeout: "1 minute", traceFilter: () => false })
      )
      assert.deepStrictEqual(agent.events().map(({ event, via }) => [event["name"], via]).sort(), [
        ["call", "evp"],
        ["root", "evp"]
      ])
      assert.deepStrictEqual(agent.traces(), [])
      assert.strictEqual(ledger.delivered.intake, 2)
    }))
})
