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

const key = (address: string): Attempts.Key => ({ address, digest: "d" })

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
        attempts.hold(key("a"), first, failed, 1_000)
        attempts.hold(key("a"), second, failed, 1_000)
        assert.isUndefined(attempts.resume(layer, "b", () => "d"))
        assert.strictEqual(attempts.resume(layer, "a", () => "d"), first)
        assert.strictEqual(attempts.resume(layer, "a", () => "d"), second)
        assert.isUndefined(attempts.resume(layer, "a", () => "d"))
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
        attempts.hold(key("a"), call(), failed, 1_000)
        timers[0]!.f()
        timers[0]!.f()
        assert.isUndefined(attempts.resume(layer, "a", () => "d"))
      })
      assert.deepStrictEqual(spans.map(({ error }) => error?.type), ["RateLimitError"])
    }))

  it.effect("holds a thousand attempts, and ends the others at once", () =>
    Effect.gen(function*() {
      const spans = yield* inLayer(() => {
        const { attempts, call, timers } = make()
        for (let i = 0; i < 1_010; i++) attempts.hold(key(`${i}`), call(), failed, 1_000)
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
        attempts.hold(key("a"), held, failed, 1_000)
        assert.isUndefined(attempts.resume({ ...layer }, "a", () => "d"))
        held.end()
        assert.isUndefined(attempts.resume(layer, "a", () => "d"))
        attempts.hold(key("a"), held, failed, 1_000)
        attempts.hold(key("b"), call(), failed, 1_000)
      })
      assert.deepStrictEqual(made!.timers.map(({ isCancelled }) => isCancelled), [true, true])
      assert.isUndefined(made!.attempts.resume(made!.layer, "a", () => assert.fail("an attempt is held")))
    }))

  it.effect("makes neither address nor digest while nothing is held", () =>
    inLayer(() => {
      const { attempts, layer } = make()
      assert.isFalse(attempts.isAwaited(() => assert.fail("an address was made")))
      assert.isUndefined(attempts.resume(layer, "a", () => assert.fail("a digest was made")))
    }))

  it.effect("expects the request of a held call at its address alone, with its digest alone", () =>
    inLayer(() => {
      const { attempts, call, layer } = make()
      const held = call()
      attempts.hold(key("a"), held, failed, 1_000)
      assert.deepStrictEqual(["a", "b"].map((address) => attempts.isAwaited(() => address)), [true, false])
      assert.isUndefined(attempts.resume(layer, "a", () => "another"))
      assert.strictEqual(attempts.resume(layer, "a", () => "d"), held)
      assert.isFalse(attempts.isAwaited(() => assert.fail("an address was made")))
      held.end()
    }))

  it("makes different digests for another body, parent or next request", () => {
    const digests = [
      Attempts.digestOf("b", "p", "attempt"),
      Attempts.digestOf("b", "p", "redirect"),
      Attempts.digestOf("c", "p", "attempt"),
      Attempts.digestOf("b", "q", "attempt"),
      Attempts.digestOf("b", undefined, "attempt")
    ]
    assert.strictEqual(new Set(digests).size, digests.length)
    assert.strictEqual(Attempts.digestOf("b", "p", "attempt"), digests[0])
  })

  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT")

  const waits: ReadonlyArray<
    readonly [headers: { readonly [name: string]: string }, retries: number | undefined, millis: number]
  > = [
    [{}, 0, 2_500],
    [{}, 2, 4_000],
    [{}, 9, 10_000],
    [{}, undefined, 10_000],
    [{}, Number.NaN, 10_000],
    [{ "retry-after-ms": "1" }, 0, 2_001],
    [{ "retry-after": "30" }, 0, 32_000],
    [{ "retry-after": "3600" }, 0, 2_500],
    [{ "retry-after": "-5" }, 1, 3_000],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:20 GMT" }, 0, 22_000],
    [{ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }, 0, 2_500]
  ]

  for (const [headers, retries, millis] of waits) {
    it(`waits for the next attempt as long as a client may: ${JSON.stringify(headers)}, after ${retries}`, () => {
      const pause = { header: (name: string) => headers[name], retries, longest: 60_000, now }
      assert.strictEqual(Attempts.patience(pause), millis)
    })
  }

  it("takes a request that is given up when its client's time is over for a timeout", () => {
    assert.deepStrictEqual(
      ([[950, "1"], [2_000, "1"], [800, "1"], [5_000, undefined], [5_000, "none"]] as const).map(([elapsed, seconds]) =>
        Attempts.isTimeout(elapsed, seconds)
      ),
      [true, true, false, false, false]
    )
  })
})
