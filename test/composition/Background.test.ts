import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Os from "node:os"
import * as Path from "node:path"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "../layers/Observed.ts"
import * as Patience from "../layers/Patience.ts"
import * as Ports from "../layers/Ports.ts"

const rejecting = ConfigProvider.layer(
  ConfigProvider.fromUnknown({ DD_TRACE_SAMPLING_RULES: JSON.stringify([{ sample_rate: 0 }]) })
)

/** A layer that delivers to the given Agent, with variables that reject every trace. */
const rescuing = (agent: { readonly url: string }, options: LLMObs.Options = {}) =>
  LLMObs.layerFromConfig({ ...Observed.usual, agentUrl: agent.url, ...options }).pipe(Layer.provide(rejecting))

const conversation = (name: string) => Effect.void.pipe(LLMObs.llm(`${name}-llm`), LLMObs.workflow(name))

const conversations = (count: number) =>
  Effect.forEach(Array.from({ length: count }, (_, index) => index), (index) => conversation(`c${index}`), {
    discard: true
  })

const vias = (agent: DevAgent.DevAgent) => agent.events().map((event) => event.via)

const books = Effect.tap(
  LLMObs.ledger,
  (ledger) => Effect.sync(() => assert.isTrue(Ledgers.balances(ledger), JSON.stringify(ledger)))
)

const traceRequests = (agent: DevAgent.DevAgent) =>
  agent.requests().filter((request) => request.path === "/v0.4/traces")

const evpRequests = (agent: DevAgent.DevAgent) =>
  agent.requests().filter((request) => request.path.startsWith("/evp_proxy/"))

/** Flushes and reads the books, without expecting that everything has left. */
const flushed = Effect.andThen(LLMObs.flush, books)

