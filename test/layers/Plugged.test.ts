import { assert, describe, it } from "@effect/vitest"
import * as AgentWriter from "effect-llmobs/AgentWriter"
import * as AmbientContext from "effect-llmobs/AmbientContext"
import * as IdGenerator from "effect-llmobs/IdGenerator"
import * as IntakeWriter from "effect-llmobs/IntakeWriter"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Transport from "effect-llmobs/Transport"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as AsyncHooks from "node:async_hooks"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as TracePayload from "../../src/adapters/devagent/TracePayload.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as Observed from "./Observed.ts"

const chat = Effect.void.pipe(LLMObs.llm("chat"))

const flushed = Effect.andThen(LLMObs.flush, LLMObs.ledger)

/** A writer of events, and what it was given: a list a call. */
const events = () => {
  const calls: Array<ReadonlyArray<IntakeWriter.Event>> = []
  return { calls, layer: IntakeWriter.layer({ write: (given) => Effect.sync(() => calls.push(given)) }) }
}

/** A writer of traces, and the spans that it was given. */
const traces = () => {
  const spans: Array<TracePayload.DecodedSpan> = []
  return {
    spans,
    layer: AgentWriter.layer({
      write: (payload) =>
        Effect.sync(() => {
          const decoded = TracePayload.decode(payload)
          spans.push(...(decoded.ok ? decoded.chunks.flat() : assert.fail("it is no v0.4 payload")))
        })
    })
  }
}

const rejecting = ConfigProvider.layer(
  ConfigProvider.fromUnknown({ DD_TRACE_SAMPLING_RULES: JSON.stringify([{ sample_rate: 0 }]) })
)

const names = (calls: ReadonlyArray<ReadonlyArray<IntakeWriter.Event>>) =>
  calls.flat().map(({ json }) => JSON.parse(json).spans[0].name)

describe("a plugged agent writer", () => {
  it.live("carries events by a plugged agent writer, without a search for an Agent", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const { layer, spans } = traces()
      const ledger = yield* Effect.andThen(chat, flushed).pipe(
        Effect.provide(Observed.layerOf(agent).pipe(Layer.provide(layer)))
      )
      assert.deepStrictEqual(ledger.delivered, { agent: 1, intake: 0 })
      assert.deepStrictEqual(spans.map(({ name }) => name), ["chat"])
      assert.deepStrictEqual(agent.requests(), [])
    }))

  it.live("sends the event of a rejected trace to the Agent's proxy despite a plugged agent writer", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const { layer, spans } = traces()
      const ledger = yield* Effect.andThen(chat, flushed).pipe(
        Effect.provide(
          LLMObs.layerFromConfig({ ...Observed.usual, agentUrl: agent.url }).pipe(
            Layer.provide(layer),
            Layer.provide(rejecting)
          )
        )
      )
      assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 1 })
      assert.deepStrictEqual(agent.events().map(({ via }) => via), ["evp"])
      assert.deepStrictEqual(spans.map(({ meta, metaStruct }) => [meta["_dd.llmobs.submitted"], metaStruct]), [[
        "1",
        {}
      ]])
    }))

  for (
    const [what, options] of [
      ["the layer is agentless", { agentless: true }],
      ["the intake's origin is overridden", { overrideOrigin: "http://127.0.0.1:1" }]
    ] as const
  ) {
    it.live(`carries events by a plugged agent writer when ${what}`, () =>
      Effect.gen(function*() {
        const { layer } = traces()
        const ledger = yield* Effect.andThen(chat, flushed).pipe(
          Effect.provide(LLMObs.layer({ ...Observed.usual, ...options }).pipe(Layer.provide(layer)))
        )
        assert.deepStrictEqual(ledger.delivered, { agent: 1, intake: 0 })
      }))
  }

  it.live("hands the events of a trace that a plugged agent writer refuses to the intake", () =>
    Effect.gen(function*() {
      const { calls, layer } = events()
      const refusing = AgentWriter.layer({
        write: () => Effect.succeed<AgentWriter.Outcome>({ _tag: "Answer", status: 404, headers: {}, body: "" })
      })
      const ledger = yield* Effect.andThen(chat, flushed).pipe(
        Effect.provide(LLMObs.layer(Observed.usual).pipe(Layer.provide(refusing), Layer.provide(layer)))
      )
      assert.deepStrictEqual([ledger.delivered, ledger.possibleDuplicates], [{ agent: 0, intake: 1 }, 0])
      assert.deepStrictEqual(names(calls), ["chat"])
    }))
})

