import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "../layers/Observed.ts"

/** Every event and trace that the Agent got from a program whose layer reads these variables. */
const received = <A>(
  variables: { readonly [name: string]: string },
  program: Effect.Effect<A> = Effect.void.pipe(LLMObs.llm("chat")) as Effect.Effect<A>,
  options: LLMObs.Options = {}
) =>
  Effect.gen(function*() {
    const agent = yield* DevAgent.make()
    const provider = ConfigProvider.fromEnv({ env: { DD_TRACE_AGENT_URL: agent.url, ...variables } })
    const result = yield* program.pipe(
      Effect.provide(
        LLMObs.layerFromConfig({ flushInterval: 5, flushTimeout: "30 seconds", ...options }).pipe(
          Layer.provide(ConfigProvider.layer(provider))
        )
      )
    )
    return { agent, result }
  })

describe("layerFromConfig", () => {
  it.live("reads the variables through the ConfigProvider, and finds the Agent there", () =>
    Effect.gen(function*() {
      const { agent } = yield* received({
        DD_LLMOBS_ML_APP: "shop",
        DD_SERVICE: "api",
        DD_ENV: "prod",
        DD_VERSION: "1.2",
        DD_TAGS: "team:ops",
        DD_GIT_COMMIT_SHA: "abc"
      })
      const tags = Observed.tagsOf(Observed.named(agent, "chat"))
      assert.deepStrictEqual(
        ["ml_app", "service", "env", "version", "team", "git.commit.sha"].map((key) => tags.get(key)),
        ["shop", "api", "prod", "1.2", "ops", "abc"]
      )
      const span = Observed.span(agent, "chat")
      assert.strictEqual(span.service, "api")
      assert.deepStrictEqual([span.meta["env"], span.meta["version"]], ["prod", "1.2"])
    }))

  it.live("reads no variable of the process when another provider is given, and none at all through layer()", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const provider = ConfigProvider.layer(ConfigProvider.fromUnknown({ DD_ENV: "prod", DD_LLMOBS_ENABLED: "false" }))
      yield* Effect.void.pipe(
        LLMObs.llm("chat"),
        Effect.provide(Layer.provide(Observed.layerOf(agent), provider))
      )
      assert.strictEqual(Observed.tagsOf(Observed.named(agent, "chat")).get("env"), "")
    }))

  it.live("ranks the tags of DD_TAGS as explicit", () =>
    Effect.gen(function*() {
      const { agent } = yield* received(
        { DD_TAGS: "session_id:s-1,usr.id:u-1,usr.account_id:a-1" },
        Effect.void.pipe(LLMObs.llm("inner"), LLMObs.workflow("outer", { userId: "mine" }))
      )
      for (const name of ["inner", "outer"]) {
        const event = Observed.named(agent, name)
        const tags = Observed.tagsOf(event)
        assert.deepStrictEqual(
          [event.event["session_id"], tags.get("session_id"), tags.get("usr.id"), tags.get("usr.account_id")],
          ["s-1", "s-1", "mine", "a-1"]
        )
      }
    }))

  it.live("leaves the program as without a layer when DD_LLMOBS_ENABLED=false", () =>
    Effect.gen(function*() {
      const { agent, result } = yield* received(
        { DD_LLMOBS_ENABLED: "false" },
        Effect.gen(function*() {
          const [span, open] = yield* Effect.all([Effect.orDie(Effect.currentSpan), LLMObs.currentSpan]).pipe(
            LLMObs.llm("chat")
          )
          const report = yield* LLMObs.flush
          return { native: span instanceof Tracer.NativeSpan, open: Option.isSome(open), report }
        })
      )
      assert.isTrue(result.native)
      assert.isFalse(result.open)
      assert.strictEqual(result.report.delivered, 0)
      assert.deepStrictEqual(agent.requests(), [])
    }))

  it.live("sends events alone when DD_APM_TRACING_ENABLED=false or DD_TRACE_ENABLED=0", () =>
    Effect.gen(function*() {
      for (const name of ["DD_APM_TRACING_ENABLED", "DD_TRACE_ENABLED"]) {
        const { agent } = yield* received({ [name]: "0" })
        assert.deepStrictEqual(agent.events().map((event) => event.via), ["evp"])
        assert.deepStrictEqual(agent.traces(), [])
      }
    }))

  const rule = (rate: number, more: object = {}) => JSON.stringify([{ sample_rate: rate, ...more }])
  const sampled: ReadonlyArray<readonly [{ readonly [name: string]: string }, number, "trace" | "evp"]> = [
    [{ DD_TRACE_SAMPLING_RULES: rule(1) }, 2, "trace"],
    [{ DD_TRACE_SAMPLING_RULES: rule(0, { service: "api" }), DD_SERVICE: "api" }, -1, "evp"],
    [{ DD_TRACE_SAMPLING_RULES: rule(0, { service: "other" }) }, 1, "trace"],
    [{ DD_TRACE_SAMPLE_RATE: "0" }, -1, "evp"],
    [{ DD_TRACE_SAMPLE_RATE: "1", DD_TRACE_RATE_LIMIT: "0" }, -1, "evp"],
    [{}, 1, "trace"]
  ]
  for (const [variables, priority, via] of sampled) {
    it.live(`samples by rules, by rate or by neither: ${JSON.stringify(variables)}`, () =>
      Effect.gen(function*() {
        const { agent } = yield* received(variables)
        assert.strictEqual(Observed.span(agent, "chat").metrics["_sampling_priority_v1"], priority)
        assert.deepStrictEqual(agent.events().map((event) => event.via), [via])
      }))
  }

  it.live("sends no trace that a filter of the program drops, and delivers its events by themselves", () =>
    Effect.gen(function*() {
      const program = Effect.andThen(Effect.void.pipe(LLMObs.llm("dropped")), Effect.void.pipe(LLMObs.llm("kept")))
      const { agent } = yield* received({}, program, {
        traceFilter: (spans) => !spans.some(({ name }) => name === "dropped")
      })
      assert.deepStrictEqual(agent.traces().flat().map(({ name }) => name), ["kept"])
      assert.deepStrictEqual(
        agent.events().map(({ event, via }) => [event["name"], via]).sort(),
        [["dropped", "evp"], ["kept", "trace"]]
      )
    }))

  it.live("keeps a trace whose filter throws, is asynchronous or is not a function, and warns once", () => {
    const { layer: logger, lines } = Observed.warnings()
    const noFunction = "invalid_option: The option traceFilter must be a function, but is a boolean. It is ignored."
    return Effect.gen(function*() {
      const program = Effect.andThen(Effect.void.pipe(LLMObs.llm("a")), Effect.void.pipe(LLMObs.llm("b")))
      const throwing = (): boolean => {
        throw new Error("secret")
      }
      const cases = [
        [throwing, "The option traceFilter threw; the trace is sent anyway."],
        [
          (() => Promise.reject(new Error("secret"))) as never,
          "The option traceFilter returned a promise, which nothing waits for; the trace is sent anyway."
        ],
        [true as never, noFunction]
      ] as const
      for (const [traceFilter, line] of cases) {
        const { agent } = yield* received({}, program, { traceFilter })
        assert.deepStrictEqual(agent.events().map(({ via }) => via), ["trace", "trace"])
        assert.deepStrictEqual(lines.splice(0), [`effect-llmobs: ${line}`])
      }
    }).pipe(Effect.provide(logger))
  })

  it.live("stamps the retention that DD_LLMOBS_SAMPLE_RATE decides, and sends every event", () =>
    Effect.gen(function*() {
      const { agent } = yield* received({ DD_LLMOBS_SAMPLE_RATE: "0" })
      const { event } = Observed.named(agent, "chat")
      assert.strictEqual(Observed.at(event, "_dd.sample_rate"), "0")
      assert.strictEqual(Observed.at(event, "_dd.sampling_decision"), "0")
    }))

  it.live("names the service after the program's package when no name is set", () =>
    Effect.gen(function*() {
      const { agent } = yield* received({ DD_LLMOBS_ML_APP: "shop" })
      // The program is the test runner here.
      assert.strictEqual(Observed.span(agent, "chat").service, "vitest")
    }))

  it.live("warns of each bad variable once, by its name, and goes on", () => {
    const { layer, lines } = Observed.warnings()
    return Effect.gen(function*() {
      const { agent } = yield* received({ DD_LLMOBS_SAMPLE_RATE: "lots", DD_TRACE_RATE_LIMIT: "fast", DD_SITE: "evil" })
      assert.strictEqual(agent.events().length, 1)
      for (const name of ["DD_LLMOBS_SAMPLE_RATE", "DD_TRACE_RATE_LIMIT", "DD_SITE"]) {
        assert.strictEqual(lines.filter((line) => line.includes(name)).length, 1, name)
      }
    }).pipe(Effect.provide(layer))
  })
})

