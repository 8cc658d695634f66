import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Readable } from "node:stream"
import { LlmObsSdk } from "../../src/adapters/llmobs-sdk/LlmObsSdk.ts"
import * as NodeEngine from "../../src/composition/NodeEngine.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"
import * as FunctionArguments from "../../src/domain/sdk/FunctionArguments.ts"
import { CurrentPlainCaller } from "../../src/engine/context/RunningLayers.ts"
import { llmobs as unstarted } from "../../src/layers/Node.ts"
import * as Testing from "../../src/layers/Testing.ts"

/** Runs plain JavaScript with the methods, and gives what was delivered when it ended. */
const observed = (body: (llmobs: LlmObsSdk, events: () => Promise<ReadonlyArray<ObservedSpan>>) => unknown) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Testing.Testing>()
    const caller = Context.get(context, CurrentPlainCaller)
    const llmobs = new LlmObsSdk({ ...NodeEngine.make(), caller: () => caller })
    const events = () => Effect.runPromiseWith(context)(Testing.events())
    yield* Effect.promise(async () => body(llmobs, events))
    return { events: yield* Testing.events(), problems: yield* Testing.problems }
  }).pipe(Effect.provide(Testing.layer()))

const names = (events: ReadonlyArray<ObservedSpan>) => events.map(({ name }) => name)

const parentOf = (events: ReadonlyArray<ObservedSpan>, name: string) => {
  const parentId = events.find((event) => event.name === name)?.parentId
  return events.find(({ spanId }) => spanId === parentId)?.name
}

describe("effect-llmobs/Node", () => {
  it.live("keeps the span of a generator open until its end, with the generator's code inside", () =>
    Effect.gen(function*() {
      const { events } = yield* observed(async (llmobs, events) => {
        const inner = (name: string) => llmobs.trace({ kind: "tool", name }, () => name)
        const count = llmobs.wrap({ kind: "task" }, function* count(n: number) {
          for (let i = 0; i < n; i++) yield inner(`step ${i}`)
          return "over"
        })
        const steps = count(2)
        assert.deepStrictEqual([steps.next().value, names(await events())], ["step 0", ["step 0"]])
        assert.deepStrictEqual([...steps], ["step 1"])
        const later = llmobs.wrap({ kind: "task" }, async function* later() {
          yield inner("late")
        })
        for await (const step of later()) assert.strictEqual(step, "late")
      })
      assert.deepStrictEqual(["step 0", "step 1", "late"].map((name) => parentOf(events, name)), [
        "count",
        "count",
        "later"
      ])
      assert.deepStrictEqual(Testing.texts(events.find(({ name }) => name === "count")!.output), [])
    }))

  it.live("ends the span of a generator that throws as a failure, and of one that is left as interrupted", () =>
    Effect.gen(function*() {
      const { events } = yield* observed((llmobs) => {
        const broken = llmobs.wrap({ kind: "task" }, function* broken() {
          yield 1
          throw new RangeError("no more")
        })
        assert.throws(() => [...broken()], "no more")
        for (
          const _ of llmobs.wrap({ kind: "task" }, function* left() {
            yield 1
            yield 2
          })()
        ) break
      })
      const [broken, left] = ["broken", "left"].map((name) => events.find((event) => event.name === name))
      assert.deepStrictEqual([broken?.error?.type, left?.status], ["RangeError", "ok"])
      assert.include(left!.tags, { "effect.fiber.interrupted": "true" })
    }))

  it.live("keeps the span of a stream open until it was read: of the web, of Node, and of a client", () =>
    Effect.gen(function*() {
      class ClientStream {
        readonly #parts = ["a", "b"]
        async *[Symbol.asyncIterator]() {
          yield* this.#parts
        }
        list() {
          return this.#parts
        }
      }
      const { events } = yield* observed(async (llmobs, events) => {
        const trace = <A>(name: string, make: () => A) => llmobs.trace({ kind: "llm", name }, make)
        const web = trace("web", () => new Blob(["ab"]).stream())
        const node = trace("node", () => Readable.from(["a", "b"]))
        const client = await trace("client", async () => new ClientStream())
        assert.deepStrictEqual(names(await events()), [])
        assert.strictEqual(await new Response(web).text(), "ab")
        const read: Array<unknown> = []
        for await (const part of node) read.push(part)
        for await (const part of client) read.push(part)
        assert.deepStrictEqual(read, ["a", "b", "a", "b"])
        assert.instanceOf(client, ClientStream)
        assert.deepStrictEqual(trace("used otherwise", () => new ClientStream()).list(), ["a", "b"])
      })
      assert.sameMembers([...names(events)], ["web", "node", "client", "used otherwise"])
      assert.deepStrictEqual([...new Set(events.map(({ tags }) => tags["effect.span.unfinished"]))], [undefined])
    }))

  it.live("gives callbacks their caller's span back, and ends with the first call", () =>
    Effect.gen(function*() {
      const { events } = yield* observed((llmobs) =>
        llmobs.trace({ kind: "workflow", name: "outer" }, () =>
          new Promise<void>((resolve) => {
            const ask = llmobs.wrap({ kind: "tool" }, function ask(id: number, done: (e: unknown, r?: object) => void) {
              setTimeout(() => done(null, { id }), 1)
            })
            ask(7, () => {
              llmobs.trace({ kind: "task", name: "after" }, () => {})
              resolve()
            })
          }))
      )
      assert.deepStrictEqual([parentOf(events, "ask"), parentOf(events, "after")], ["outer", "outer"])
      assert.deepStrictEqual(Testing.texts(events.find(({ name }) => name === "ask")!.output), ["{\"id\":7}"])
    }))

  it.live("reports what Datadog's SDK throws for, and runs the function", () =>
    Effect.gen(function*() {
      const { events, problems } = yield* observed((llmobs) => {
        assert.strictEqual(llmobs.trace({ kind: "unknown" as never }, () => 1), 1)
        assert.strictEqual(llmobs.wrap(undefined as never, () => 2)(), 2)
        llmobs.annotate({ inputData: "x" })
        llmobs.annotate(undefined as never)
        assert.isUndefined(llmobs.exportSpan())
      })
      assert.deepStrictEqual(names(events), [])
      assert.sameMembers(problems.map(({ code }) => code), [
        "invalid_option",
        "invalid_option",
        "invalid_span_no_active_spans",
        "invalid_option",
        "invalid_span_no_active_spans"
      ])
    }))

  it.live("sends spans inside a routing context to another account", () =>
    Effect.gen(function*() {
      const { events } = yield* observed((llmobs) =>
        llmobs.routingContext({ ddApiKey: "a".repeat(32), ddSite: "datadoghq.eu" }, () =>
          llmobs.trace({ kind: "task", name: "theirs" }, () => {}))
      )
      assert.isDefined(events[0]?.account)
    }))

  it.live("runs functions without spans before init", () =>
    Effect.promise(async () => {
      assert.isFalse(unstarted.enabled)
      assert.strictEqual(unstarted.trace({ kind: "task" }, () => 1), 1)
      assert.strictEqual(unstarted.wrap({ kind: "task" }, (x: number) => x)(2), 2)
      assert.strictEqual(unstarted.annotationContext({ tags: { a: "b" } }, () => 3), 3)
      unstarted.annotate({ inputData: "x" })
      assert.strictEqual((await unstarted.flush()).pending, 0)
    }))
})

