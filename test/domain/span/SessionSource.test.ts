import { assert, describe, it } from "@effect/vitest"
import * as SessionSource from "../../../src/domain/span/SessionSource.ts"

const parent = (origin: SessionSource.Source): SessionSource.Sourced => ({ value: "parent", source: "parent", origin })

/** Every place a label can come from, the strongest first, and what is then recorded. */
const ranking: ReadonlyArray<
  readonly [name: string, candidate: SessionSource.Candidates, expected: SessionSource.Sourced]
> = [
  ["option or annotation", { explicit: "option" }, { value: "option", source: "explicit", origin: "explicit" }],
  ["annotation context", { context: "context" }, { value: "context", source: "context", origin: "context" }],
  ["explicit parent", { parent: parent("explicit") }, parent("explicit")],
  [
    "trace default",
    { traceDefault: SessionSource.make("default", "propagated") },
    SessionSource.make("default", "propagated")
  ],
  ["DD_TAGS", { process: "process" }, { value: "process", source: "explicit", origin: "explicit" }],
  ["request", { request: "request" }, { value: "request", source: "request", origin: "request" }],
  ["browser's parent", { parent: parent("rum") }, parent("rum")],
  ["browser", { rum: "rum" }, { value: "rum", source: "rum", origin: "rum" }]
]

describe("SessionSource", () => {
  it("resolves no session without a source", () => {
    assert.isUndefined(SessionSource.resolve({}))
  })

  for (const [i, [name, candidate, expected]] of ranking.entries()) {
    it(`takes the ${name} alone`, () => {
      assert.deepStrictEqual(SessionSource.resolve(candidate), expected)
    })
    for (const [weaker, other] of ranking.slice(i + 1)) {
      // A span has one parent.
      if (candidate.parent !== undefined && other.parent !== undefined) continue
      it(`puts the ${name} before the ${weaker}`, () => {
        assert.deepStrictEqual(SessionSource.resolve({ ...other, ...candidate }), expected)
      })
    }
  }

  it("ranks an inherited label by where the ancestor got it", () => {
    for (const origin of ["explicit", "context", "propagated"] as const) {
      const traceDefault = SessionSource.make("default", "propagated")
      assert.strictEqual(SessionSource.resolve({ parent: parent(origin), traceDefault, request: "r" })!.value, "parent")
    }
    for (const origin of ["request", "rum"] as const) {
      assert.strictEqual(SessionSource.resolve({ parent: parent(origin), request: "r" })!.value, "r")
      assert.strictEqual(SessionSource.resolve({ parent: parent(origin), rum: "browser" })!.value, "parent")
    }
  })

  it("keeps the origin over generations, and never vouches for a browser", () => {
    for (const origin of ["rum", "request", "explicit", "context", "propagated"] as const) {
      let label = SessionSource.make("s", origin)
      for (let i = 0; i < 3; i++) label = SessionSource.resolve({ parent: label })!
      assert.deepStrictEqual(label, { value: "s", source: "parent", origin })
      assert.strictEqual(SessionSource.isVouched(label), origin !== "rum" && origin !== "request")
    }
  })

  it("treats an empty text as an opt-out, which no weaker source replaces", () => {
    assert.strictEqual(SessionSource.resolve({ explicit: "", rum: "browser", request: "r" })!.value, "")
    assert.strictEqual(SessionSource.resolve({ parent: SessionSource.make("", "explicit"), rum: "browser" })!.value, "")
  })
})
