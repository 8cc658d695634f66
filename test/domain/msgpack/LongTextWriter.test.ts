import { assert, describe, it } from "@effect/vitest"
import * as TextPass from "../../../src/domain/json/TextPass.ts"
import { isLong, LongTextWriter } from "../../../src/domain/msgpack/LongTextWriter.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"
import * as PackedJson from "../../../src/domain/msgpack/PackedJson.ts"

const written = (text: string, pageBytes?: number): string => {
  const out = new MsgpackWriter(pageBytes)
  out.begin()
  out.members({ before: "é", text, after: [1, "“"] })
  const { after, before, text: found } = PackedJson.readMembers(out.buffer, out.offset, 3)
  assert.deepStrictEqual([before, after], ["é", [1, "“"]])
  return found as string
}

describe("LongTextWriter", () => {
  it("takes texts beyond Latin-1 that are not short, and very long ones", () => {
    const latin = "é".repeat(1_000)
    const texts = [`${latin}“`, "a".repeat(22_000), latin, "“", ""]
    assert.deepStrictEqual(texts.map(isLong), [true, true, false, false, false])
  })

  it("writes texts as they are, in small pages and large ones", () => {
    for (const text of ["“quoted”", "世", "😀", "\n—", "é世😀a"]) {
      for (const times of [60, 5_000, 300_000]) {
        for (const pageBytes of [64, undefined]) {
          const found = written(text.repeat(times), pageBytes)
          assert.isTrue(found === text.repeat(times), `${text} ${times} ${pageBytes}`)
        }
      }
    }
  })

  it("writes texts of each length at a border, joined and cut out of others too", () => {
    for (const length of [127, 128, 129, 4_095, 4_096, 4_097, 8_192, 8_193, 21_845, 21_846]) {
      for (const last of ["a", "é", "世", "\ud83d"]) {
        for (const unit of ["a", "é", "世"]) {
          const text = `${unit.repeat(length - 1)}${last}`
          const cut = `${"—".repeat(20)}${text}${"b".repeat(20)}`.slice(20, -20)
          for (const one of [text, cut]) {
            assert.isTrue(written(one) === text.toWellFormed(), `${length} ${unit} ${JSON.stringify(last)}`)
          }
        }
      }
    }
  })

  it("writes a text whole where a pair of surrogates, or half of one, stands at the border of two pieces", () => {
    for (const unit of ["😀", "\ud83d", "\ude00", "世"]) {
      for (let more = -2; more <= 2; more++) {
        const text = `${"世".repeat(TextPass.mostBytes / 2 + more)}${unit}${"a".repeat(200)}`
        assert.isTrue(written(text) === text.toWellFormed(), `${JSON.stringify(unit)} ${more}`)
      }
    }
  })

  it("writes a text even if its end takes three times the room of its beginning", () => {
    const text = `${"a".repeat(100_000)}${"世".repeat(400_000)}`
    assert.isTrue(written(text) === text)
  })

  it("asks again for a pass that could not be made because the stack was full", () => {
    let calls = 0
    const writer = new LongTextWriter(() => {
      if (++calls === 1) throw new RangeError("Maximum call stack size exceeded")
      return TextPass.make()
    })
    const text = "世".repeat(5_000)
    const out = new MsgpackWriter()
    out.begin()
    assert.throws(() => writer.write(text, out), RangeError)
    for (let times = 0; times < 2; times++) writer.write(text, out)
    assert.isTrue(new TextDecoder().decode(out.end()) === text.repeat(2))
    assert.strictEqual(calls, 2)
  })

  it("writes the same bytes by V8 where there is no pass", () => {
    const writer = new LongTextWriter(() => undefined)
    for (const text of ["世😀é".repeat(20_000), `${"é".repeat(5_000)}\ud83d`, "a".repeat(30_000)]) {
      const out = new MsgpackWriter(1_024)
      out.begin()
      out.plain("before ")
      writer.write(text, out)
      out.plain(" after")
      assert.isTrue(new TextDecoder().decode(out.end()) === `before ${text.toWellFormed()} after`)
    }
  })
})