describe("FunctionArguments", () => {
  type Case = readonly [f: (...args: Array<never>) => unknown, names: ReadonlyArray<string>]
  const cases: ReadonlyArray<Case> = [
    [function f(a: number, b: number) {
      return a + b
    }, ["a", "b"]],
    [(a: number, { b, c: [d] }: { readonly b: number; readonly c: ReadonlyArray<number> }, ...rest: Array<number>) => [
      a,
      b,
      d,
      rest
    ], ["a", "{ b, c: [d] }", "rest"]],
    [async (a = ",)(", b = [1, 2]) => [a, b], ["a", "b"]],
    [(a: (x: number) => number = (x) => x, b = `${1})`) => [a, b], ["a", "b"]]
  ]
  for (const [f, expected] of cases) {
    it(`names the parameters of ${String(f).replaceAll(/\s+/g, " ").slice(0, 50)}`, () => {
      const input = FunctionArguments.reader(f)([1, {}, 3].slice(0, expected.length))
      assert.deepStrictEqual(Object.keys(input as object), expected)
    })
  }

  it("knows parameters between comments", () => {
    const source = "function* f(a /* first, (one) */, // )\n b) {}"
    const f = Object.assign(() => {}, { toString: () => source })
    assert.deepStrictEqual(FunctionArguments.parameters(source), ["a", "b"])
    // A function can lie about its source.
    assert.deepStrictEqual(FunctionArguments.reader(f)([1, 2]), { argument1: 1, argument2: 2 })
  })

  it("leaves callbacks out, and numbers arguments without a name", () => {
    assert.isUndefined(FunctionArguments.reader(() => {})([() => {}]))
    assert.deepStrictEqual(FunctionArguments.reader((x: number) => x)([1, () => {}, 3]), { x: 1, argument3: 3 })
    assert.deepStrictEqual(FunctionArguments.reader(Math.max)([1, 2]), { argument1: 1, argument2: 2 })
  })
})