describe("a plugged intake writer", () => {
  it.live("gives a plugged intake writer the events of rejected traces, while the others ride to the Agent", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const { calls, layer } = events()
      const ledger = yield* Effect.gen(function*() {
        yield* chat
        yield* Effect.annotateCurrentSpan("manual.drop", true).pipe(LLMObs.llm("dropped"))
        return yield* flushed
      }).pipe(Effect.provide(Observed.layerOf(agent).pipe(Layer.provide(layer))))
      assert.deepStrictEqual(ledger.delivered, { agent: 1, intake: 1 })
      assert.deepStrictEqual(names(calls), ["dropped"])
      assert.deepStrictEqual(agent.events().map(({ event, via }) => [event["name"], via]), [["chat", "trace"]])
    }))

  it.live("gives a plugged intake writer every event without an Agent, a key and a site", () =>
    Effect.gen(function*() {
      const { calls, layer } = events()
      const { layer: warnings, lines } = Observed.warnings()
      const ledger = yield* Effect.andThen(chat, flushed).pipe(
        Effect.provide(LLMObs.layer({ ...Observed.usual, agentless: true }).pipe(Layer.provide(layer))),
        Effect.provide(warnings)
      )
      assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 1 })
      assert.deepStrictEqual(names(calls), ["chat"])
      assert.deepStrictEqual(lines.filter((line) => line.includes("missing_")), [])
    }))

  it.live("gives a plugged intake writer the waiting events when the layer closes without an Agent", () =>
    Effect.gen(function*() {
      const { calls, layer } = events()
      yield* chat.pipe(
        Effect.provide(LLMObs.layer({ ...Observed.usual, agentUrl: "http://127.0.0.1:1" }).pipe(Layer.provide(layer)))
      )
      assert.deepStrictEqual(names(calls), ["chat"])
    }))

  it.live("gives a plugged intake writer each account's events with its name, and never two accounts in one call", () =>
    Effect.gen(function*() {
      const { calls, layer } = events()
      const ledger = yield* Effect.gen(function*() {
        yield* chat
        yield* chat.pipe(LLMObs.withRouting({ apiKey: Redacted.make("theirs"), site: "datadoghq.eu" }))
        yield* chat.pipe(LLMObs.withRouting({ apiKey: Redacted.make("others"), site: "us5.datadoghq.com" }))
        yield* chat
        return yield* flushed
      }).pipe(Effect.provide(LLMObs.layer({ ...Observed.usual, apm: "off" }).pipe(Layer.provide(layer))))
      assert.strictEqual(ledger.delivered.intake, 4)
      const accounts = calls.map((call) => new Set(call.map(({ account }) => account?.split(":")[0])))
      for (const account of accounts) assert.strictEqual(account.size, 1)
      assert.deepStrictEqual(
        calls.flat().map(({ account }) => account?.split(":")[0] ?? "own").sort(),
        ["datadoghq.eu", "own", "own", "us5.datadoghq.com"]
      )
      assert.isFalse(JSON.stringify(calls).includes("theirs"))
    }))
})

describe("both plugged writers", () => {
  /** The connections, look-ups and listeners that the process begins while something runs. */
  const sockets = <A, E, R>(program: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const seen: Array<string> = []
        const hook = AsyncHooks.createHook({
          init: (_, type) => {
            if (/^(?:TCP|PIPE|TLS|UDP|GETADDRINFO|QUERY)/.test(type)) seen.push(type)
          }
        })
        return { seen, hook: hook.enable() }
      }),
      ({ seen }) => Effect.as(program, seen),
      ({ hook }) => Effect.sync(() => hook.disable())
    )

  const program = Effect.gen(function*() {
    yield* chat
    yield* Effect.annotateCurrentSpan("manual.drop", true).pipe(LLMObs.llm("dropped"))
    yield* chat.pipe(LLMObs.withRouting({ apiKey: Redacted.make("theirs"), site: "datadoghq.eu" }))
    const ledger = yield* flushed
    yield* chat
    return ledger
  })

  it.live("opens no socket of the library with both writers plugged, from the layer's start to its end", () =>
    Effect.gen(function*() {
      const intake = events()
      const agent = traces()
      const opened = yield* sockets(
        Effect.tap(program, (ledger) =>
          Effect.sync(() => {
            assert.deepStrictEqual(ledger.delivered, { agent: 1, intake: 2 })
            assert.isTrue(Ledgers.balances(ledger))
          })).pipe(
            Effect.provide(
              LLMObs.layer({ ...Observed.usual, apiKey: Redacted.make("key"), site: "datadoghq.eu" }).pipe(
                Layer.provide(intake.layer),
                Layer.provide(agent.layer)
              )
            )
          )
      )
      assert.deepStrictEqual(opened, [])
      assert.strictEqual(agent.spans.filter(({ metaStruct }) => "_llmobs" in metaStruct).length, 2)
    }))

  it.live("opens sockets with one writer plugged, which proves that this test sees them", () =>
    Effect.gen(function*() {
      const { layer } = events()
      const agent = yield* DevAgent.make()
      const opened = yield* sockets(
        Effect.provide(program, Observed.layerOf(agent).pipe(Layer.provide(layer)))
      )
      assert.isAbove(opened.length, 0)
    }))
})

