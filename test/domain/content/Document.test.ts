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

  it("sets no field for an empty list and for undefined", () => {
    assert.deepStrictEqual(Document.parse([], "output", "invalid_retrieval_io"), {
      value: undefined,
      bytes: 0,
      problems: []
    })
    assert.strictEqual(value(undefined), undefined)
  })

  const unreadable: ReadonlyArray<readonly [unknown, unknown, string]> = [
    [["a", null], [{ text: "a" }], "input[1]"],
    [[{ text: "t", name: 1 }], [{ text: "t" }], "input[0]"],
    [[{ text: "t", id: {} }], [{ text: "t" }], "input[0]"],
    [[{ text: "t", score: "0.5" }], [{ text: "t" }], "input[0]"],
    [[{ text: "t", score: true, id: "i" }], [{ text: "t", id: "i" }], "input[0]"]
  ]
  for (const [input, documents, path] of unreadable) {
    it(`loses only the unreadable documents, with the caller's code: ${JSON.stringify(input)}`, () => {
      for (const code of ["invalid_embedding_io", "invalid_retrieval_io"] as const) {
        const { problems, value } = Document.parse(input, "input", code)
        assert.deepStrictEqual(value as unknown, documents)
        assert.deepStrictEqual(problems.map((p) => [p.code, p.path]), [[code, path]])
      }
    })
  }

  it("loses only the NaN score among ten documents", () => {
    const documents = Array.from({ length: 10 }, (_, i) => ({ text: `t${i}`, score: i === 4 ? NaN : i }))
    const { problems, value } = Document.parse(documents, "output", "invalid_retrieval_io")
    assert.deepStrictEqual(value as unknown, documents.map((d, i) => (i === 4 ? { text: "t4" } : d)))
    assert.deepStrictEqual(problems.map((p) => [p.code, p.path]), [["invalid_retrieval_io", "output[4]"]])
  })

  it("records a value that is not a document as JSON text, and reports where", () => {
    const { problems, value } = Document.parse([{ name: "no text" }, 5, [1, 2, 3]], "output", "invalid_retrieval_io")
    assert.deepStrictEqual(value, [{ text: "{\"name\":\"no text\"}" }, { text: "5" }, { text: "[1,2,3]" }])
    assert.deepStrictEqual(problems.map((p) => p.code), ["unknown_shape", "unknown_shape", "unknown_shape"])
  })

  it("reads documents of LangChain and of gen_ai with their scores, and a model's request", () => {
    assert.deepStrictEqual(
      value([[{ pageContent: "p", metadata: {}, id: "1" }, 0.5], { content: "c", score: 1, id: "2" }]),
      [
        { text: "p", id: "1", score: 0.5 },
        { text: "c", id: "2", score: 1 }
      ]
    )
    assert.deepStrictEqual(value({ model: "m", input: ["a", "b"] }), [{ text: "a" }, { text: "b" }])
    assert.deepStrictEqual(value({ model: "m", input: "a" }), [{ text: "a" }])
  })

  it.prop("reads any value without throwing, and bounds its size from above", [HostileValue.arbitrary], ([input]) => {
    for (const given of [input, { text: "t", name: input }, ["x", input]]) {
      const { bytes, value } = Document.parse(given, "output", "invalid_retrieval_io")
      if (value !== undefined) assert.isAtLeast(bytes, Buffer.byteLength(JSON.stringify(value)))
    }
  }, { arbitrary: { runs: 500 } })
})
