import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"
import * as Containment from "../../../src/engine/lane/Containment.ts"
import type { EncodedEvent, IntakeWriterService } from "../../../src/ports/IntakeWriter.ts"
import type { Outcome } from "../../../src/ports/Transport.ts"
import { answer, record } from "../Scene.ts"

const make = (writer: Partial<IntakeWriterService>) => {
  const lines: Array<string> = []
  return {
    lines,
    writer: Containment.intakeWriter({
      maxPayloadBytes: 1_000,
      encode: () => ({ bytes: new Uint8Array(1) }),
      send: () => Effect.succeed(answer(202)),
      ...writer
    }, {
      diagnostics: Diagnostics.make((line) => lines.push(line)),
      timeoutMillis: 30_000,
      maxPayloadBytes: 5_000
    })
  }
}

const inDoubt = (reason: string): Outcome => ({ _tag: "Failure", bytesWritten: true, reason })

describe("Containment", () => {
  it.effect("passes through every result that keeps the contract", () =>
    Effect.gen(function*() {
      const given = { bytes: new Uint8Array([1, 2]), more: "kept" }
      const sent: Array<EncodedEvent> = []
      const accounts: Array<string | undefined> = []
      const { lines, writer } = make({
        encode: (_, account) => {
          accounts.push(account)
          return given
        },
        send: (events, account) => {
          sent.push(...events)
          accounts.push(account)
          return Effect.succeed(answer(429, { "retry-after": "7" }))
        }
      })
      const event = writer.encode(record(), "other")!
      assert.strictEqual(event.bytes, given.bytes)
      assert.deepStrictEqual(yield* writer.send([event], "other"), answer(429, { "retry-after": "7" }))
      assert.strictEqual(sent[0], given)
      assert.deepStrictEqual(accounts, ["other", "other"])
      assert.strictEqual(writer.maxPayloadBytes, 1_000)
      assert.deepStrictEqual(lines, [])
    }))

  for (const send of [Effect.never, Effect.uninterruptible(Effect.sleep("1 hour"))]) {
    it.effect(`gives up a send that has no outcome in time${send === Effect.never ? "" : ", though it cannot be interrupted"}`, () =>
      Effect.gen(function*() {
        const { writer } = make({ send: () => Effect.as(send, answer(202)) })
        const fiber = yield* Effect.forkChild(writer.send([], undefined))
        yield* TestClock.adjust("29 seconds")
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* Fiber.join(fiber), inDoubt("ETIMEDOUT"))
      }))
  }

  it.effect("interrupts an abandoned send without waiting for it", () =>
    Effect.gen(function*() {
      let interrupted = false
      const send = Effect.onInterrupt(Effect.never, () =>
        Effect.sync(() => {
          interrupted = true
        }))
      const { writer } = make({ send: () => send })
      const fiber = yield* Effect.forkChild(writer.send([], undefined), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      yield* Effect.yieldNow
      assert.isTrue(interrupted)
    }))

  it.effect("reports each kind of fault once, without content", () =>
    Effect.gen(function*() {
      const { lines, writer } = make({
        send: () => {
          throw new RangeError("a prompt")
        },
        encode: () => {
          throw new TypeError("a key")
        }
      })
      for (let time = 0; time < 3; time++) {
        assert.isUndefined(writer.encode(record(), undefined))
        assert.deepStrictEqual(yield* writer.send([], undefined), inDoubt("DEFECT"))
      }
      assert.strictEqual(lines.length, 2)
      assert.include(lines[0], "IntakeWriter that was provided failed in encode (TypeError)")
      assert.include(lines[1], "IntakeWriter that was provided failed in send (RangeError)")
    }))

  it("uses the layer's limit when the writer sets none", () => {
    for (const maxPayloadBytes of [0, -1, NaN, Infinity, "1000"]) {
      assert.strictEqual(make({ maxPayloadBytes: maxPayloadBytes as number }).writer.maxPayloadBytes, 5_000)
    }
  })
})
