import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import * as NodeIdGenerator from "../../../src/adapters/node-process/NodeIdGenerator.ts"
import * as LlmobsPropagation from "../../../src/domain/propagation/LlmobsPropagation.ts"
import type * as RecorderOptions from "../../../src/engine/record/RecorderOptions.ts"
import type { Ambient } from "../../../src/ports/AmbientContext.ts"
import { CurrentSpan, SpanAnnotations } from "../../../src/ports/CurrentSpan.ts"
import type { RecorderService, SpanOptions } from "../../../src/ports/Recorder.ts"
import * as HostileValue from "../../domain/HostileValue.ts"
import type { Options } from "./Recording.ts"
import { make } from "./Recording.ts"

const noop: Tracer.Span = new Tracer.NativeSpan({
  name: "n",
  parent: Option.none(),
  annotations: Context.empty(),
  links: [],
  startTime: 0n,
  kind: "internal",
  sampled: true
})

const ids = (span: Tracer.AnySpan) => ({ traceId: span.traceId, spanId: span.spanId })

/** Records an effect as the face does, without a tracer of ours. */
const record = <A, E>(
  recorder: RecorderService,
  name: string,
  options?: SpanOptions,
  span: Tracer.Span = noop
) =>
<R>(self: Effect.Effect<A, E, R>) =>
  Effect.withFiber<A, E, R>((fiber) => {
    const open = recorder.start({ ambient: fiber, kind: "task", name, options, span: ids(span) })
    if (open === undefined) return self
    return Effect.onExit(
      Effect.provideService(self, CurrentSpan, open),
      (exit) => Effect.sync(() => recorder.end(open, { exit }))
    )
  })

const annotate = (recorder: RecorderService, input: object) =>
  Effect.withFiber((fiber) => {
    recorder.annotate(fiber.getRef(CurrentSpan), input)
    return Effect.void
  })

