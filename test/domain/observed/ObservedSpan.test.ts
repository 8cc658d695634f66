import { assert, describe, it } from "@effect/vitest"
import * as ObservedSpan from "../../../src/domain/observed/ObservedSpan.ts"
import { span } from "./Spans.ts"

describe("ObservedSpan", () => {
  it("orders spans by their start, and by their counted id within one moment", () => {
    const spans = [span("10", { startMillis: 1 }), span("10"), span("9"), span("2", { startMillis: 1 })]
    assert.deepStrictEqual(
      ObservedSpan.inOrder(spans).map(({ spanId, startMillis }) => [startMillis, spanId]),
      [[0, "9"], [0, "10"], [1, "2"], [1, "10"]]
    )
  })
})
