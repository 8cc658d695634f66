import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import type { Problem } from "../../src/domain/Problem.ts"
import * as SpanKinds from "../../src/domain/span/SpanKind.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as LLMObsStream from "../../src/layers/LLMObsStream.ts"
import * as Observed from "./Observed.ts"

const { agent, embedding, experiment, llm, retrieval, task, tool, workflow } = LLMObsStream
const spanFunctions: { readonly [K in SpanKinds.SpanKind]: LLMObsStream.StreamSpanFunction } = {
  agent,
  embedding,
  experiment,
  llm,
  retrieval,
  task,
  tool,
  workflow
}

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

interface Token {
  readonly text: string
}

const tokens = (...texts: ReadonlyArray<string>): Stream.Stream<Token> =>
  Stream.fromIterable(texts.map((text) => ({ text })))

/** Each element comes alone, a second after the one before. */
const spaced = (...texts: ReadonlyArray<string>): Stream.Stream<Token> =>
  Stream.fromIterable(texts).pipe(
    Stream.rechunk(1),
    Stream.mapEffect((text) => Effect.as(Effect.sleep("1 second"), { text }))
  )

const chat = LLMObsStream.llm<Token, string>("chat", { accumulate: (token) => token.text })

const observe = (stream: Stream.Stream<unknown, unknown>) =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(Stream.runDrain(stream))
    const { agent } = yield* Observed.settle
    return { exit, agent, event: Observed.named(agent, "chat").event }
  })

const texts = (event: unknown): unknown => Observed.at(event, "meta.output.messages")

