import { assert, describe, it } from "@effect/vitest"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"
import * as PackedJson from "../../../src/domain/msgpack/PackedJson.ts"
import * as PackedTexts from "../../../src/domain/msgpack/PackedTexts.ts"
import * as HostileValue from "../HostileValue.ts"

const packed = (members: JsonSnapshot.JsonObject) => {
  const out = new MsgpackWriter()
  out.begin()
  const count = out.members(members)
  return { bytes: out.buffer, from: out.offset, to: out.offset + out.length, count }
}

const decoder = new TextDecoder()

describe("PackedTexts", () => {
  it("finds texts of a length in their order, and marks those at a path", () => {
    const { bytes, count, from } = packed({
      key: "a long text",
      list: [{ marked: "marked text", short: "a" }, ["marked text too"], { marked: { marked: "deeper text" } }],
      marked: "another text"
    })
    const item: PackedTexts.Paths = { members: new Map([["marked", { isMarked: true }]]) }
    const found = PackedTexts.find(bytes, from, count, 5, { members: new Map([["list", { items: item }]]) })
    assert.deepStrictEqual(
      found.map(({ from, isMarked, to }) => [decoder.decode(bytes.subarray(from, to)), isMarked]),
      [
        ["a long text", false],
        ["marked text", true],
        ["marked text too", false],
        ["deeper text", false],
        ["another text", false]
      ]
    )
  })

  it.prop("replaces each text of any value, and nothing else", [HostileValue.arbitrary], ([u]) => {
    const json = JsonSnapshot.take({
      before: "x".repeat(70_000),
      u,
      numbers: [0.5, -1, 300, 70_000, 2 ** 40, -(2 ** 40)]
    })
    const members = json.value as JsonSnapshot.JsonObject
    const { bytes, count, from, to } = packed(members)
    const texts = PackedTexts.find(bytes, from, count, 0, {})
    const by = (text: string) => `<${text.length}>`
    const steps = PackedTexts.replace(
      bytes,
      from,
      to,
      texts.map((place) => ({
        ...place,
        by: [new TextEncoder().encode(by(decoder.decode(bytes.subarray(place.from, place.to))))]
      })).toReversed()
    )
    let step = steps.next()
    while (step.done !== true) step = steps.next()
    const out = step.value
    const expected = JSON.parse(JSON.stringify(members), (_, value) => typeof value === "string" ? by(value) : value)
    assert.deepStrictEqual(JSON.parse(JSON.stringify(PackedJson.readMembers(out, 0, count))), expected)
  }, { arbitrary: { runs: 40 } })
})
