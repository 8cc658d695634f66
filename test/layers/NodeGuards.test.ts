import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { errorMonitor } from "node:events"
import { PassThrough } from "node:stream"
import { LlmObsSdk } from "../../src/adapters/llmobs-sdk/LlmObsSdk.ts"
import * as NodeEngine from "../../src/composition/NodeEngine.ts"
import { CurrentPlainCaller } from "../../src/engine/context/RunningLayers.ts"
import * as Testing from "../../src/layers/Testing.ts"

/** Runs plain JavaScript with the methods, and gives what was delivered when it ended. */
const observed = (body: (llmobs: LlmObsSdk) => unknown) =>
  Effect.gen(function*() {
    const context = yield* Effect.context<Testing.Testing>()
    const caller = Context.get(context, CurrentPlainCaller)
    const llmobs = new LlmObsSdk({ ...NodeEngine.make(), caller: () => caller })
    yield* Effect.promise(async () => body(llmobs))
    return { events: yield* Testing.events(), problems: yield* Testing.problems }
  }).pipe(Effect.provide(Testing.layer()))

const revoked = (): never => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy as never
}

const throwing = (key: string, rest: object = {}): never =>
  Object.defineProperty({ ...rest }, key, {
    enumerable: true,
    get: () => {
      throw new Error("getter")
    }
  }) as never

const having = (key: string, value: unknown): object => ({ [key]: value })

const task = { kind: "task" } as const

describe("the methods of effect-llmobs/Node", () => {
  it.live("throw for no argument, report the unreadable ones, and record the rest", () =>
    Effect.gen(function*() {
      const { events, problems } = yield* observed((llmobs) => {
        llmobs.trace({ ...task, name: "annotated" }, (span) => {
          llmobs.annotate(throwing("inputData", { outputData: "kept" }))
          llmobs.annotate({ agent: throwing("name") })
          llmobs.annotate(revoked())
          llmobs.annotate(revoked(), { metadata: { a: 1 } })
          assert.isDefined(llmobs.exportSpan(revoked()))
          span.addTags(undefined as never).addTags(throwing("tag")).addTags(revoked())
          span.setTag("error", throwing("message", {})).setTag("error", revoked())
          span.setTag("error", Object.setPrototypeOf(throwing("message"), Error.prototype))
        })
        assert.strictEqual(llmobs.trace(throwing("name", task), () => 1), 1)
        assert.strictEqual(llmobs.trace(revoked(), () => 2), 2)
        assert.strictEqual(llmobs.wrap(throwing("captureIO", task), (x: number) => x)(3), 3)
        assert.strictEqual(llmobs.annotationContext(throwing("tags"), () => 4), 4)
        assert.strictEqual(llmobs.annotationContext(revoked(), () => 5), 5)
        assert.strictEqual(llmobs.wrap(task, undefined as never), undefined)
        llmobs.trace({ ...task, name: "callback" }, (_span, done) => done(revoked()))
      })
      assert.deepStrictEqual(Testing.texts(events.find(({ name }) => name === "annotated")!.output), ["kept"])
      assert.sameMembers(events.map(({ name }) => name), ["annotated", "task", "task", "callback"])
      assert.includeMembers(problems.map(({ code }) => code), ["unreadable_value", "invalid_option"])
    }))

  it.live("run the function of an unreadable routing, and send its spans to no account", () =>
    Effect.gen(function*() {
      for (const routing of [undefined as never, revoked(), throwing("ddSite", { ddApiKey: "a".repeat(32) })]) {
        const { events, problems } = yield* observed((llmobs) => {
          assert.strictEqual(llmobs.routingContext(routing, () => llmobs.trace(task, () => 1)), 1)
        })
        assert.notDeepEqual(events.map(({ account }) => account), [undefined])
        assert.isAbove(problems.length, 0)
      }
    }))

  it.live("give the empty report of a flush when the layer fails", () =>
    Effect.promise(async () => {
      const engine = NodeEngine.make()
      engine.start({}, Layer.effectDiscard(Effect.fail("no layer")))
      assert.strictEqual((await new LlmObsSdk(engine).flush()).pending, 0)
      await engine.close()
    }))
})

