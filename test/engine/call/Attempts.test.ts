import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ProviderCall } from "../../../src/domain/provider/ProviderCall.ts"
import * as Attempts from "../../../src/engine/call/Attempts.ts"
import { RecordedCall } from "../../../src/engine/call/RecordedCall.ts"
import * as RunningLayers from "../../../src/engine/context/RunningLayers.ts"
import * as Testing from "../../../src/layers/Testing.ts"

const chat: ProviderCall = {
  kind: "llm",
  name: "OpenAI.createChatCompletion",
  integration: "openai",
  provider: "openai",
  model: undefined
}

/** Attempts whose timers run when the test says so, and a maker of calls. */
const make = () => {
  const timers: Array<{ readonly millis: number; readonly f: () => void; isCancelled: boolean }> = []
  const layer = RunningLayers.ofCaller()!
  return {
    timers,
    layer,
    attempts: Attempts.make((millis, f) => {
      const timer = { millis, f, isCancelled: false }
      timers.push(timer)
      return () => {
        timer.isCancelled = true
      }
    }),
    call: () => new RecordedCall({ layer, reader: layer.current(), call: chat, capture: { input: true, output: true } })
  }
}

const failed = { error: { name: "RateLimitError", message: "429" } }

const inLayer = (body: () => void) =>
  Effect.gen(function*() {
    yield* Effect.sync(body)
    return yield* Testing.events()
  }).pipe(Effect.provide(Testing.layer()))

describe("Attempts", () => {
  it.effect("gives a failed attempt to the request that repeats it, and to no other", () =>
    Effect.gen(function*() {
      const spans = yield* inLayer(() => {
        const { attempts, call, layer, timers } = make()
        const [first, second] = [call(), call()]
        attempts.hold("a", first, failed, 1_000)
        attempts.hold("a", second, failed, 1_000)
        assert.isUndefined(attempts.resume(layer, () => "b"))
        assert.strictEqual(attempts.resume(layer, () => "a"), first)
        assert.strictEqual(attempts.resume(layer, () => "a"), second)
        assert.isUndefined(attempts.resume(layer, () => "a"))
        assert.isTrue(timers.every(({ isCancelled }) => isCancelled))
        for (const resumed of [first, second]) {
          resumed.again()
          resumed.end()
        }
      })
      assert.deepStrictEqual(spans.map(({ metadata, status }) => [status, metadata["attempts"]]), [["ok", 2], [
        "ok",
        2
      ]])
    }))

  it.effect("ends a call that is not repeated in time with its last failure, and once", () =>
    Effect.gen(function*() {
      const spans = yield* inLayer(() => {
        const { attempts, call, layer, timers } = make()
        attempts.hold("a", call(), failed, 1_000)
        timers[0]!.f()
        timers[0]!.f()
        assert.isUndefined(attempts.resume(layer, () => "a"))
      })
      assert.deepStrictEqual(spans.map(({ error }) => error?.type), ["RateLimitError"])
    }))

  it.effect("holds a thousand attempts, and ends the others at once", () =>
    Effect.gen(function*() {
      const spans = yield* inLayer(() => {
        const { attempts, call, timers } = make()
        for (let i = 0; i < 1_010; i++) attempts.hold(`${i}`, call(), failed, 1_000)
        assert.strictEqual(timers.length, 1_000)
      })
      assert.strictEqual(spans.length, 10)
    }))

  it.effect("keeps an attempt for its own layer, and forgets it when its call ends or its layer closes", () =>
    Effect.gen(function*() {
      let made: ReturnType<typeof make>
      yield* inLayer(() => {
        made = make()
        const { attempts, call, layer } = made
        const held = call()
        attempts.hold("a", held, failed, 1_000)
        assert.isUndefined(attempts.resume({ ...layer }, () => "a"))
        held.end()
        assert.isUndefined(attempts.resume(layer, () => "a"))
        attempts.hold("a", held, failed, 1_000)
        attempts.hold("b", call(), failed, 1_000)
      })
      assert.deepStrictEqual(made!.timers.map(({ isCancelled }) => isCancelled), [true, true])
      assert.isUndefined(made!.attempts.resume(made!.layer, () => assert.fail("an attempt is held")))
    }))

  it.effect("makes no key while nothing is held", () =>
    inLayer(() => {
      const { attempts, layer } = make()
      assert.isUndefined(attempts.resume(layer, () => assert.fail("a key was made")))
    }))

  it("makes different keys for another address, body or parent", () => {
    const keys = [
      Attempts.keyOf("u", "b", "p"),
      Attempts.keyOf("v", "b", "p"),
      Attempts.keyOf("u", "c", "p"),
      Attempts.keyOf("u", "b", "q"),
      Attempts.keyOf("u", "b", undefined)
    ]
    assert.strictEqual(new Set(keys).size, keys.length)
    assert.strictEqual(Attempts.keyOf("u", "b", "p"), keys[0])
  })

  const waits: ReadonlyArray<readonly [headers: { readonly [name: string]: string }, millis: number]> = [
    [{}, 10_000],
    [{ "retry-after-ms": "1" }, 10_000],
    [{ "retry-after": "30" }, 32_000],
    [{ "retry-after": "3600" }, 62_000],
    [{ "retry-after": "-5" }, 10_000],
    [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 10_000]
  ]

  for (const [headers, millis] of waits) {
    it(`waits for the next attempt as long as a client may: ${JSON.stringify(headers)}`, () => {
      assert.strictEqual(Attempts.patience((name) => headers[name]), millis)
    })
  }
})
