import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import type * as RecorderOptions from "../../../src/engine/record/RecorderOptions.ts"
import * as ContextReader from "../../../src/ports/ContextReader.ts"
import { CurrentSpan, SpanAnnotations } from "../../../src/ports/CurrentSpan.ts"
import type { SpanEnd, SpanStart, TracerSpan } from "../../../src/ports/Recorder.ts"
import { CurrentRouting } from "../../../src/ports/Routing.ts"
import * as Steps from "../Steps.ts"
import type { Options } from "./Recording.ts"
import { make } from "./Recording.ts"

/** A tracer's span that remembers how it was ended. */
const tracerSpan = () => {
  const ends: Array<readonly [bigint, Exit.Exit<unknown, unknown>]> = []
  const span: TracerSpan = {
    traceId: "0000000000000000000000000000000a",
    spanId: "000000000000000b",
    end: (at, exit) => ends.push([at, exit])
  }
  return { span, ends }
}

const llm: SpanStart = { kind: "llm", name: "chat" }

describe("SpanRecorder without a fiber", () => {
  it("takes no more steps for an annotation when its span has thousands of them", () => {
    const [few, many] = Steps.of(`
      const { make } = await import("./test/engine/record/Recording.ts")
      const stepsOfEach = (annotations) => {
        const { recorder } = make()
        const open = recorder.start({ kind: "llm", name: "chat" })
        return steps(() => {
          for (let i = 0; i < annotations; i++) {
            recorder.annotate(open, { metadata: { ["key " + i]: i }, tags: { ["tag " + i]: "v" } })
          }
        }) / annotations
      }
      print([stepsOfEach(500), stepsOfEach(2_000)])
    `) as [number, number]
    assert.isAbove(few, 10)
    assert.isBelow(many, 1.5 * few)
  })

  it("records a span with a past start and a given end, and ends the tracer's span at that time", () => {
    const { recorder, records } = make()
    const { ends, span } = tracerSpan()
    const open = recorder.start({ ...llm, at: 5_000_000_000n, span })!
    recorder.end(open, { at: 5_038_000_000n })
    assert.strictEqual(records[0]!.startNs, 5_000_000_000n)
    assert.strictEqual(records[0]!.durationNs, 38_000_000)
    assert.deepStrictEqual(ends, [[5_038_000_000n, Exit.void]])
    assert.strictEqual(records[0]!.context.apmTraceId, span.traceId)
  })

  it.effect("measures from a start in the past to the present", () =>
    Effect.gen(function*() {
      const { recorder, records } = make()
      const ambient = ContextReader.make(Context.make(Clock.Clock, yield* Clock.Clock))
      yield* TestClock.adjust("10 seconds")
      const open = recorder.start({ ...llm, ambient, at: 7_000_000_000n })!
      yield* TestClock.adjust("1 second")
      recorder.end(open)
      assert.strictEqual(records[0]!.durationNs, 4_000_000_000)
    }))

  it("gives no event a negative duration, whatever its times are", () => {
    const { recorder, records } = make()
    recorder.end(recorder.start({ ...llm, at: 5n })!, { at: 4n })
    recorder.end(recorder.start({ ...llm, at: 2n ** 62n })!)
    assert.deepStrictEqual(records.map((record) => record.durationNs), [0, 0])
  })

  it("replaces an invalid time with the present, and reports it", () => {
    const { diagnostics, recorder, records } = make()
    for (const at of [-1n, 2n ** 64n, 5, NaN, "5", null, {}] as Array<never>) {
      const { ends, span } = tracerSpan()
      recorder.end(recorder.start({ ...llm, at, span })!, { at })
      assert.isTrue(ends[0]![0] > 1_000_000_000_000_000_000n)
    }
    for (const { durationNs, startNs } of records) {
      assert.isTrue(startNs > 1_000_000_000_000_000_000n)
      assert.isTrue(durationNs < 60_000_000_000)
    }
    assert.strictEqual(diagnostics.counts().get("invalid_option"), 14)
  })

  const endings: ReadonlyArray<
    readonly [string, SpanEnd, string | undefined, string | undefined, Exit.Exit<unknown>["_tag"]]
  > = [
    ["well", {}, undefined, undefined, "Success"],
    ["by an error without an Exit", { error: new TypeError("no") }, "TypeError", undefined, "Failure"],
    ["by an error that is a text", { error: "no" }, "string", undefined, "Failure"],
    ["by the failure of an Exit", { exit: Exit.fail(new RangeError("no")) }, "RangeError", undefined, "Failure"],
    [
      "by an error beside an Exit that is none",
      { exit: Exit.void, error: new TypeError("no") },
      "TypeError",
      undefined,
      "Failure"
    ],
    ["by an interruption", { interrupted: true }, undefined, "effect.fiber.interrupted", "Failure"],
    ["by the interruption of an Exit", { exit: Exit.interrupt() }, undefined, "effect.fiber.interrupted", "Failure"],
    ["unseen", { unfinished: true }, undefined, "effect.span.unfinished", "Success"]
  ]
  for (const [how, end, error, tag, exit] of endings) {
    it(`records how a span ended: ${how}`, () => {
      const { recorder, records } = make()
      const { ends, span } = tracerSpan()
      recorder.end(recorder.start({ ...llm, span })!, end)
      assert.strictEqual(records[0]!.error?.type, error)
      const endTags = Object.keys(records[0]!.tags).filter((key) => key.startsWith("effect."))
      assert.deepStrictEqual(endTags, tag === undefined ? [] : [tag])
      assert.strictEqual(ends[0]![1]._tag, exit)
    })
  }

  it("ends no tracer span that has already ended or that its tracer ends", () => {
    const { recorder, records } = make()
    const ended = {
      ...tracerSpan().span,
      status: { _tag: "Ended" },
      end: () => assert.fail("was ended twice")
    } as const
    const { end: _, ...without } = tracerSpan().span
    for (const span of [ended, without]) recorder.end(recorder.start({ ...llm, span })!)
    assert.strictEqual(records.length, 2)
  })

  it("accepts the model and the provider until the end, the last of each", () => {
    const { recorder, records } = make()
    const open = recorder.start({ ...llm, options: { model: "asked", provider: "OpenAI" } })!
    recorder.annotate(open, { tags: { a: "1" } })
    recorder.annotate(open, { model: "gpt-5-2026" })
    recorder.end(open)
    assert.deepStrictEqual(records[0]!.model, { name: "gpt-5-2026", provider: "openai" })
  })

  it("finds the named parent, else the context's, and takes region and account from the context", () => {
    const { recorder, records } = make({ accountOf: (routing) => routing.site })
    const root = recorder.start({ kind: "workflow", name: "root" })!
    const other = recorder.start({ kind: "workflow", name: "other" })!
    const ambient = ContextReader.make(
      Context.make(CurrentSpan, root).pipe(
        Context.add(SpanAnnotations, recorder.region(undefined, { tags: { team: "ops" } })),
        Context.add(CurrentRouting, { site: "datadoghq.eu" })
      )
    )
    recorder.end(recorder.start({ ...llm, ambient })!)
    recorder.end(recorder.start({ ...llm, ambient, parent: other })!)
    assert.deepStrictEqual(
      records.map(({ context, tags }) => [context.parentId, tags["team"], context.account]),
      [[root.context.spanId, "ops", "datadoghq.eu"], [other.context.spanId, "ops", "datadoghq.eu"]]
    )
  })

  it("keeps on the open span whether its call has an event, for the adapters inside", () => {
    const { recorder } = make()
    const open = recorder.start(llm)!
    assert.isFalse(open.claimed)
    open.claimed = true
    assert.isTrue(open.claimed)
    assert.isFalse(recorder.start({ ...llm, parent: open })!.claimed)
  })

  describe("spans that are never ended", () => {
    it("ends open spans when the layer closes, children first, and warns once", () => {
      const { lines, recorder, records } = make()
      const root = recorder.start({ kind: "workflow", name: "root" })!
      const { ends, span } = tracerSpan()
      recorder.start({ ...llm, parent: root, span })
      recorder.end(recorder.start({ ...llm, name: "ended" })!)
      recorder.start({ ...llm, name: "scoped", scoped: true })
      records.length = 0
      recorder.endAll()
      assert.deepStrictEqual(records.map((record) => record.context.name), ["chat", "root"])
      for (const record of records) assert.strictEqual(record.tags["effect.span.unfinished"], "true")
      assert.strictEqual(ends.length, 1)
      assert.strictEqual(lines.filter((line) => line.startsWith("Ended 2 spans")).length, 1)
      recorder.end(root)
      recorder.endAll()
      assert.strictEqual(records.length, 2)
    })

    it("bounds the number of open spans: it ends the oldest for the newest", () => {
      const { diagnostics, recorder, records } = make()
      for (let i = 0; i < 10_003; i++) recorder.start({ ...llm, name: `span ${i}` })
      assert.deepStrictEqual(records.map((record) => record.context.name), ["span 0", "span 1", "span 2"])
      assert.strictEqual(diagnostics.counts().get("open_spans"), 3)
      recorder.endAll()
      assert.strictEqual(records.length, 10_003)
    })
  })

  describe("events that cannot be made", () => {
    const boom = (): never => {
      throw new RangeError("Maximum call stack size exceeded")
    }

    const failing: ReadonlyArray<readonly [string, Partial<Options>, Partial<RecorderOptions.Settings>]> = [
      ["whose sink throws", { sink: { finish: boom, redact: boom, fail: () => {} } }, {}],
      ["whose record cannot be built", {}, { retention: boom, retentionLooksAtTags: true }]
    ]
    for (const [what, options, settings] of failing) {
      it(`counts an event ${what} once for any number of ends, and ends the tracer's span`, () => {
        let counted = 0
        const { recorder, records } = make({
          sink: { finish: () => undefined, redact: () => {}, ...options.sink, fail: () => counted++ }
        }, settings)
        const { ends, span } = tracerSpan()
        const open = recorder.start({ ...llm, span })!
        for (let turn = 0; turn < 3; turn++) recorder.end(open)
        assert.deepStrictEqual([counted, ends.length, records.length], [1, 1, 0])
      })
    }

    it("counts an event later when counting it fails as well", () => {
      let broken = true
      let counted = 0
      const { recorder } = make({
        sink: {
          finish: boom,
          redact: boom,
          fail: () => {
            if (broken) boom()
            counted++
          }
        }
      })
      recorder.end(recorder.start(llm)!)
      assert.strictEqual(counted, 0)
      broken = false
      recorder.end(recorder.start(llm)!)
      assert.strictEqual(counted, 2)
    })

    it("keeps a span open whose end fails before its event is made, and ends it with the layer", () => {
      let full = false
      const real = Context.get(Context.empty(), Clock.Clock)
      const clock: Clock.Clock = Object.create(real, {
        monotonicTimeNanosUnsafe: {
          value: () => {
            if (full) throw new RangeError("Maximum call stack size exceeded")
            return real.monotonicTimeNanosUnsafe()
          }
        }
      })
      const { recorder, records } = make({ clock: () => clock })
      const open = recorder.start(llm)!
      full = true
      recorder.end(open)
      assert.strictEqual(records.length, 0)
      full = false
      recorder.endAll()
      recorder.endAll()
      assert.strictEqual(records.length, 1)
    })

    it("records or counts each span that ends where the stack is full, at any depth", () => {
      const { failed, recorder, records } = make()
      let started = 0
      const descend = (): void => {
        const open = recorder.start(llm)
        if (open !== undefined) started++
        try {
          descend()
        } catch {
          // The end of the stack.
        }
        if (open !== undefined) recorder.end(open)
      }
      try {
        descend()
      } catch {
        // The outermost calls had room.
      }
      recorder.end(recorder.start(llm)!)
      assert.isAbove(started, 100)
      recorder.endAll()
      assert.strictEqual(records.length + failed.count, started + 1)
    })
  })

  describe("calls from untyped code", () => {
    const throwing = (...keys: ReadonlyArray<string>): {} =>
      Object.defineProperties(
        {},
        Object.fromEntries(keys.map((key) => [key, {
          enumerable: true,
          get() {
            throw new Error("no")
          }
        }]))
      )

    it("keeps a span whose options throw when they are read, and reports each", () => {
      const { diagnostics, recorder, records } = make()
      const keys = ["name", "model", "provider", "mlApp", "agentService", "experiment", "output", "input", "tags"]
      recorder.end(recorder.start({ ...llm, options: throwing(...keys) })!)
      recorder.end(recorder.start({ ...llm, options: { experiment: throwing("id", "name") as never } })!)
      const open = recorder.start(llm)!
      recorder.annotate(open, throwing(...keys))
      recorder.end(open)
      assert.deepStrictEqual(records.map((record) => record.context.name), ["chat", "chat", "chat"])
      assert.isAtLeast(diagnostics.counts().get("unreadable_value")!, 15)
      assert.deepStrictEqual([...diagnostics.counts().keys()], ["unreadable_value"])
    })

    it("keeps the readable part of a region whose input throws", () => {
      const { recorder, records } = make()
      const input = Object.defineProperties(throwing("input", "metadata"), {
        tags: { enumerable: true, value: { team: "ops" } }
      })
      const ambient = ContextReader.make(Context.make(SpanAnnotations, recorder.region(undefined, input)))
      recorder.end(recorder.start({ ...llm, ambient })!)
      assert.strictEqual(records[0]!.tags["team"], "ops")
    })

    const names: ReadonlyArray<readonly [unknown, string]> = [
      [Symbol("chat"), "Symbol(chat)"],
      [Symbol(), "Symbol()"],
      [5, "5"],
      [undefined, "undefined"],
      [Object.create(null), "object"],
      [{ toString: () => "named" }, "named"]
    ]
    for (const [name, text] of names) {
      it(`names a span by text, though its name is ${typeof name} (${text})`, () => {
        const { recorder, records } = make()
        recorder.end(recorder.start({ ...llm, name: name as string })!)
        assert.strictEqual(records[0]!.context.name, text)
      })
    }

    it("records an output function's value, and reports one that returns a promise, handling its rejection", async () => {
      const rejections: Array<unknown> = []
      const onRejection = (reason: unknown) => rejections.push(reason)
      process.on("unhandledRejection", onRejection)
      const { diagnostics, recorder, records } = make()
      const broken = Promise.resolve("yes")
      Reflect.set(broken, "then", () => {
        throw new Error("no")
      })
      const outputs: ReadonlyArray<(value: string) => unknown> = [
        (value) => `${value}!`,
        async (value) => `${value}!`,
        () => Promise.reject(new Error("no")),
        () => broken,
        () => {
          throw new Error("no")
        }
      ]
      for (const output of outputs) {
        recorder.end(recorder.start({ kind: "task", name: "t" })!, {
          exit: Exit.succeed("yes"),
          output: output as never
        })
      }
      await new Promise((resolve) => setImmediate(resolve))
      process.off("unhandledRejection", onRejection)
      const shown = (record: SpanRecord) => record.annotation.output?.value
      assert.deepStrictEqual(records.map(shown), ["yes!", undefined, undefined, undefined, undefined])
      assert.strictEqual(diagnostics.counts().get("unreadable_value"), 3)
      assert.strictEqual(diagnostics.counts().get("defect:output"), 1)
      assert.deepStrictEqual(rejections, [])
    })
  })
})