describe("the results of traced functions", () => {
  it.live("are the same values if they cannot be looked at", () =>
    Effect.gen(function*() {
      const { events } = yield* observed(async (llmobs) => {
        const wrapped = llmobs.wrap(task, (value: unknown) => value)
        const values = [revoked(), throwing("then"), throwing(Symbol.toStringTag as never), throwing("pipe")]
        for (const value of values) {
          // A failed assertion would have to look at the value.
          assert.isTrue(Object.is(llmobs.trace(task, () => value), value))
          assert.isTrue(Object.is(wrapped(value), value))
        }
        const broken = having("then", () => {
          throw new RangeError("then")
        })
        assert.isTrue(Object.is(llmobs.trace(task, () => broken), broken))
      })
      assert.strictEqual(events.length, 9)
    }))

  it.live("can be frozen streams of a client, and keep class, members and constructor", () =>
    Effect.gen(function*() {
      class Part {}
      class ClientStream {
        readonly Part = Part
        readonly parts = ["a", "b"]
        #reads = 0
        async *[Symbol.asyncIterator]() {
          this.#reads++
          yield* this.parts
        }
        reads() {
          return this.#reads
        }
      }
      const { events } = yield* observed(async (llmobs) => {
        const stream = llmobs.trace(task, () => Object.freeze(new ClientStream()))
        assert.instanceOf(stream, ClientStream)
        assert.strictEqual(stream.constructor, ClientStream)
        assert.instanceOf(new stream.Part(), Part)
        assert.deepStrictEqual([Object.keys(stream), JSON.stringify(stream)], [
          ["Part", "parts"],
          "{\"parts\":[\"a\",\"b\"]}"
        ])
        const read: Array<string> = []
        for await (const part of stream) read.push(part)
        assert.deepStrictEqual([read, stream.reads()], [["a", "b"], 1])
        const open = llmobs.trace(task, () =>
          Object.freeze({
            [Symbol.asyncIterator]: async function*() {
              yield 1
            }
          }))
        for await (const part of open) assert.strictEqual(part, 1)
      })
      assert.deepStrictEqual(events.map(({ tags }) => tags["effect.span.unfinished"]), [undefined, undefined])
    }))

  it.live("can be byte streams, which are read into the reader's own buffers, by chunks, or by both", () =>
    Effect.gen(function*() {
      const bytes = () => {
        let next = 0
        return new ReadableStream({
          type: "bytes",
          pull: (controller) => {
            if (next < 6) return controller.enqueue(new Uint8Array([next++, next++]))
            controller.close()
            controller.byobRequest?.respond(0)
          }
        })
      }
      const { events } = yield* observed(async (llmobs) => {
        const own = llmobs.trace(task, bytes).getReader({ mode: "byob" })
        const read: Array<number> = []
        for (let buffer = new ArrayBuffer(4);;) {
          const { done, value } = await own.read(new Uint8Array(buffer))
          if (done) break
          read.push(...value)
          buffer = value.buffer
        }
        assert.deepStrictEqual(read, [0, 1, 2, 3, 4, 5])
        const both = llmobs.trace(task, bytes)
        const first = both.getReader({ mode: "byob" })
        assert.deepStrictEqual((await first.read(new Uint8Array(1))).value, new Uint8Array([0]))
        first.releaseLock()
        const rest: Array<number> = []
        for await (const chunk of both) rest.push(...chunk)
        assert.deepStrictEqual(rest, [1, 2, 3, 4, 5])
        assert.strictEqual((await new Response(llmobs.trace(task, bytes)).arrayBuffer()).byteLength, 6)
        await llmobs.trace(task, bytes).cancel()
      })
      assert.deepStrictEqual(events.map(({ tags }) => tags["effect.span.unfinished"]), Array(4).fill(undefined))
    }))

  it.live("can be one Node stream many times: its listeners are added once, and leave with its end", () =>
    Effect.gen(function*() {
      const { events } = yield* observed(async (llmobs) => {
        const [stream, untraced] = [new PassThrough(), new PassThrough()]
        for (let i = 0; i < 40; i++) assert.strictEqual(llmobs.trace(task, () => stream), stream)
        assert.deepStrictEqual([stream.listenerCount("end"), stream.listenerCount("close")], [1, 1])
        const counts: Array<ReadonlyArray<number>> = []
        for (const each of [stream, untraced]) {
          each.end("a")
          for await (const part of each) assert.strictEqual(String(part), "a")
          counts.push(["end", "close", errorMonitor].map((event) => each.listenerCount(event)))
        }
        assert.deepStrictEqual(counts[0], counts[1])
        assert.strictEqual(llmobs.trace(task, () => stream), stream)
      })
      assert.strictEqual(events.length, 41)
      assert.deepStrictEqual([...new Set(events.map(({ tags }) => tags["effect.span.unfinished"]))], [undefined])
    }))
})

describe("the last argument of a wrapped function", () => {
  it.live("stays as it is if it is a class or has members", () =>
    Effect.gen(function*() {
      class Model {
        static make(x: number) {
          return x
        }
        readonly x = 1
      }
      function Legacy() {}
      Legacy.prototype.method = () => {}
      const withMember = Object.assign(() => {}, { member: 1 })
      const { events } = yield* observed((llmobs) => {
        const last = llmobs.wrap(task, (_first: number, last: unknown) => last)
        for (const value of [Model, Map, Legacy, withMember, revoked()]) assert.isTrue(Object.is(last(1, value), value))
        const made = llmobs.wrap(task, (x: number, Given: typeof Model) => new Given().x + Given.make(x))
        assert.strictEqual(made(2, Model), 3)
      })
      assert.deepStrictEqual(events.map(({ tags }) => tags["effect.span.unfinished"]), Array(6).fill(undefined))
    }))
})
