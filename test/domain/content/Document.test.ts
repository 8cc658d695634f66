import { assert, describe, it } from "@effect/vitest"
import * as Document from "../../../src/domain/content/Document.ts"
import * as HostileValue from "../HostileValue.ts"

const value = (u: unknown) => Document.parse(u, "output", "invalid_retrieval_io").value

describe("Document", () => {
  it("reads texts, objects and lists", () => {
    assert.deepStrictEqual(value("t"), [{ text: "t" }])
    assert.deepStrictEqual(value(""), [{ text: "" }])
    assert.deepStrictEqual(value(["a", { text: "b", url: "http://x", meta: {} }]), [{ text: "a" }, { text: "b" }])
    const full = [{ text: "t", name: "n", id: "i", score: 0.9 }]
    assert.deepStrictEqual(value(full), full)
  })

  it("keeps a score of zero and leaves out an empty name and id", () => {
    assert.deepStrictEqual(value({ text: "t", score: 0, name: "", id: "" }), [{ text: "t", score: 0 }])
    assert.deepStrictEqual(value({ text: "t", score: null, name: undefined }), [{ text: "t" }])
  })

  it("sets nothing for an empty list and for undefined", () => {
    assert.deepStrictEqual(Document.parse([], "output", "invalid_retrieval_io"), {
      value: undefined,
      bytes: 0,
      problems: []
    })
    assert.strictEqual(value(undefined), undefined)
  })

  it("fails the side at the first document that cannot be read, with the caller's code", () => {
    const table: ReadonlyArray<readonly [unknown, string]> = [
      [5, "input"],
      [null, "input"],
      [{ name: "no text" }, "input"],
      [["a", { text: 1 }], "input[1]"],
      [[{ text: "t", name: 1 }], "input[0]"],
      [[{ text: "t", id: {} }], "input[0]"],
      [[{ text: "t", score: "0.5" }], "input[0]"],
      [[{ text: "t", score: true }], "input[0]"],
      [[{ text: "t", score: NaN }], "input[0]"]
    ]
    for (const [input, path] of table) {
      for (const code of ["invalid_embedding_io", "invalid_retrieval_io"] as const) {
        const { problems, value } = Document.parse(input, "input", code)
        assert.strictEqual(value, undefined)
        assert.deepStrictEqual(problems.map((p) => [p.code, p.path]), [[code, path]])
      }
    }
  })

  it.prop("is total, and its bound is never below the real size", [HostileValue.arbitrary], ([input]) => {
    for (const given of [input, { text: "t", name: input }, ["x", input]]) {
      const { bytes, value } = Document.parse(given, "output", "invalid_retrieval_io")
      if (value !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(value)))
    }
  }, { arbitrary: { runs: 500 } })
})
