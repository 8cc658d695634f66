import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as KnuthSampling from "../../../src/domain/sampling/KnuthSampling.ts"

const Rate = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

describe("KnuthSampling", () => {
  it.each<readonly [bigint, boolean]>([
    [1n, true],
    [6148914691236517205n, true],
    [1234567890123456789n, true],
    [18446744073709551615n, false]
  ])("decides as Datadog's tracers do: %s is kept: %s", (id, kept) => {
    assert.strictEqual(KnuthSampling.keeps(id, 0.5), kept, String(id))
  })

  it.prop("keeps every id at 1 and none at 0, and looks at 64 bits only", [Schema.BigInt, Rate], ([id, rate]) => {
    assert.isTrue(KnuthSampling.keeps(id, 1))
    assert.isFalse(KnuthSampling.keeps(id, 0))
    assert.strictEqual(KnuthSampling.keeps(id, rate), KnuthSampling.keeps(BigInt.asUintN(64, id), rate))
  })

  it.prop("keeps every id at a higher rate that it keeps at a lower one", [Schema.BigInt, Rate, Rate], ([id, a, b]) => {
    const [low, high] = a < b ? [a, b] : [b, a]
    if (KnuthSampling.keeps(id, low)) assert.isTrue(KnuthSampling.keeps(id, high))
  })

  it("keeps about the share that the rate names", () => {
    for (const rate of [0.01, 0.25, 0.9]) {
      let kept = 0
      for (let id = 1n; id <= 10_000n; id++) if (KnuthSampling.keeps(id, rate)) kept++
      assert.approximately(kept / 10_000, rate, 0.01)
    }
  })

  it.each<readonly [number, string]>([
    [1, "1"],
    [0, "0"],
    [0.5, "0.5"],
    [0.1, "0.1"],
    [0.123456789, "0.123457"],
    [0.1234565, "0.123457"],
    [0.1234564, "0.123456"],
    [0.000001, "0.000001"],
    [0.0000015, "0.000002"],
    [5e-7, "0.000001"],
    [4.9e-7, "0"],
    [1e-9, "0"],
    [0.9999995, "1"],
    [0.9999994, "0.999999"],
    [0.01, "0.01"],
    [0.2 + 0.1, "0.3"]
  ])("writes rates with up to six decimals, half up: %d as %s", (rate, text) => {
    assert.strictEqual(KnuthSampling.rateText(rate), text, String(rate))
  })

  it.prop("writes a rate that reads back within half a millionth", [Rate], ([rate]) => {
    const text = KnuthSampling.rateText(rate)
    assert.match(text, /^(?:0|1|0\.\d{0,5}[1-9])$/)
    assert.approximately(Number(text), rate, 0.00000050001)
  })
})