describe("layerDev", () => {
  it.live("fails, with a typed error, only when its Agent cannot listen", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const error = yield* Effect.flip(
        Effect.provide(Effect.void, Observed.dev({ agent: { port: agent.port } }))
      )
      assert.strictEqual(error._tag, "DevAgentError")
      assert.strictEqual(error.code, "address_in_use")
    }))

  it.live("gives each program an Agent of its own", () =>
    Effect.gen(function*() {
      const url = Effect.map(LLMObs.DevAgent, (agent) => agent.url)
      const [one, other] = yield* Effect.all([
        Effect.provide(url, Observed.dev()),
        Effect.provide(url, Observed.dev())
      ], { concurrency: 2 })
      assert.notStrictEqual(one, other)
    }))
})

describe("setTracing and setRecording", () => {
  it.live("switches tracing and recording at run time, for the spans that start from then on", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(LLMObs.llm("rode"))
      // From here on the Agent is known, and no chunk waits for it.
      yield* LLMObs.flush
      yield* LLMObs.setTracing(false)
      yield* Effect.void.pipe(LLMObs.llm("alone"))
      yield* LLMObs.setTracing(true)
      yield* LLMObs.setRecording(false)
      yield* Effect.void.pipe(LLMObs.llm("unrecorded"))
      yield* LLMObs.setRecording(true)
      yield* Effect.void.pipe(LLMObs.llm("again"))
      const { agent } = yield* Observed.settle
      assert.deepStrictEqual(Observed.names(agent), ["again", "alone", "rode"])
      assert.deepStrictEqual(["rode", "alone", "again"].map((name) => Observed.named(agent, name).via), [
        "trace",
        "evp",
        "trace"
      ])
      assert.isFalse(Observed.spans(agent).some((span) => span.name === "alone"))
    }).pipe(Effect.provide(Observed.dev())))
})
