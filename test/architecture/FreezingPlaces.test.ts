import { assert, describe, it } from "@effect/vitest"
import * as SourceFile from "../../scripts/SourceFile.ts"

describe("the places that freeze a retention decision", () => {
  it("finds a retention decision frozen only in the places that LateRetention lists", () => {
    const places = SourceFile.readAll("src")
      .filter(({ text }) => /\bLateRetention\.(?:freeze|close)\(/.test(text))
      .map(({ path }) => path.split("/").at(-1)!.slice(0, -".ts".length))
    const listed = SourceFile.readAll("src").find(({ path }) =>
      path.endsWith("/LateRetention.ts") && path.includes("/record/")
    )!
      .text.matchAll(/^ \* - `(\w+)`:/gm)
    assert.deepStrictEqual(places.sort(), [...listed].map((match) => match[1]!).sort())
  })
})
