import { assert, describe, it } from "@effect/vitest"
import * as IdGenerator from "effect-llmobs/IdGenerator"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Testing from "effect-llmobs/Testing"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as AsyncHooks from "node:async_hooks"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import { squeezed } from "../domain/observed/Spans.ts"

const model = { model: "gpt-5", provider: "openai" }

const support = Effect.gen(function*() {
  yield* TestClock.adjust("50 millis").pipe(LLMObs.tool("track", { input: { id: 7 }, output: () => "on its way" }))
  return yield* Effect.as(TestClock.adjust("200 millis"), "It arrives tomorrow.").pipe(
    LLMObs.llm("chat", {
      ...model,
      input: "Where is my parcel?",
      output: (text) => text,
      metrics: { inputTokens: 12, outputTokens: 5 }
    })
  )
}).pipe(LLMObs.workflow("support", { sessionId: "s-1", input: "Where is my parcel?", output: (text) => text }))

const chat = Effect.void.pipe(LLMObs.llm("chat"))

const dropped = Effect.annotateCurrentSpan("manual.drop", true).pipe(LLMObs.llm("dropped"))

const test = <A, E>(options?: Testing.Options) => (program: Effect.Effect<A, E, Testing.Testing>) =>
  Effect.provide(program, Testing.layer(options))

