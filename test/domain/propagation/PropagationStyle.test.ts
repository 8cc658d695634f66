import { assert, describe, it } from "@effect/vitest"
import * as Style from "../../../src/domain/propagation/PropagationStyle.ts"

describe("PropagationStyle", () => {
  const fallback = Style.defaults.stylesExtract
  const lists: ReadonlyArray<readonly [string | undefined, ReadonlyArray<string>, number]> = [
    [undefined, fallback, 0],
    ["", fallback, 0],
    [" , ", fallback, 0],
    ["tracecontext,Datadog", ["tracecontext", "datadog"], 0],
    ["B3MULTI", ["b3multi"], 0],
    ["B3 single header", ["b3"], 0],
    ["none", [], 0],
    ["none,Datadog", ["datadog"], 0],
    ["datadog,DATADOG", ["datadog"], 0],
    ["xray,b3", ["b3"], 1],
    ["xray", fallback, 1]
  ]
  for (const [text, styles, problems] of lists) {
    it(`reads a list of styles in any case: ${JSON.stringify(text)}`, () => {
      const read = Style.parse(text, fallback)
      assert.deepStrictEqual(read.value, styles, text)
      assert.strictEqual(read.problems.length, problems, text)
    })
  }

  it("writes no Datadog headers without APM, unless they are the only style", () => {
    assert.deepStrictEqual(Style.withoutApm(Style.defaults).stylesInject, ["tracecontext", "baggage"])
    const only = { ...Style.defaults, stylesInject: ["datadog"] as const }
    assert.deepStrictEqual(Style.withoutApm(only).stylesInject, ["datadog"])
  })
})