describe("a plugged ambient context", () => {
  const session = Effect.map(LLMObs.currentSpan, (span) => Option.getOrThrow(span).sources.session).pipe(
    LLMObs.workflow("support")
  )
  const layerOf = (current: AmbientContext.AmbientContextService["current"]) =>
    Observed.dev().pipe(Layer.provide(Layer.succeed(AmbientContext.AmbientContext, { current })))

  it.live("labels spans by a plugged ambient context", () =>
    Effect.gen(function*() {
      const ambient = AmbientContext.fromHeaders({ Baggage: "session.id=s-1" })
      assert.strictEqual(yield* Effect.provide(session, layerOf(() => ambient)), "rum")
    }))

  it.live("reads each request of a plugged ambient context once", () =>
    Effect.gen(function*() {
      let read = 0
      const headers = {
        get baggage() {
          read++
          return "session.id=s-1"
        }
      }
      yield* Effect.andThen(session, session).pipe(
        Effect.provide(Observed.dev().pipe(Layer.provide(AmbientContext.layer({ headers: () => headers }))))
      )
      assert.strictEqual(read, 1)
    }))

  it.live("prefers a region's own context to a plugged one", () =>
    Effect.gen(function*() {
      const extracted = LLMObs.extract({ baggage: "user.id=u-1" })
      const ambient = AmbientContext.fromHeaders({ baggage: "session.id=s-1" })
      assert.isUndefined(yield* Effect.provide(extracted(session), layerOf(() => ambient)))
    }))

  for (
    const [what, current] of [
      ["throws", () => {
        throw new Error("boom")
      }],
      ["returns a number", () => 42 as never],
      ["returns null", () => null as never],
      ["returns undefined", () => undefined]
    ] as const
  ) {
    it.live(`ignores a plugged ambient context that ${what}`, () =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          assert.isUndefined(yield* session)
          const { agent } = yield* Observed.settle
          assert.deepStrictEqual(Observed.names(agent), ["support"])
        }).pipe(Effect.provide(layerOf(current)))
      }))
  }
})

describe("a plugged id generator", () => {
  const spanIds = (generator: Partial<IdGenerator.IdGeneratorService>) =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(LLMObs.llm("model"), LLMObs.workflow("support"))
      const { agent } = yield* Observed.settle
      return agent.events().map(({ spanId }) => spanId)
    }).pipe(
      Effect.provide(
        Observed.dev().pipe(
          Layer.provide(Layer.succeed(IdGenerator.IdGenerator, { ...IdGenerator.make(), ...generator }))
        )
      )
    )

  it.live("uses the span ids of a plugged id generator", () =>
    Effect.gen(function*() {
      let last = 0
      const ids = yield* spanIds({ spanId: () => (++last).toString(16).padStart(16, "0") })
      assert.isAbove(ids.length, 0)
      for (const id of ids) assert.isAtMost(Number(id), last)
    }))

  for (const id of ["", "0".repeat(16), "X".repeat(16), "1".repeat(32), 7, null]) {
    it.live(`replaces an id when a plugged generator gives ${JSON.stringify(id)}`, () =>
      Effect.gen(function*() {
        const ids = yield* spanIds({
          spanId: () => id as string,
          traceId: () => id as string,
          random: () => id as number
        })
        assert.strictEqual(new Set(ids).size, 2)
      }))
  }
})

describe("a plugged transport", () => {
  it.live("sends every request by a plugged transport", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const paths: Array<string> = []
      const counting = Layer.effect(
        Transport.Transport,
        Effect.map(Transport.make(), (transport) => ({
          send: (request) => {
            paths.push(request.path)
            return transport.send(request)
          }
        }))
      )
      yield* Effect.andThen(chat, flushed).pipe(Effect.provide(Observed.layerOf(agent).pipe(Layer.provide(counting))))
      assert.deepStrictEqual(paths, agent.requests().map(({ path }) => path))
      assert.deepStrictEqual(paths, ["/info", "/v0.4/traces"])
    }))

  for (
    const [what, send] of [
      ["throws", () => {
        throw new Error("boom")
      }],
      ["dies", () => Effect.die("boom")],
      ["answers nonsense", () => Effect.succeed("yes" as never)]
    ] as const
  ) {
    it.live(`counts every event as pending when a plugged transport ${what}`, () =>
      Effect.gen(function*() {
        const ledger = yield* Effect.andThen(chat, flushed).pipe(
          Effect.provide(
            LLMObs.layer({ ...Observed.usual, flushTimeout: "100 millis" }).pipe(
              Layer.provide(Layer.succeed(Transport.Transport, { send }))
            )
          )
        )
        assert.isTrue(Ledgers.balances(ledger))
        assert.strictEqual(Ledgers.pending(ledger), 1)
      }))
  }
})