describe("Testing.layer", () => {
  it.effect("takes times from the test clock, to the millisecond, and counts ids", () =>
    Effect.gen(function*() {
      yield* support
      const [workflow, tool, llm] = yield* Testing.events()
      assert.deepStrictEqual(
        [workflow!, tool!, llm!].map(({ durationMillis, name, startMillis }) => [name, startMillis, durationMillis]),
        [["support", 0, 250], ["track", 0, 50], ["chat", 50, 200]]
      )
      assert.strictEqual(workflow!.spanId, "1")
      assert.deepStrictEqual([tool!.parentId, llm!.parentId], ["1", "1"])
    }).pipe(test()))

  it.effect("gives the same spans in every run", () =>
    Effect.gen(function*() {
      const run = Effect.andThen(support, Testing.events()).pipe(test())
      const first = yield* run
      yield* TestClock.setTime(0)
      assert.deepStrictEqual(yield* run, first)
    }))

  it.effect("gives the trace as a text that is the same in every run", () =>
    Effect.gen(function*() {
      yield* support
      assert.deepStrictEqual(squeezed((yield* Testing.tree).split("\n")), [
        "test · 3 spans · session s-1 · in the APM trace",
        "support  workflow  250 ms",
        "│ Where is my parcel? → It arrives tomorrow.",
        "├─ track  tool  50 ms",
        `│    {"id":7} → on its way`,
        "└─ chat  llm · gpt-5 · 12 → 5 tokens  200 ms",
        "     Where is my parcel? → It arrives tomorrow."
      ])
      const traces = yield* Testing.traces
      assert.deepStrictEqual(traces.map(({ children }) => children.map(({ span }) => span.name)), [["track", "chat"]])
    }).pipe(test()))

  it.effect("uses both routes as production does, and shows the same event on both", () =>
    Effect.gen(function*() {
      yield* chat
      yield* dropped
      const events = yield* Testing.events()
      assert.deepStrictEqual(events.map(({ name, route }) => [name, route]), [["chat", "trace"], ["dropped", "direct"]])
      assert.deepStrictEqual(Object.keys(events[0]!), Object.keys(events[1]!))
      const ledger = yield* Testing.ledger
      assert.deepStrictEqual(ledger.delivered, { agent: 1, intake: 1 })
      assert.isTrue(Ledgers.balances(ledger))
    }).pipe(test()))

  it.effect("names the account of events with their own routing, and keeps the key out", () =>
    Effect.gen(function*() {
      yield* chat.pipe(LLMObs.withRouting({ apiKey: Redacted.make("theirs"), site: "datadoghq.eu" }))
      const [event] = yield* Testing.events()
      assert.match(event!.account!, /^datadoghq\.eu/)
      assert.notInclude(JSON.stringify(event), "theirs")
    }).pipe(test()))

  it.effect("sends an event of more than a megabyte to the intake, as production does", () =>
    Effect.gen(function*() {
      yield* Effect.void.pipe(LLMObs.task("big", { input: "x".repeat(1_100_000) }))
      yield* Testing.expectTask("big").with({ route: "intake" })
    }).pipe(test()))

  it.effect("applies the rules of redaction, and shows which events they dropped", () =>
    Effect.gen(function*() {
      yield* chat
      yield* Effect.void.pipe(LLMObs.task("secret"))
      assert.deepStrictEqual((yield* Testing.events()).map(({ name }) => name), ["chat"])
      const error = yield* Effect.flip(Testing.expectTask("secret"))
      assert.include(error.message, "Events that were dropped: 1 (redaction).")
    }).pipe(test({ processors: [(span) => span.name === "secret" ? undefined : span] })))

  it.effect("accepts a program's options, and delivers to memory whatever they are", () =>
    Effect.gen(function*() {
      yield* chat
      const [event] = yield* Testing.events()
      assert.deepStrictEqual([event!.mlApp, event!.tags["env"], event!.route], ["shop", "prod", "trace"])
    }).pipe(test({
      mlApp: "shop",
      env: "prod",
      agentless: true,
      apiKey: Redacted.make("key"),
      site: "datadoghq.eu",
      overrideOrigin: "http://127.0.0.1:1",
      durable: { directory: "/nowhere" }
    })))

  it.effect("writes no APM spans beside another tracer, and uses its ids", () =>
    Effect.gen(function*() {
      yield* chat
      const [event] = yield* Testing.events()
      assert.deepStrictEqual([event!.route, event!.spanId], ["direct", "255"])
    }).pipe(
      test(),
      Effect.provideService(
        Tracer.Tracer,
        Tracer.make({
          span: (options) =>
            Object.defineProperties(new Tracer.NativeSpan(options), {
              spanId: { value: "00000000000000ff" },
              traceId: { value: "1".repeat(32) }
            })
        })
      )
    ))

  it.effect("uses an id generator of the test's own", () =>
    Effect.gen(function*() {
      yield* chat
      assert.strictEqual((yield* Testing.events())[0]!.spanId, "7")
    }).pipe(
      test(),
      Effect.provide(
        Layer.succeed(IdGenerator.IdGenerator, { ...IdGenerator.make(), spanId: () => "0".repeat(15) + "7" })
      )
    ))

  it.effect("shows a span only after it has ended", () =>
    Effect.gen(function*() {
      const running = yield* Effect.forkChild(Effect.sleep("1 minute").pipe(LLMObs.workflow("long")))
      yield* Effect.yieldNow
      assert.deepStrictEqual(yield* Testing.events(), [])
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(running)
      assert.deepStrictEqual((yield* Testing.events()).map(({ durationMillis }) => durationMillis), [60_000])
    }).pipe(test()))

  it.effect("forgets the spans before a clear, and no later ones", () =>
    Effect.gen(function*() {
      yield* chat
      yield* LLMObs.annotateCurrentSpan({ metadata: 1 as never }).pipe(LLMObs.task("bad"))
      assert.lengthOf(yield* Testing.problems, 1)
      yield* Testing.clear
      assert.deepStrictEqual([yield* Testing.events(), yield* Testing.problems], [[], []])
      yield* chat
      assert.lengthOf(yield* Testing.events({ kind: "llm" }), 1)
    }).pipe(test()))

  it.effect("logs no line at the usual level, and its start at a lower one", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const logger = Logger.layer([Logger.make(({ message }) => lines.push(message))])
      const run = Effect.provide(Effect.andThen(chat, Testing.events()).pipe(test()), logger)
      yield* run
      assert.deepStrictEqual(lines, [])
      yield* Effect.provideService(run, References.MinimumLogLevel, "Debug")
      assert.isAbove(lines.length, 0)
    }))

  it.effect("keeps the spans of several layers apart", () =>
    Effect.gen(function*() {
      const count = Effect.map(Effect.andThen(chat, Testing.events()), (events) => events.length)
      assert.deepStrictEqual(yield* Effect.all([count.pipe(test()), count.pipe(test())], { concurrency: 2 }), [1, 1])
    }))

  it.live("works with the machine's clock too, and opens no connection and no file", () =>
    Effect.gen(function*() {
      // The modules that the layer loads when it is first built are loaded before.
      yield* chat.pipe(test())
      const opened: Array<string> = []
      const hook = AsyncHooks.createHook({
        init: (_, type) => {
          if (/^(?:TCP|PIPE|TLS|UDP|GETADDRINFO|QUERY|FS|FILE|WORKER)/.test(type)) opened.push(type)
        }
      }).enable()
      yield* Effect.all([chat, dropped, Testing.expectLlm().times(2)]).pipe(
        test({ durable: { directory: "/nowhere" } }),
        Effect.ensuring(Effect.sync(() => hook.disable()))
      )
      assert.deepStrictEqual(opened, [])
    }))
})