describe("SpanRecorder", () => {
  it.effect("measures durations on the monotonic clock, and starts on the wall clock", () =>
    Effect.gen(function*() {
      const { recorder, records } = make()
      yield* TestClock.adjust("10 seconds")
      yield* TestClock.adjust("250 millis").pipe(record(recorder, "timed"))
      assert.strictEqual(records[0]!.startNs, 10_000_000_000n)
      assert.strictEqual(records[0]!.durationNs, 250_000_000)
    }))

  it.effect("uses the Effect span's ids when it has some, and makes its own otherwise", () =>
    Effect.gen(function*() {
      const { recorder, records } = make()
      yield* Effect.void.pipe(record(recorder, "real"))
      const without: Tracer.Span = Object.create(noop, { spanId: { value: "noop" }, traceId: { value: "noop" } })
      yield* Effect.void.pipe(record(recorder, "made", undefined, without))
      assert.strictEqual(records[0]!.context.spanId, BigInt(`0x${noop.spanId}`).toString())
      assert.strictEqual(records[0]!.context.apmTraceId, noop.traceId)
      assert.match(records[1]!.context.spanId, /^[1-9]\d*$/)
      assert.match(records[1]!.context.apmTraceId, /^[0-9a-f]{32}$/)
    }))

  it.effect("gives an LLM trace a 128-bit id even if APM trace ids have 64, so that it reads back unchanged", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_800_000_000_000)
      const { recorder, records } = make({ ids: NodeIdGenerator.make({ traceIdBits: 64 }) })
      yield* Effect.void.pipe(record(recorder, "root"))
      const { traceId } = records[0]!.context
      assert.match(traceId, /^6b49d20000000000[0-9a-f]{16}$/)
      assert.strictEqual(LlmobsPropagation.traceIdFromWire(LlmobsPropagation.traceIdToWire(traceId)), traceId)
    }))

  it.effect("ends a span once, however often end is called", () =>
    Effect.gen(function*() {
      const { recorder, records } = make()
      yield* Effect.withFiber((fiber) => {
        const open = recorder.start({ ambient: fiber, kind: "llm", name: "x", span: ids(noop) })!
        assert.isFalse(open.ended)
        for (let turn = 0; turn < 3; turn++) recorder.end(open, { exit: Exit.void })
        assert.isTrue(open.ended)
        recorder.annotate(open, { tags: { late: "yes" } })
        return Effect.void
      })
      assert.strictEqual(records.length, 1)
      assert.isFalse(Object.hasOwn(records[0]!.tags, "late"))
    }))

  it.effect("reads an annotation when it is made, so that later changes have no effect", () =>
    Effect.gen(function*() {
      const { recorder, records } = make()
      const metadata = { list: [1] }
      yield* Effect.gen(function*() {
        yield* annotate(recorder, { metadata })
        metadata.list.push(2)
      }).pipe(record(recorder, "frozen"))
      assert.deepStrictEqual(records[0]!.annotation.metadata, { list: [1] })
    }))

  it.effect("selects cost tags among the tags that the span has by then, and reports others", () =>
    Effect.gen(function*() {
      const { diagnostics, recorder, records } = make()
      yield* Effect.gen(function*() {
        yield* annotate(recorder, { tags: { team: "ops" }, costTags: ["team", "later"] })
        yield* annotate(recorder, { tags: { later: "yes" } })
      }).pipe(record(recorder, "costly"))
      assert.deepStrictEqual(records[0]!.annotation.costTags, ["team"])
      assert.strictEqual(diagnostics.counts().get("invalid_cost_tags"), 1)
    }))

  it.effect("keeps the rank of a request's session, inherited or not", () =>
    Effect.gen(function*() {
      const rows = [
        [{ request: { sessionId: "r" }, rum: { sessionId: "b" } }, "r", ["request", "request"]],
        [{ rum: { sessionId: "b" } }, "b", ["parent", "rum"]]
      ] as const
      for (const [labels, value, inherited] of rows) {
        const around: Ambient = { upstream: undefined, labels, request: undefined }
        const { recorder, records } = make({ ambient: { current: () => around } })
        yield* Effect.void.pipe(
          record(recorder, "inner"),
          record(recorder, "outer"),
          record(recorder, "told", { sessionId: "s" })
        )
        yield* Effect.void.pipe(record(recorder, "inner"), record(recorder, "outer"))
        const sessions = records.map(({ context: { session } }) => [session?.value, session?.source, session?.origin])
        assert.deepStrictEqual(sessions.slice(0, 3), [
          ["s", "parent", "explicit"],
          ["s", "parent", "explicit"],
          ["s", "explicit", "explicit"]
        ])
        assert.deepStrictEqual(sessions[3], [value, ...inherited])
        assert.deepStrictEqual(sessions[4], [value, inherited[1], inherited[1]])
      }
    }))

  it.effect("combines regions from the outside in", () =>
    Effect.gen(function*() {
      const { recorder, records } = make()
      const outer = recorder.region(undefined, { tags: { a: "1", b: "1" }, input: "no" })
      const inner = recorder.region(outer, { tags: { b: "2" }, name: "renamed" })
      yield* Effect.void.pipe(record(recorder, "x"), Effect.provideService(SpanAnnotations, inner))
      assert.deepStrictEqual([records[0]!.tags["a"], records[0]!.tags["b"]], ["1", "2"])
      assert.strictEqual(records[0]!.context.name, "renamed")
      assert.isUndefined(records[0]!.annotation.input)
    }))

  describe("failures inside the recorder", () => {
    const boom = (): never => {
      throw new Error("boom")
    }
    const broken: ReadonlyArray<readonly [string, Partial<Options>, Partial<RecorderOptions.Settings>]> = [
      ["an ambient context that throws", { ambient: { current: boom } }, {}],
      ["a sink that throws", { sink: { finish: boom, redact: boom, fail: boom } }, {}],
      ["ids that throw", { ids: { spanId: boom, traceId: boom, random: boom } }, {}],
      ["a clock that throws", { clock: boom }, {}],
      ["a retention that throws", {}, { retention: boom }]
    ]
    for (const [what, options, settings] of broken) {
      it.effect(`keeps the program's result despite ${what}`, () =>
        Effect.gen(function*() {
          const { diagnostics, recorder } = make(options, settings)
          const result = yield* Effect.as(annotate(recorder, { tags: { a: "1" } }), 42).pipe(record(recorder, "x"))
          assert.strictEqual(result, 42)
          assert.isTrue([...diagnostics.counts().keys()].some((key) => key.startsWith("defect:recorder.")))
        }))
    }

    it.effect("survives options and annotations of any kind", () =>
      Effect.gen(function*() {
        const { recorder, records } = make()
        const values = HostileValue.each()
        for (const value of values) {
          const hostile = {
            input: value,
            output: value,
            metadata: value,
            tags: value,
            metrics: value,
            name: value,
            model: value,
            sessionId: value,
            toolDefinitions: value
          } as {}
          yield* annotate(recorder, value as {}).pipe(
            Effect.andThen(annotate(recorder, hostile)),
            record(recorder, "hostile", hostile)
          )
        }
        assert.strictEqual(records.length, values.length)
      }))
  })
})
