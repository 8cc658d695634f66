import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as AsyncContext from "../../../src/adapters/async-context/AsyncContext.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import { SpanAnnotations } from "../../../src/ports/CurrentSpan.ts"
import { Recorder } from "../../../src/ports/Recorder.ts"
import { CurrentRouting } from "../../../src/ports/Routing.ts"
import * as Observed from "../../layers/Observed.ts"

/** Runs plain JavaScript beside a layer, and gives what its Agent received. */
const observed = (body: (js: AsyncContext.AsyncContext) => unknown, options: Observed.DevOptions = {}) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<never>()
    yield* Effect.promise(async () => await body(AsyncContext.make(context)))
    return (yield* Observed.settle).agent
  }).pipe(Effect.provide(Observed.dev(options)))

const tick = () => new Promise<void>((resolve) => setImmediate(resolve))

describe("AsyncContext", () => {
  it.live("gives each plain JavaScript span its own parent through awaits, timers and callbacks, many at once", () =>
    Effect.gen(function*() {
      const agent = yield* observed((js) =>
        Promise.all(Array.from({ length: 20 }, (_, i) =>
          js.trace("workflow", `outer ${i}`, undefined, async () => {
            await tick()
            await new Promise<void>((resolve) => {
              setTimeout(() => {
                js.start("tool", `inner ${i}`).end()
                resolve()
              }, 20 - i)
            })
          })))
      )
      for (let i = 0; i < 20; i++) {
        const outer = Observed.named(agent, `outer ${i}`)
        const inner = Observed.named(agent, `inner ${i}`)
        assert.strictEqual(inner.event["parent_id"], outer.event["span_id"])
        assert.strictEqual(inner.event["trace_id"], outer.event["trace_id"])
        assert.strictEqual(outer.event["parent_id"], "undefined")
      }
    }))

  it.live("lets the events of plain JavaScript spans ride their APM spans, with the same times", () =>
    Effect.gen(function*() {
      const agent = yield* observed((js) => {
        const span = js.start("llm", "chat", { at: 1_800_000_000_000_000_000n, input: "hi" })
        js.run(
          span,
          () => js.start("tool", "look", { at: 1_800_000_000_010_000_000n }).end({ at: 1_800_000_000_020_000_000n })
        )
        span.annotate({ model: "gpt-5", provider: "OpenAI", output: "yes" })
        span.end({ at: 1_800_000_000_038_000_000n })
      })
      const apm = Observed.span(agent, "chat")
      assert.deepStrictEqual([apm.start, apm.duration], [1_800_000_000_000_000_000n, 38_000_000n])
      const event = Observed.named(agent, "chat")
      assert.strictEqual(event.via, "trace")
      assert.strictEqual(Observed.at(event.event, "meta.model_name"), "gpt-5")
      assert.strictEqual(Observed.at(event.event, "meta.model_provider"), "openai")
      assert.strictEqual(Observed.named(agent, "look").event["parent_id"], event.event["span_id"])
    }))

  it.live("writes the same times in a plain JavaScript span's event when no APM span is written", () =>
    Effect.gen(function*() {
      const agent = yield* observed((js) => {
        js.start("llm", "chat", { at: 1_800_000_000_000_000_000n }).end({ at: 1_800_000_000_038_000_000n })
      }, { apm: "off" })
      const { event } = Observed.named(agent, "chat")
      assert.deepStrictEqual([event["start_ns"], event["duration"]].map(String), ["1800000000000000000", "38000000"])
    }))

  it.live("ends a span when its function returns, throws or rejects, and leaves that result unchanged", () =>
    Effect.gen(function*() {
      const agent = yield* observed(async (js) => {
        const failure = new TypeError("no")
        assert.strictEqual(js.trace("task", "value", { output: (v: string) => `${v}!` } as never, () => "yes"), "yes")
        assert.strictEqual(await js.trace("task", "promise", undefined, async () => "later"), "later")
        assert.throws(() =>
          js.trace("task", "throws", undefined, () => {
            throw failure
          }), TypeError)
        const rejected = await js.trace("task", "rejects", undefined, () => Promise.reject(failure)).catch((e) => e)
        assert.strictEqual(rejected, failure)
      })
      assert.strictEqual(Observed.at(Observed.named(agent, "value").event, "meta.output.value"), "yes!")
      for (const name of ["value", "promise"]) assert.strictEqual(Observed.named(agent, name).event["status"], "ok")
      for (const name of ["throws", "rejects"]) {
        assert.strictEqual(Observed.named(agent, name).event["status"], "error")
        assert.strictEqual(Observed.at(Observed.named(agent, name).event, "meta.error.type"), "TypeError")
      }
    }))

  it.live("gives a plain JavaScript span the annotations and the account of the region it starts in", () =>
    Effect.gen(function*() {
      let account: unknown
      const agent = yield* observed((js) => {
        const recorder = js.current().getRef(Recorder)!
        js.within(
          (context) => Context.add(context, SpanAnnotations, recorder.region(undefined, { tags: { team: "ops" } })),
          () => js.start("task", "inside").end()
        )
        js.within((context) => Context.add(context, CurrentRouting, { site: "datadoghq.eu" }), () => {
          account = js.current().getRef(CurrentRouting)
        })
        js.start("task", "outside").end()
      })
      assert.strictEqual(Observed.tagsOf(Observed.named(agent, "inside")).get("team"), "ops")
      assert.isUndefined(Observed.tagsOf(Observed.named(agent, "outside")).get("team"))
      assert.deepStrictEqual(account, { site: "datadoghq.eu" })
    }))

  it.live("ends, tags, delivers and counts the spans that are still open when the layer closes", () =>
    Effect.gen(function*() {
      const { layer, lines } = Observed.warnings()
      const agent = yield* Observed.whenClosed(
        Effect.gen(function*() {
          const js = AsyncContext.make(yield* Effect.context<never>())
          js.run(js.start("workflow", "left"), () => js.start("llm", "left inside"))
          yield* LLMObs.flush
          assert.deepStrictEqual((yield* LLMObs.DevAgent).events(), [])
        })
      ).pipe(Effect.provide(layer))
      assert.deepStrictEqual(Observed.names(agent), ["left", "left inside"])
      for (const name of ["left", "left inside"]) {
        assert.strictEqual(Observed.tagsOf(Observed.named(agent, name)).get("effect.span.unfinished"), "true")
        assert.strictEqual(Observed.named(agent, name).via, "trace")
      }
      assert.isTrue(lines.some((line) => line.includes("Ended 2 spans that were open when the layer closed")))
    }))

  it("calls the function alone when there is no layer", () => {
    const js = AsyncContext.make(Context.empty())
    assert.strictEqual(js.trace("task", "t", undefined, (span) => span.open), undefined)
  })
})