describe("expectations", () => {
  it.effect("gives the spans that match an expectation", () =>
    Effect.gen(function*() {
      yield* support
      const [chat] = yield* Testing.expectLlm({ model: "gpt-5" }).under(Testing.workflow("support")).withSession("s-1")
      assert.strictEqual(chat!.name, "chat")
      yield* Testing.expectLlm("chat").once().succeeding().withMetrics({ inputTokens: 12 }).withOutput(/tomorrow/)
      yield* Testing.expectTool(/^tr/).childOf(Testing.workflow()).withInput({ id: 7 }).withOutput("on its way")
      yield* Testing.expectWorkflow("support").atRoot().with({ route: "trace" })
      yield* Testing.expectSpan().times(3)
      for (const never of [Testing.expectAgent, Testing.expectTask, Testing.expectEmbedding]) yield* never().never()
      yield* Testing.expectRetrieval().never()
      yield* Testing.expectExperiment().never()
    }).pipe(test()))

  it.effect("fails with an error that shows the trace and the difference", () =>
    Effect.gen(function*() {
      yield* support
      const error = yield* Effect.flip(
        Testing.expectLlm({ model: "gpt-4o" }).under(Testing.workflow("support")).withSession("s-2")
      )
      assert.instanceOf(error, Testing.ExpectationError)
      assert.deepStrictEqual(squeezed(error.message.split("\n")), [
        `Expected an llm span with the model "gpt-4o", under a workflow span "support", with the session "s-2".`,
        "1 llm span was delivered, none matched.",
        "",
        "test · 3 spans · session s-1 · in the APM trace",
        "support  workflow  250 ms",
        "│ Where is my parcel? → It arrives tomorrow.",
        "├─ track  tool  50 ms",
        `│    {"id":7} → on its way`,
        "└─ chat  llm · gpt-5 · 12 → 5 tokens  200 ms",
        "     Where is my parcel? → It arrives tomorrow.",
        `     ✗ model: "gpt-5", not "gpt-4o"`,
        `     ✓ under a workflow span "support"`,
        `     ✗ session: "s-1", not "s-2"`
      ])
    }).pipe(test()))

  it.effect("compares every field that a filter can name", () =>
    Effect.gen(function*() {
      yield* Effect.fail(new RangeError("too far")).pipe(
        LLMObs.agent("helper", {
          sessionId: "s-1",
          userId: "u-1",
          tags: { team: "ops" },
          metadata: { depth: { a: 1, b: 2 } }
        }),
        Effect.ignore
      )
      const helper = Testing.expectAgent("helper")
      yield* helper.withUser("u-1").withTags({ team: /^op/ }).withMetadata({ depth: { b: 2 } })
      yield* helper.withError().withError("RangeError").withError(/far/)
      for (
        const wrong of [
          helper.withUser("u-2"),
          helper.withTags({ team: null }),
          helper.withMetadata({ depth: 1 }),
          helper.withError("TypeError"),
          helper.succeeding(),
          helper.never(),
          helper.times(2),
          helper.under(Testing.span())
        ]
      ) {
        assert.include((yield* Effect.flip(wrong)).message, "\nhelper  agent ")
      }
      yield* helper
    }).pipe(test()))

  it.effect("names the fields that could not be recorded when a span is not as expected", () =>
    Effect.gen(function*() {
      yield* LLMObs.annotateCurrentSpan({ metadata: 1 as never }).pipe(LLMObs.task("bad"))
      const error = yield* Effect.flip(Testing.expectTask("bad").withMetadata({ a: 1 }))
      assert.include(error.message, "What could not be recorded:\n  invalid_metadata: ")
      assert.include((yield* Effect.flip(Testing.expectNothingLost)).message, "invalid_metadata")
      yield* Testing.clear
      yield* Testing.expectNothingLost
    }).pipe(test()))

  it.effect("compares given spans by a plain function, which throws the same error", () =>
    Effect.gen(function*() {
      yield* support
      const spans = yield* Testing.events()
      const expectation = Testing.expectLlm({ model: "gpt-4o" })
      assert.deepStrictEqual(Testing.expectTool().check(spans), [spans[1]!])
      assert.throws(() => expectation.check(spans), (yield* Effect.flip(expectation)).message)
    }).pipe(test()))

  it.live("compares the spans that an embedded Agent received, by either route", () =>
    Effect.gen(function*() {
      yield* Effect.andThen(chat, dropped).pipe(LLMObs.workflow("support", { sessionId: "s-1" }))
      yield* dropped
      yield* LLMObs.flush
      const spans = (yield* LLMObs.DevAgent).spans()
      assert.lengthOf(spans, 4)
      Testing.expectLlm("chat").under(Testing.workflow("support")).withSession("s-1").once().check(spans)
      Testing.expectLlm("dropped").with({ route: "intake" }).check(spans)
      assert.throws(() => Testing.expectTool().check(spans), /4 spans were delivered, none of the kind tool/)
    }).pipe(Effect.provide(LLMObs.layerDev({ mlApp: "shop", print: false, flushTimeout: "30 seconds" }))))
})

