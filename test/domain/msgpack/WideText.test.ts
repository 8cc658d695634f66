import { assert, describe, it } from "@effect/vitest"
import * as TextPass from "../../../src/domain/json/TextPass.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"
import * as PackedJson from "../../../src/domain/msgpack/PackedJson.ts"
import * as WideTexts from "../../../src/domain/msgpack/WideText.ts"

const written = (text: string, pageBytes?: number): string => {
  const out = new MsgpackWriter(pageBytes)
  out.begin()
  out.members({ before: "é", text, after: [1, "“"] })
  const { after, before, text: found } = PackedJson.readMembers(out.buffer, out.offset, 3)
  assert.deepStrictEqual([before, after], ["é", [1, "“"]])
  return found as string
}

describe("WideText", () => {
  it("is each text with a character beyond Latin-1, if it is long", () => {
    const latin = "é".repeat(1_000)
    assert.deepStrictEqual([`${latin}“`, latin, "“", ""].map(WideTexts.is), [true, false, false, false])
  })

  it("is written as it is, in small pages and large ones", () => {
    for (const text of ["“quoted”", "世", "😀", "\n—", "é世😀a"]) {
      for (const times of [60, 5_000, 300_000]) {
        for (const pageBytes of [64, undefined]) {
          const found = written(text.repeat(times), pageBytes)
          assert.isTrue(found === text.repeat(times), `${text} ${times} ${pageBytes}`)
        }
      }
    }
  })

  it("is written whole where a pair of surrogates, or half of one, stands at the border of two pieces", () => {
    for (const unit of ["😀", "\ud83d", "\ude00", "世"]) {
      for (let more = -2; more <= 2; more++) {
        const text = `${"世".repeat(TextPass.mostBytes / 2 + more)}${unit}${"a".repeat(200)}`
        assert.isTrue(written(text) === text.toWellFormed(), `${JSON.stringify(unit)} ${more}`)
      }
    }
  })

  it("is written even if its end takes three times the room of its beginning", () => {
    const text = `${"a".repeat(100_000)}${"世".repeat(400_000)}`
    assert.isTrue(written(text) === text)
  })

  it("is left to another writer where there is no pass, and the value goes on as it was", () => {
    const writer = new WideTexts.WideTextWriter(() => undefined)
    const out = new MsgpackWriter()
    out.begin()
    out.plain("before ")
    assert.isFalse(writer.write("世".repeat(1_000), out))
    out.plain("after")
    assert.strictEqual(new TextDecoder().decode(out.end()), "before after")
  })
})
