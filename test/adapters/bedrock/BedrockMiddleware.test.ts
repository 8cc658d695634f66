import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as BedrockMiddleware from "../../../src/adapters/bedrock/BedrockMiddleware.ts"
import * as ProviderCall from "../../../src/domain/provider/ProviderCall.ts"
import { RecordedCall } from "../../../src/engine/call/RecordedCall.ts"
import * as RunningLayers from "../../../src/engine/context/RunningLayers.ts"
import * as OpenSpans from "../../../src/engine/record/OpenSpans.ts"
import type { RecordedSpan } from "../../../src/engine/record/RecordedSpan.ts"
import * as Testing from "../../../src/layers/Testing.ts"
import * as Heap from "../../layers/Heap.ts"

interface Result {
  readonly output: { readonly stream: AsyncIterable<unknown> }
}

type Handler = (args: { readonly input: object }) => Promise<Result>

/** Asks a client of Bedrock, whose stack is as small as the middleware needs it, for a stream. */
const converse = (): Promise<Result> => {
  let run: ((next: Handler, context: object) => Handler) | undefined
  const middlewareStack = {
    add: (middleware: typeof run) => {
      run = middleware
    }
  }
  assert.isTrue(BedrockMiddleware.add({ middlewareStack }, { input: true, output: true }))
  const stream = {
    async *[Symbol.asyncIterator]() {
      await Promise.resolve()
      yield { messageStart: { role: "assistant" } }
      yield { contentBlockDelta: { contentBlockIndex: 0, delta: { text: "Hello" } } }
      yield { messageStop: { stopReason: "end_turn" } }
    }
  }
  const next: Handler = () => Promise.resolve({ output: { stream } })
  const input = { modelId: "a.b", messages: [{ role: "user", content: [{ text: "Hi" }] }] }
  return run!(next, { commandName: "ConverseStreamCommand" })({ input })
}

const unfinished = Effect.map(
  Testing.events({ kind: "llm" }),
  (events) => events.map(({ output, tags }) => [Testing.texts(output)[0], tags["effect.span.unfinished"]])
)

describe("BedrockMiddleware", () => {
  it.live("ends the call of a stream that the program forgets, before its first part or between two", () =>
    Effect.gen(function*() {
      yield* Effect.promise(async () => {
        await converse()
        const iterator = (await converse()).output.stream[Symbol.asyncIterator]()
        await iterator.next()
        await iterator.next()
      })
      for (let turn = 0; turn < 200 && (yield* unfinished).length < 2; turn++) {
        Heap.collect()
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      assert.sameDeepMembers(yield* unfinished, [[undefined, "true"], ["Hello", "true"]])
    }).pipe(Effect.provide(Testing.layer())))

  it.live("reads a stream to its end while nothing but its iterator is left of it", () =>
    Effect.gen(function*() {
      yield* Effect.promise(async () => {
        const iterator = (await converse()).output.stream[Symbol.asyncIterator]()
        for (let part = await iterator.next(); part.done !== true; part = await iterator.next()) {
          Heap.collect()
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
      assert.deepStrictEqual(yield* unfinished, [["Hello", undefined]])
    }).pipe(Effect.provide(Testing.layer())))

  it.live("ends a call with its output so far if its span is ended because too many are open", () =>
    Effect.gen(function*() {
      yield* Effect.sync(() => {
        const layer = RunningLayers.ofCaller()!
        const call = new RecordedCall({
          layer,
          reader: layer.current(),
          call: ProviderCall.ofBedrock("a.b"),
          capture: { input: true, output: true }
        })
        call.value([{ role: "assistant", content: "Hi" }])
        const ended: Array<unknown> = []
        const spans = OpenSpans.make({ most: 1, end: (span) => ended.push(span.ended), onFull: () => {} })
        spans.add(call.span.open as RecordedSpan)
        assert.isFalse(call.ended)
        spans.add(layer.start("task", "another").open as RecordedSpan)
        assert.isTrue(call.ended)
        assert.deepStrictEqual(ended, [true])
      })
      assert.deepInclude(yield* unfinished, ["Hi", "true"])
    }).pipe(Effect.provide(Testing.layer())))
})