describe("the linter of Testing", () => {
  it.effect("finds no problem in sound telemetry", () =>
    Effect.gen(function*() {
      yield* support
      yield* Testing.expectNoFindings()
      assert.deepStrictEqual(yield* Testing.lint(), [])
    }).pipe(test()))

  it.effect("finds problems, and shows them on the tree", () =>
    Effect.gen(function*() {
      yield* chat.pipe(LLMObs.workflow("support", { sessionId: "s-1", tags: { teams: "a,b" } }))
      const error = yield* Effect.flip(Testing.expectNoFindings({ except: ["empty-input"] }))
      assert.deepStrictEqual(squeezed(error.message.split("\n")).slice(0, 5), [
        "The linter has 4 findings.",
        "",
        "test · 2 spans · session s-1 · in the APM trace",
        "support  workflow  0.0 ms",
        "│ ✗ tag-with-comma: A comma separates tags: \"teams\". Write a list into `metadata`."
      ])
      assert.deepStrictEqual(
        (yield* Testing.lint()).map(({ rule, span }) => `${span.name}: ${rule}`),
        [
          "support: tag-with-comma",
          "chat: missing-usage",
          "chat: unknown-model",
          "chat: empty-input",
          "chat: empty-output"
        ]
      )
    }).pipe(test()))

  it.effect("distinguishes a span of another service from one whose parent was never delivered", () =>
    Effect.gen(function*() {
      const headers = {
        traceparent: "00-6a86f1c000000000aa11bb22cc33dd44-00f067aa0ba902b7-01",
        tracestate: "dd=s:1;p:00f067aa0ba902b7;t.llmobs_parent_id:123;t.llmobs_trace_id:456"
      }
      yield* chat.pipe(LLMObs.extract(headers))
      const [event] = yield* Testing.events()
      assert.deepStrictEqual([event!.parentId, event!.parentSource], ["123", "propagated"])
      assert.notInclude((yield* Testing.lint()).map(({ rule }) => rule), "orphan")
    }).pipe(test()))
})