describe("LLMObsStream", () => {
  describe("a recorded stream", () => {
    it.effect("records a stream with its accumulated output, its duration and the time to its first element", () =>
      Effect.gen(function*() {
        const slow = Stream.fromEffect(Effect.as(Effect.sleep("250 millis"), { text: "It " }))
        const fiber = yield* Effect.forkChild(Stream.runDrain(Stream.concat(slow, spaced("is ", "so.")).pipe(chat)))
        yield* TestClock.adjust("10 seconds")
        yield* Fiber.join(fiber)
        const { agent } = yield* Observed.settle
        const { event } = Observed.named(agent, "chat")
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "It is so." }])
        assert.deepStrictEqual(event["metrics"], { time_to_first_token: 0.25 })
        assert.strictEqual(event["duration"], 2_250_000_000)
        assert.strictEqual(event["status"], "ok")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("gives each stream span the kind of its function", () =>
      Effect.gen(function*() {
        for (const kind of SpanKinds.all) {
          yield* Stream.runDrain(Stream.make(1).pipe(spanFunctions[kind](`a-${kind}`)))
        }
        const { agent } = yield* Observed.settle
        for (const kind of SpanKinds.all) {
          assert.strictEqual(Observed.at(Observed.named(agent, `a-${kind}`).event, "meta.span.kind"), kind)
        }
      }).pipe(Effect.provide(Observed.dev())))

    it.live("passes every element on unchanged and in order", () =>
      Effect.gen(function*() {
        const source = Array.from({ length: 10_000 }, (_, i) => ({ text: String(i) }))
        const out = yield* Stream.runCollect(Stream.fromIterable(source).pipe(chat))
        assert.isTrue(out.length === source.length && out.every((token, i) => token === source[i]))
      }).pipe(Effect.provide(Observed.dev())))

    it.effect("gives its consumer the first element before the source makes the second", () =>
      Effect.gen(function*() {
        const first = yield* Deferred.make<string>()
        const second = yield* Deferred.make<void>()
        const stream = Stream.concat(
          Stream.make({ text: "first" }),
          Stream.fromEffect(Effect.as(Deferred.await(second), { text: "second" }))
        )
        const fiber = yield* Effect.forkChild(
          Stream.runForEach(stream.pipe(chat), (token) => Deferred.succeed(first, token.text))
        )
        assert.strictEqual(yield* Deferred.await(first), "first")
        assert.deepStrictEqual((yield* LLMObs.ledger).enqueued, 0)
        yield* Deferred.succeed(second, undefined)
        yield* Fiber.join(fiber)
        assert.deepStrictEqual((yield* LLMObs.ledger).enqueued, 1)
      }).pipe(Effect.provide(Observed.dev())))

    it.effect("starts a span for each run of the stream", () =>
      Effect.gen(function*() {
        const stream = tokens("a").pipe(chat)
        yield* TestClock.adjust("5 seconds")
        yield* Stream.runDrain(stream)
        yield* TestClock.adjust("5 seconds")
        yield* Stream.runDrain(stream)
        const { agent } = yield* Observed.settle
        assert.deepStrictEqual(
          agent.events().map(({ event }) => Number(event["start_ns"])).sort((a, b) => a - b),
          [5_000_000_000, 10_000_000_000]
        )
      }).pipe(Effect.provide(Observed.dev())))

    it.live("has no time to a first element when the stream is empty", () =>
      Effect.gen(function*() {
        const { event } = yield* observe(tokens().pipe(chat))
        assert.deepStrictEqual(event["metrics"], {})
        assert.isUndefined(texts(event))
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("the end of a stream's span", () => {
    it.live("ends the span without an error, with the elements until then, when the consumer stops early", () =>
      Effect.gen(function*() {
        const { agent, event } = yield* observe(
          Stream.forever(tokens("a", "b")).pipe(Stream.rechunk(1), chat, Stream.take(3))
        )
        assert.strictEqual(event["status"], "ok")
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "aba" }])
        assert.isFalse(Observed.tagsOf(Observed.named(agent, "chat")).has("effect.fiber.interrupted"))
      }).pipe(Effect.provide(Observed.dev())))

    it.live("ends the span with the error and the earlier elements when the stream fails", () =>
      Effect.gen(function*() {
        const { agent, event, exit } = yield* observe(
          Stream.concat(tokens("a"), Stream.fail(new Refused({ message: "no more" }))).pipe(chat)
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.strictEqual(event["status"], "error")
        assert.strictEqual(Observed.at(event, "meta.error.message"), "no more")
        assert.strictEqual(Observed.at(event, "meta.error.type"), "Refused")
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "a" }])
        assert.strictEqual(Observed.span(agent, "chat").error, 1)
      }).pipe(Effect.provide(Observed.dev())))

    it.live("ends the span with the defect when the stream dies", () =>
      Effect.gen(function*() {
        const { event } = yield* observe(Stream.die(new TypeError("not a chunk")).pipe(chat))
        assert.strictEqual(event["status"], "error")
        assert.strictEqual(Observed.at(event, "meta.error.type"), "TypeError")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("ends the span without an error when the consumer fails", () =>
      Effect.gen(function*() {
        const { agent, event, exit } = yield* observe(
          tokens("a").pipe(chat, Stream.mapEffect(() => Effect.fail(new Refused({ message: "cannot draw" }))))
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.strictEqual(event["status"], "ok")
        assert.strictEqual(Observed.span(agent, "chat").error, 0)
      }).pipe(Effect.provide(Observed.dev())))

    it.effect("ends the span without an error, with a tag, at the time of an interruption", () =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(
          Stream.runDrain(spaced("a", "b", "c", "d").pipe(chat)).pipe(Effect.timeoutOption("2500 millis"))
        )
        yield* TestClock.adjust("10 seconds")
        assert.isTrue(Option.isNone(yield* Fiber.join(fiber)))
        const { agent } = yield* Observed.settle
        const { event } = Observed.named(agent, "chat")
        assert.strictEqual(event["status"], "ok")
        assert.strictEqual(event["duration"], 2_500_000_000)
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "ab" }])
        assert.strictEqual(Observed.tagsOf(Observed.named(agent, "chat")).get("effect.fiber.interrupted"), "true")
      }).pipe(Effect.provide(Observed.dev())))

    it.effect("ends the span when a draining fiber is interrupted while it handles an element", () =>
      Effect.gen(function*() {
        const started = yield* Deferred.make<void>()
        const fiber = yield* Effect.forkChild(Stream.runForEach(
          tokens("a").pipe(chat),
          () => Effect.andThen(Deferred.succeed(started, undefined), Effect.never)
        ))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        const { agent } = yield* Observed.settle
        assert.strictEqual(
          Observed.tagsOf(Observed.named(agent, "chat")).get("effect.fiber.interrupted"),
          "true"
        )
      }).pipe(Effect.provide(Observed.dev())))

    it.effect("ends the span after the stream's resources are released, which can still annotate it", () =>
      Effect.gen(function*() {
        const source = Stream.unwrap(Effect.as(
          Effect.acquireRelease(Effect.void, () =>
            Effect.andThen(
              Effect.sleep("2 seconds"),
              LLMObs.annotateCurrentSpan({ metadata: { closed: true } })
            )),
          tokens("a", "b")
        ))
        const fiber = yield* Effect.forkChild(Stream.runDrain(source.pipe(chat, Stream.take(1))))
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(fiber)
        const { agent } = yield* Observed.settle
        const { event } = Observed.named(agent, "chat")
        assert.strictEqual(event["duration"], 2_000_000_000)
        assert.deepStrictEqual(Observed.at(event, "meta.metadata"), { closed: true })
      }).pipe(Effect.provide(Observed.dev())))

    it.live("ends each of two concurrent streams' spans once", () =>
      Effect.gen(function*() {
        const merged = Stream.merge(
          tokens("a").pipe(LLMObsStream.llm("left")),
          Stream.never.pipe(LLMObsStream.llm("right")),
          { haltStrategy: "either" }
        )
        yield* Stream.runDrain(merged)
        const { agent, ledger } = yield* Observed.settle
        assert.strictEqual(ledger.enqueued, 2)
        assert.deepStrictEqual(Observed.names(agent), ["left", "right"])
        assert.strictEqual(Observed.named(agent, "right").event["status"], "ok")
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("the region of a stream's span", () => {
    it.live("runs the stream's effects inside the span, and its consumer's effects outside", () =>
      Effect.gen(function*() {
        yield* Stream.runDrain(
          tokens("a").pipe(
            Stream.tap(() => Effect.void.pipe(LLMObs.tool("inside"))),
            Stream.flatMap(() => tokens("b").pipe(LLMObsStream.task("inner"))),
            LLMObsStream.llm("chat"),
            Stream.tap(() => Effect.void.pipe(LLMObs.tool("downstream")))
          )
        ).pipe(LLMObs.workflow("outer"))
        const { agent } = yield* Observed.settle
        const id = (name: string) => Observed.named(agent, name).event["span_id"]
        const parent = (name: string) => Observed.named(agent, name).event["parent_id"]
        assert.strictEqual(parent("chat"), id("outer"))
        assert.strictEqual(parent("inside"), id("chat"))
        assert.strictEqual(parent("inner"), id("chat"))
        assert.strictEqual(parent("downstream"), id("outer"))
        assert.strictEqual(Observed.span(agent, "inside").parentId, Observed.span(agent, "chat").spanId)
        assert.strictEqual(Observed.span(agent, "downstream").parentId, Observed.span(agent, "outer").spanId)
      }).pipe(Effect.provide(Observed.dev())))

    it.live("runs fibers that the stream forks inside the span", () =>
      Effect.gen(function*() {
        const step = (name: string) => Stream.fromEffect(Effect.void.pipe(LLMObs.task(name)))
        yield* Stream.runDrain(
          Stream.mergeAll([step("one"), step("two")], { concurrency: 2 }).pipe(
            Stream.buffer({ capacity: 4 }),
            LLMObsStream.agent("chat")
          )
        )
        const { agent } = yield* Observed.settle
        const id = Observed.named(agent, "chat").event["span_id"]
        assert.strictEqual(Observed.named(agent, "one").event["parent_id"], id)
        assert.strictEqual(Observed.named(agent, "two").event["parent_id"], id)
      }).pipe(Effect.provide(Observed.dev())))

    it.live("annotates the stream's span from inside, over the measured time to the first element", () =>
      Effect.gen(function*() {
        const { event } = yield* observe(
          tokens("a").pipe(
            Stream.tap(() => LLMObs.annotateCurrentSpan({ metrics: { outputTokens: 3 } })),
            Stream.concat(Stream.drain(Stream.fromEffect(
              LLMObs.annotateCurrentSpan({ metrics: { timeToFirstToken: 7 } })
            ))),
            chat
          )
        )
        assert.deepStrictEqual(event["metrics"], { output_tokens: 3, time_to_first_token: 7 })
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("accumulate", () => {
    const problemsOf = (stream: (options: { readonly problems: Array<Problem> }) => Stream.Stream<unknown>) => {
      const problems: Array<Problem> = []
      return Effect.map(
        observe(stream({ problems })).pipe(
          Effect.provide(Observed.dev({ onProblem: (problem) => problems.push(problem) }))
        ),
        ({ event }) => ({ event, codes: problems.map((problem) => problem.code) })
      )
    }

    it.live("stops accumulating at its bound of parts, and warns once", () =>
      Effect.gen(function*() {
        const { codes, event } = yield* problemsOf(() =>
          tokens("a", "b", "c", "d").pipe(
            LLMObsStream.llm("chat", { accumulate: (token) => token.text, accumulateLimit: { parts: 2 } })
          )
        )
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "ab" }])
        assert.deepStrictEqual(codes, ["value_too_large"])
      }))

    it.live("stops accumulating at its bound of bytes", () =>
      Effect.gen(function*() {
        const { codes, event } = yield* problemsOf(() =>
          tokens("abcd", "é".repeat(100), "e").pipe(
            LLMObsStream.llm("chat", { accumulate: (token) => token.text, accumulateLimit: { bytes: 100 } })
          )
        )
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "abcd" }])
        assert.deepStrictEqual(codes, ["value_too_large"])
      }))

    it.live("leaves out an element for which accumulate throws, and reports it", () =>
      Effect.gen(function*() {
        const { codes, event } = yield* problemsOf(() =>
          tokens("a", "b", "c").pipe(LLMObsStream.llm("chat", {
            accumulate: (token) => {
              if (token.text === "b") throw new Error("b")
              return token.text
            }
          }))
        )
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "ac" }])
        assert.deepStrictEqual(codes, ["unreadable_value"])
      }))

    it.live("keeps an element's value when the source reuses the object", () =>
      Effect.gen(function*() {
        const shared = { n: 0 }
        const { event } = yield* observe(
          Stream.range(1, 3).pipe(
            Stream.rechunk(1),
            Stream.map((n) => {
              shared.n = n
              return shared
            }),
            LLMObsStream.task("chat", { accumulate: (element) => element })
          )
        )
        assert.strictEqual(Observed.at(event, "meta.output.value"), "[{\"n\":1},{\"n\":2},{\"n\":3}]")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("gives the accumulated parts to output, whose types follow from the stream", () =>
      Effect.gen(function*() {
        const { event } = yield* observe(
          tokens("Ask ", "Ann").pipe(
            LLMObsStream.llm("chat", {
              accumulate: (token) => token.text.length > 1 ? token.text.toUpperCase() : undefined,
              output: (parts) => ({ role: "model", content: parts.map((part) => part.trim()).join("/") })
            })
          )
        )
        assert.deepStrictEqual(texts(event), [{ role: "model", content: "ASK/ANN" }])
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("without accumulate", () => {
    const choice = (delta: unknown, finish_reason: string | null = null) => ({
      id: "c-1",
      object: "chat.completion.chunk",
      model: "gpt-5-2026-01-01",
      choices: [{ index: 0, delta, finish_reason }]
    })
    const call = (part: unknown) => choice({ tool_calls: [{ index: 0, ...part as object }] })
    const chunks = [
      choice({ role: "assistant", content: "One " }),
      choice({ content: "moment." }),
      call({ id: "t-1", type: "function", function: { name: "track", arguments: "{\"id\":" } }),
      call({ function: { arguments: "7}" } }),
      choice({}, "tool_calls"),
      { ...choice({}), choices: [], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } }
    ]

    it.live("joins a provider's chunks of an llm stream: text, tool calls, counts, the finish reason and the model", () =>
      Effect.gen(function*() {
        const out = yield* Stream.runCollect(Stream.fromIterable(chunks).pipe(LLMObsStream.llm("chat")))
        assert.deepStrictEqual(out, chunks)
        const { agent } = yield* Observed.settle
        const { event } = Observed.named(agent, "chat")
        assert.deepStrictEqual(texts(event), [{
          role: "assistant",
          content: "One moment.",
          tool_calls: [{ name: "track", arguments: { id: 7 }, tool_id: "t-1", type: "function" }]
        }])
        const { time_to_first_token, ...counts } = Observed.at(event, "metrics")
        assert.isAtLeast(time_to_first_token, 0)
        assert.deepStrictEqual(counts, { input_tokens: 9, output_tokens: 4, total_tokens: 13 })
        assert.deepStrictEqual(Observed.at(event, "meta.metadata"), { finish_reason: "tool_calls" })
        assert.strictEqual(Observed.at(event, "meta.model_name"), "gpt-5-2026-01-01")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("joins the plain texts of an llm stream, and yields to an annotated output", () =>
      Effect.gen(function*() {
        yield* Stream.runDrain(Stream.make("Hel", "lo").pipe(LLMObsStream.llm("plain")))
        yield* Stream.runDrain(
          Stream.make("Hel", "lo").pipe(
            Stream.tap(() => LLMObs.annotateCurrentSpan({ output: "Said by hand" })),
            LLMObsStream.llm("annotated")
          )
        )
        yield* Stream.runDrain(Stream.make("a").pipe(LLMObsStream.llm("switched off", { capture: { output: false } })))
        const { agent } = yield* Observed.settle
        const output = (name: string) => texts(Observed.named(agent, name).event)
        assert.deepStrictEqual(output("plain"), [{ role: "assistant", content: "Hello" }])
        assert.deepStrictEqual(output("annotated"), [{ role: "assistant", content: "Said by hand" }])
        assert.isUndefined(output("switched off"))
      }).pipe(Effect.provide(Observed.dev())))

    it.live("records no output of an llm stream of unknown elements, and reports one problem", () => {
      const problems: Array<Problem> = []
      return Effect.gen(function*() {
        const { event } = yield* observe(tokens("a", "b").pipe(Stream.map(({ text }) => ({ own: text })), llm("chat")))
        assert.isUndefined(texts(event))
        assert.deepStrictEqual(problems.map(({ code }) => code), ["unknown_shape"])
      }).pipe(Effect.provide(Observed.dev({ onProblem: (problem) => problems.push(problem) })))
    })

    it.live("stops joining an llm stream at its bound, and reports one problem", () => {
      const problems: Array<Problem> = []
      return Effect.gen(function*() {
        const { event } = yield* observe(
          Stream.fromIterable(chunks).pipe(LLMObsStream.llm("chat", { accumulateLimit: { parts: 1 } }))
        )
        assert.deepStrictEqual(texts(event), [{ role: "assistant", content: "One " }])
        assert.deepStrictEqual(problems.map(({ code }) => code), ["value_too_large"])
      }).pipe(Effect.provide(Observed.dev({ onProblem: (problem) => problems.push(problem) })))
    })

    it.live("makes the output by the option output from the unchanged elements, on any kind of span", () =>
      Effect.gen(function*() {
        const { event } = yield* observe(
          tokens("Ask ", "Ann").pipe(
            LLMObsStream.task("chat", { output: (all) => all.map(({ text }) => text.trim()).join("/") })
          )
        )
        assert.strictEqual(Observed.at(event, "meta.output.value"), "Ask/Ann")
      }).pipe(Effect.provide(Observed.dev())))

    it.live("captures the arguments of Effect.fn, and the elements of a stream that calls no model", () =>
      Effect.gen(function*() {
        const search = Effect.fn(
          function*(question: string) {
            return yield* Effect.succeed(Stream.make(question.length, 2))
          },
          Stream.unwrap,
          LLMObsStream.tool("search", { capture: true })
        )
        yield* Stream.runDrain(search("parcel"))
        yield* Stream.runDrain(Stream.make(1).pipe(LLMObsStream.tool("silent")))
        const { agent } = yield* Observed.settle
        assert.deepStrictEqual(Observed.at(Observed.named(agent, "search").event, "meta.input"), { value: "parcel" })
        assert.deepStrictEqual(Observed.at(Observed.named(agent, "search").event, "meta.output"), { value: "[6,2]" })
        assert.isUndefined(Observed.at(Observed.named(agent, "silent").event, "meta.output.value"))
      }).pipe(Effect.provide(Observed.dev())))
  })

  describe("types", () => {
    it("infers elements, errors and requirements in a pipe", () => {
      class Model extends Context.Service<Model, { readonly name: string }>()("test/Model") {}
      const source: Stream.Stream<Token, Refused, Model | Tracer.ParentSpan> = Stream.fromEffect(
        Effect.gen(function*() {
          yield* Tracer.ParentSpan
          const { name } = yield* Model
          return name === "" ? yield* new Refused({ message: "none" }) : { text: name }
        })
      )
      const recorded: Stream.Stream<Token, Refused, Model> = source.pipe(
        LLMObsStream.llm("chat", { accumulate: (token) => token.text, output: (parts) => parts.join("") })
      )
      const plain: Stream.Stream<Token, Refused, Model> = source.pipe(LLMObsStream.workflow("plain"))
      // @ts-expect-error: a token has no `content`
      const wrong = source.pipe(LLMObsStream.llm("chat", { accumulate: (token) => token.content }))
      assert.isTrue([recorded, plain, wrong].every(Stream.isStream))
    })
  })

  describe("without a layer", () => {
    it.effect("opens a plain Effect span that ends with its consumer, and calls no user function, without a layer", () =>
      Effect.gen(function*() {
        const ended: Array<[string, Exit.Exit<unknown, unknown>["_tag"], bigint]> = []
        const tracer = Tracer.make({
          span: (options) => {
            const span = new Tracer.NativeSpan(options)
            const end = span.end.bind(span)
            span.end = (time, exit) => {
              ended.push([span.name, exit._tag, time])
              end(time, exit)
            }
            return span
          }
        })
        let calls = 0
        const stream = spaced("a", "b", "c").pipe(
          Stream.tap(() =>
            Effect.flatMap(Effect.currentSpan, (span) => Effect.sync(() => assert.strictEqual(span.name, "chat")))
          ),
          LLMObsStream.llm("chat", { accumulate: () => calls++ }),
          Stream.take(2)
        )
        const fiber = yield* Effect.forkChild(Stream.runCollect(stream).pipe(Effect.withTracer(tracer)))
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* Fiber.join(fiber), [{ text: "a" }, { text: "b" }])
        assert.deepStrictEqual(ended, [["chat", "Success", 2_000_000_000n]])
        assert.strictEqual(calls, 0)
        assert.strictEqual(yield* Clock.currentTimeMillis, 5_000)
      }))
  })
})
