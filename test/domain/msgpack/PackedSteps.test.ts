import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../../../src/domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"
import * as PackedSteps from "../../../src/domain/msgpack/PackedSteps.ts"

const packed = (
  object: JsonObject
): { readonly bytes: Buffer; readonly count: number; readonly lengths: Array<number> } => {
  const out = new MsgpackWriter(1_024)
  out.begin()
  const steps = PackedSteps.members(out, object)
  const lengths = [0]
  let step = steps.next()
  for (; step.done !== true; step = steps.next()) lengths.push(out.length)
  return { bytes: Buffer.from(out.end()), count: step.value, lengths }
}

const check = (object: JsonObject): ReturnType<typeof packed> => {
  const out = new MsgpackWriter(1_024)
  out.begin()
  const count = out.members(object)
  const found = packed(object)
  assert.strictEqual(found.count, count)
  assert.isTrue(found.bytes.equals(out.end()), "other bytes than in one step")
  return found
}

describe("PackedSteps", () => {
  it.prop(
    "packs any object into the bytes that one step packs",
    { u: Schema.Json, texts: Schema.Array(Schema.String) },
    ({ texts, u }) => {
      const value = JsonSnapshot.take({ u, texts, long: `${texts.join("世")}“`.repeat(2_000) }).value
      check(value as JsonObject)
    },
    { arbitrary: { runs: 40 } }
  )

  it("packs long texts in pieces, and many values a few hundred at a time", () => {
    const messages = Array.from({ length: 3_000 }, (_, i) => ({ role: "user", content: `${i}` }))
    const numbers = Array.from({ length: 3_000 }, (_, i) => i)
    const keys = Object.fromEntries(numbers.map((i) => [`key ${i}`, i]))
    const texts = ["世".repeat(50_000), "a".repeat(100_000)]
    const { bytes, lengths } = check({ messages, numbers, keys, texts })
    lengths.push(bytes.byteLength)
    // Short values, and a piece behind them.
    for (let i = 1; i < lengths.length; i++) assert.isAtMost(lengths[i]! - lengths[i - 1]!, 4 * 4_096 + 100)
    assert.isAbove(lengths.length, 40)
    assert.isBelow(lengths.length, 120)
  })
})