describe("background delivery", () => {
  it.live("answers a flush at once after the layer has closed", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const flush = yield* Effect.scoped(Effect.gen(function*() {
        const context = yield* Layer.build(Observed.layerOf(agent, { flushTimeout: "1 hour" }))
        return Effect.provideContext(Effect.andThen(conversations(1), LLMObs.flush), context)
      }))
      const report = yield* Effect.timeout(flush, "5 seconds")
      assert.deepStrictEqual(report, { delivered: 0, transferred: 0, dropped: 0, pending: 0, timedOut: false })
    }))

  describe("the route of an event", () => {
    it.live("lets an event ride a kept trace", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ strictTraceCount: true })
        yield* Effect.gen(function*() {
          yield* conversations(3)
          const ledger = yield* flushed
          assert.deepStrictEqual(ledger.delivered, { agent: 6, intake: 0 })
        }).pipe(Effect.provide(Observed.layerOf(agent)))
        assert.deepStrictEqual(vias(agent), Array(6).fill("trace"))
        assert.strictEqual(evpRequests(agent).length, 0)
        for (const span of Observed.spans(agent)) {
          assert.isTrue(Object.hasOwn(span.metaStruct, "_llmobs"))
          assert.isFalse(Object.hasOwn(span.meta, "_dd.llmobs.submitted"))
          assert.isFalse(Object.hasOwn(span.meta, "_llmobs"))
        }
        const { headers } = traceRequests(agent)[0]!
        assert.strictEqual(headers["content-type"], "application/msgpack")
        assert.strictEqual(headers["datadog-send-real-http-status"], "1")
        assert.isFalse(Object.hasOwn(headers, "datadog-client-computed-stats"))
        assert.isFalse(Object.keys(headers).some((name) => name.startsWith("datadog-client-dropped")))
        assert.isFalse(Object.hasOwn(headers, "dd-api-key"))
      }))

    it.live("sends the event of a trace that a sampling rule rejects to the intake, and leaves the trace unchanged", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        yield* Effect.gen(function*() {
          yield* conversations(3)
          const ledger = yield* flushed
          assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 6 })
        }).pipe(Effect.provide(rescuing(agent)))
        assert.deepStrictEqual(vias(agent), Array(6).fill("evp"))
        const spans = Observed.spans(agent)
        assert.strictEqual(spans.length, 6)
        for (const span of spans) {
          assert.strictEqual(span.meta["_dd.llmobs.submitted"], "1")
          assert.deepStrictEqual(span.metaStruct, {})
          assert.strictEqual(agent.events().filter((event) => event.spanId === span.spanId.toString()).length, 1)
        }
        for (const [root] of agent.traces()) {
          assert.strictEqual(root!.metrics["_sampling_priority_v1"], -1)
          assert.strictEqual(root!.metrics["_dd.rule_psr"], 0)
          assert.strictEqual(root!.meta["_dd.p.dm"], "-3")
        }
      }))

    it.live("sends the events of a trace that is dropped by hand to the intake", () =>
      Effect.gen(function*() {
        yield* Effect.annotateCurrentSpan("manual.drop", true).pipe(LLMObs.llm("model"), Effect.withSpan("root"))
        const { agent } = yield* Observed.settle
        assert.deepStrictEqual(vias(agent), ["evp"])
        assert.strictEqual(Observed.span(agent, "root").metrics["_sampling_priority_v1"], -1)
      }).pipe(Effect.provide(Observed.dev())))

    it.live("routes events by the rates that the Agent answered last", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ rates: { "service:shop-api,env:": 0 } })
        yield* Effect.gen(function*() {
          yield* conversation("first")
          yield* flushed
          yield* conversation("second")
          yield* flushed
        }).pipe(Effect.provide(Observed.layerOf(agent)))
        assert.deepStrictEqual(vias(agent), ["trace", "trace", "evp", "evp"])
        const second = agent.traces()[1]![0]!
        assert.strictEqual(second.metrics["_sampling_priority_v1"], 0)
        assert.strictEqual(second.metrics["_dd.agent_psr"], 0)
      }))
  })

  describe("an Agent that refuses traces", () => {
    for (const status of [400, 401, 404, 413, 429, 500, 503]) {
      it.live(`hands events over to the intake, each once, when the Agent answers traces with ${status}`, () =>
        Effect.gen(function*() {
          const agent = yield* DevAgent.make({ tracesStatus: status })
          yield* Effect.gen(function*() {
            yield* conversations(2)
            const ledger = yield* flushed
            assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 4 })
            assert.strictEqual(ledger.possibleDuplicates, 0)
            assert.strictEqual(Ledgers.dropped(ledger), 0)
          }).pipe(Effect.provide(Observed.layerOf(agent)))
          assert.deepStrictEqual(Observed.names(agent), ["c0", "c0-llm", "c1", "c1-llm"])
          assert.deepStrictEqual(vias(agent), Array(4).fill("evp"))
        }))
    }

    it.live("lets events ride after all when the Agent refuses traces once", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ tracesStatus: [500, 429, 503] })
        yield* Effect.gen(function*() {
          yield* conversations(2)
          const ledger = yield* flushed
          assert.deepStrictEqual(ledger.delivered, { agent: 4, intake: 0 })
        }).pipe(Effect.provide(Observed.layerOf(agent)))
        assert.deepStrictEqual(vias(agent), Array(4).fill("trace"))
        assert.deepStrictEqual(traceRequests(agent).map((request) => request.status), [500, 429, 503, 200])
      }))

    for (const status of [0, 502]) {
      const what = status === 0 ? "nothing at all" : "502"
      it.live(`hands events over as possible duplicates when the Agent answers traces with ${what}`, () =>
        Effect.gen(function*() {
          const agent = yield* DevAgent.make({ tracesStatus: [status], deliverRefused: true })
          yield* Effect.gen(function*() {
            yield* conversation("unsure")
            const ledger = yield* flushed
            assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 2 })
            assert.strictEqual(ledger.possibleDuplicates, 2)
          }).pipe(Effect.provide(Observed.layerOf(agent)))
          // Both routes took them: the answer of the first was lost on its way.
          assert.deepStrictEqual(vias(agent), ["trace", "trace", "evp", "evp"])
          assert.strictEqual(traceRequests(agent).length, 1)
        }))
    }
  })

  describe("the intake", () => {
    const sent = (agent: DevAgent.DevAgent, count = 3) =>
      Effect.gen(function*() {
        yield* conversations(count)
        return yield* flushed
      }).pipe(Effect.provide(Observed.layerOf(agent, { apm: "off" })))

    it.live("resends events after temporary errors of the intake", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ evpStatus: [500, 408, 429, 503] })
        const ledger = yield* sent(agent)
        assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 6 })
        assert.strictEqual(ledger.possibleDuplicates, 0)
        assert.strictEqual(agent.events().length, 6)
      }))

    it.live("resends events that the intake may have taken, and counts each as a possible duplicate", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ evpStatus: [502, 0, 504], deliverRefused: true })
        const ledger = yield* sent(agent, 1)
        assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 2 })
        assert.strictEqual(ledger.possibleDuplicates, 6)
        assert.strictEqual(agent.events().length, 8)
      }))

    it.live("splits a refused payload until the refused event is alone", () =>
      Effect.gen(function*() {
        const { layer, lines } = Observed.warnings()
        // The whole, then the half with the bad one, then the bad one.
        const agent = yield* DevAgent.make({ evpStatus: [400, 202, 400, 202, 413] })
        const ledger = yield* Effect.provide(sent(agent, 2), layer)
        assert.strictEqual(ledger.delivered.intake, 3)
        assert.strictEqual(ledger.dropped.oversized, 1)
        assert.strictEqual(agent.events().length, 3)
        assert.strictEqual(new Set(agent.events().map((event) => event.spanId)).size, 3)
        assert.strictEqual(lines.filter((line) => line.includes("(oversized)")).length, 1)
      }))

    it.live("drops and counts events that the intake refuses for good", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ evpStatus: 422 })
        const ledger = yield* sent(agent, 1)
        assert.strictEqual(ledger.dropped.refused, 2)
        assert.deepStrictEqual(agent.events(), [])
      }))

    it.live("holds every event while the intake refuses the credentials, and warns once", () =>
      Effect.gen(function*() {
        const { layer, lines } = Observed.warnings()
        const { layer: clock, vain } = Patience.make()
        const agent = yield* DevAgent.make({ evpStatus: [403, 401] })
        yield* Effect.gen(function*() {
          yield* conversations(2)
          const first = yield* vain(() => lines.length > 0)
          assert.strictEqual(first.pending, 4)
          assert.isTrue(first.timedOut)
          yield* vain(() => evpRequests(agent).length === 2)
          const second = yield* LLMObs.flush
          assert.strictEqual(second.delivered, 4)
          assert.deepStrictEqual((yield* books).delivered, { agent: 0, intake: 4 })
        }).pipe(
          Effect.provide(
            Observed.layerOf(agent, { apm: "off", flushTimeout: Patience.flushTimeout }).pipe(Layer.provideMerge(clock))
          ),
          Effect.provide(layer)
        )
        assert.strictEqual(agent.events().length, 4)
        assert.strictEqual(lines.filter((line) => line.includes("refuses the API key of the Agent (403)")).length, 1)
      }))
  })

  describe("flush", () => {
    it.live("reports what a flush delivered, what is left, and whether it timed out", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ latencyMillis: 20 })
        const { giveUp, layer: clock, vain } = Patience.make()
        yield* Effect.gen(function*() {
          yield* conversation("one")
          assert.deepStrictEqual(yield* LLMObs.flush, {
            delivered: 2,
            transferred: 0,
            dropped: 0,
            pending: 0,
            timedOut: false
          })
          assert.deepStrictEqual(yield* LLMObs.flush, {
            delivered: 0,
            transferred: 0,
            dropped: 0,
            pending: 0,
            timedOut: false
          })
          // One that joins what is in flight waits for it.
          yield* conversation("two")
          const both = yield* Effect.all([LLMObs.flush, LLMObs.flush], { concurrency: 2 })
          assert.deepStrictEqual(both.map((report) => [report.pending, report.timedOut]), [[0, false], [0, false]])
          agent.configure({ latencyMillis: 60_000 })
          yield* conversation("three")
          const sent = traceRequests(agent).length
          const report = yield* vain(() => traceRequests(agent).length > sent)
          assert.deepStrictEqual(report, { delivered: 0, transferred: 0, dropped: 0, pending: 2, timedOut: true })
          yield* books
          giveUp()
        }).pipe(
          Effect.provide(
            Observed.layerOf(agent, { flushInterval: "1 minute", flushTimeout: Patience.flushTimeout }).pipe(
              Layer.provideMerge(clock)
            )
          )
        )
      }))

    it.live("flushes the finished spans of a trace that still runs", () =>
      Effect.gen(function*() {
        yield* Effect.gen(function*() {
          yield* Effect.void.pipe(LLMObs.llm("done"))
          const report = yield* LLMObs.flush
          assert.strictEqual(report.delivered, 1)
          assert.deepStrictEqual(Observed.names(yield* LLMObs.DevAgent), ["done"])
        }).pipe(LLMObs.workflow("running"))
        const { agent } = yield* Observed.settle
        assert.strictEqual(Observed.named(agent, "done").event["parent_id"], Observed.named(agent, "running").spanId)
        for (const [first] of agent.traces()) assert.strictEqual(first!.metrics["_sampling_priority_v1"], 1)
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("an Agent that does not answer", () => {
    for (const [what, layerOf] of [["kept", Observed.layerOf], ["rejected", rescuing]] as const) {
      it.live(`holds events of ${what} traces, and delivers them when an Agent starts late`, () =>
        Effect.gen(function*() {
          const port = yield* Ports.reserve
          const agent = yield* Effect.gen(function*() {
            yield* conversations(3)
            const before = yield* books
            assert.strictEqual(Ledgers.pending(before), 6)
            const late = yield* DevAgent.make({ port })
            const ledger = yield* flushed
            assert.strictEqual(Ledgers.delivered(ledger), 6)
            return late
          }).pipe(Effect.provide(layerOf({ url: `http://127.0.0.1:${port}` })))
          assert.strictEqual(agent.events().length, 6)
          assert.deepStrictEqual(new Set(vias(agent)), new Set([what === "kept" ? "trace" : "evp"]))
        }))
    }

    it.live("holds events while an Agent that answered before is away", () =>
      Effect.gen(function*() {
        const first = yield* Scope.make()
        const agent = yield* Scope.provide(DevAgent.make(), first)
        yield* Effect.gen(function*() {
          yield* conversation("before")
          yield* flushed
          yield* Scope.close(first, Exit.void)
          yield* conversation("between")
          assert.strictEqual(Ledgers.pending(yield* books), 2)
          const again = yield* DevAgent.make({ port: agent.port })
          const ledger = yield* flushed
          assert.strictEqual(Ledgers.delivered(ledger), 4)
          assert.deepStrictEqual(Observed.names(again), ["between", "between-llm"])
        }).pipe(Effect.provide(Observed.layerOf(agent)))
        assert.deepStrictEqual(Observed.names(agent), ["before", "before-llm"])
      }))

    it.live("counts events as lost and logs the loss when no Agent answers until the end", () => {
      const { layer, lines } = Observed.warnings()
      return Effect.gen(function*() {
        const port = yield* Ports.reserve
        const context = yield* Effect.tap(Effect.context<never>(), () => conversation("lost")).pipe(
          Effect.provide(Observed.layerOf({ url: `http://127.0.0.1:${port}` }, { flushTimeout: "1 second" })),
          Effect.provide(layer)
        )
        const ledger = yield* Effect.provideContext(books, context)
        assert.strictEqual(ledger.dropped.shutdown, 2)
        assert.isTrue(lines.some((line) => line.includes("2 events could not be sent")), lines.join("\n"))
      })
    })
  })

  describe("the end of the layer", () => {
    it.live("sends waiting events of kept and rejected traces at the end, whatever the interval", () =>
      Effect.gen(function*() {
        for (const layerOf of [Observed.layerOf, rescuing]) {
          const agent = yield* DevAgent.make()
          const context = yield* Effect.tap(Effect.context<never>(), () => conversations(20)).pipe(
            Effect.provide(layerOf(agent, { flushInterval: "1 hour" }))
          )
          assert.strictEqual(agent.events().length, 40)
          const ledger = yield* Effect.provideContext(books, context)
          assert.strictEqual(Ledgers.delivered(ledger), 40)
          assert.strictEqual(Ledgers.pending(ledger), 0)
        }
      }))

    it.live("sends finished spans whose root still runs when the layer closes", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const ready = yield* Deferred.make<void>()
        yield* Effect.gen(function*() {
          yield* Effect.forkDetach(
            Effect.gen(function*() {
              yield* Effect.void.pipe(LLMObs.llm("finished"))
              yield* Deferred.succeed(ready, undefined)
              return yield* Effect.never
            }).pipe(LLMObs.workflow("endless"))
          )
          yield* Deferred.await(ready)
        }).pipe(Effect.provide(Observed.layerOf(agent, { flushInterval: "1 hour" })))
        assert.deepStrictEqual(Observed.names(agent), ["finished"])
      }))

    it.live("hands over to the intake the events that the Agent refuses when the layer closes", () =>
      Effect.gen(function*() {
        for (const tracesStatus of [500, 400, 0]) {
          const agent = yield* DevAgent.make({ tracesStatus })
          const context = yield* Effect.tap(Effect.context<never>(), () => conversations(2)).pipe(
            Effect.provide(Observed.layerOf(agent, { flushInterval: "1 hour" }))
          )
          const ledger = yield* Effect.provideContext(books, context)
          assert.strictEqual(ledger.delivered.intake, 4, `status ${tracesStatus}: ${JSON.stringify(ledger)}`)
          assert.deepStrictEqual(vias(agent), Array(4).fill("evp"))
        }
      }))
  })

  it.live("reaches an Agent on a unix socket", () =>
    Effect.gen(function*() {
      const socketPath = Path.join(Os.tmpdir(), `effect-llmobs-${process.pid}.sock`)
      const agent = yield* DevAgent.make({ socketPath })
      for (const layerOf of [Observed.layerOf, rescuing]) {
        yield* Effect.andThen(conversation("local"), flushed).pipe(Effect.provide(layerOf(agent)))
      }
      assert.deepStrictEqual(vias(agent), ["trace", "trace", "evp", "evp"])
    }))
})
