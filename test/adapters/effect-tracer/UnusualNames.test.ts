import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Observed from "../../layers/Observed.ts"

const names: ReadonlyArray<readonly [kind: string, name: unknown, text: string]> = [
  ["a symbol", Symbol("secret"), "Symbol(secret)"],
  ["a number", 7, "7"],
  ["nothing", undefined, "undefined"]
]

describe("unusual span names", () => {
  for (const [kind, name, text] of names) {
    it.live(`exports a span whose name is not text under the text of that name: ${kind}`, () =>
      Effect.gen(function*() {
        yield* Effect.useSpan(name as string, () => Effect.void)
        const { agent } = yield* Observed.settle
        assert.strictEqual(Observed.span(agent, text).resource, text)
      }).pipe(Effect.provide(Observed.dev())))
  }
})
