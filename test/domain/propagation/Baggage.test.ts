import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Baggage from "../../../src/domain/propagation/Baggage.ts"
import { HostileText } from "../HostileText.ts"
import * as Work from "../Work.ts"

const values = (items: Baggage.Items): Record<string, string> =>
  Object.fromEntries([...items].map(([key, item]) => [key, item.value]))

describe("Baggage.parseLenient", () => {
  const lines: ReadonlyArray<readonly [string, Record<string, string>, number]> = [
    ["session.id=s1,user.id=u1", { "session.id": "s1", "user.id": "u1" }, 0],
    ["session.id=s1,broken,user.id=u1", { "session.id": "s1", "user.id": "u1" }, 1],
    ["session.id=s1,=x,user.id=", { "session.id": "s1" }, 2],
    [" session.id = s1 \t, user.id=u1;ttl=3;x ", { "session.id": "s1", "user.id": "u1" }, 0],
    ["user.id=Am%C3%A9lie%20%F0%9F%90%B6", { "user.id": "Amélie 🐶" }, 0],
    ["user.id=a=b", { "user.id": "a=b" }, 0],
    ["user.id=%E2%82", {}, 1],
    ["user.id=%zz,session.id=s", { "session.id": "s" }, 1],
    ["user.id=a%0Ab", {}, 1],
    ["user.id=a%C2%85b", {}, 1],
    ["user.id=a%E2%80%AEb", {}, 1],
    ["user.id=a%E2%81%A6b", {}, 1],
    ["user.id=caf\u00e9", {}, 1],
    ["user.id=" + "a".repeat(200), { "user.id": "a".repeat(200) }, 0],
    ["user.id=" + "a".repeat(201) + ",session.id=s", { "session.id": "s" }, 1],
    ["user.id=" + "%61".repeat(200), { "user.id": "a".repeat(200) }, 0],
    ["session id=s", {}, 1],
    ["a=1,a=2", { a: "2" }, 0],
    ["__proto__=x", JSON.parse(`{"__proto__":"x"}`), 0],
    [",, ,", {}, 0],
    ["", {}, 0]
  ]
  for (const [line, expected, dropped] of lines) {
    it(`keeps the good members and counts the others: ${JSON.stringify(line.slice(0, 40))} of ${line.length} characters`, () => {
      const read = Baggage.parseLenient([line])
      assert.deepStrictEqual([...read.value], Object.entries(expected), line.slice(0, 40))
      assert.strictEqual(read.dropped, dropped, line.slice(0, 40))
      assert.strictEqual(read.problems.length, dropped === 0 ? 0 : 1)
    })
  }

  it("counts 64 members and 8,192 bytes over all lines together", () => {
    const lines = [0, 1, 2].map((line) => Array.from({ length: 30 }, (_, i) => `k${line * 30 + i}=v`).join(","))
    const read = Baggage.parseLenient(lines)
    assert.strictEqual(read.value.size, 64)
    assert.isTrue(read.value.has("k63"))
    assert.strictEqual(read.dropped, 26)
    const long = Array.from({ length: 60 }, (_, i) => `key${i}=${"v".repeat(150)}`).join(",")
    const bounded = Baggage.parseLenient([long])
    assert.isBelow(bounded.value.size, 60)
    assert.strictEqual(bounded.value.size + bounded.dropped, 60)
    const exact = `a=1;p=${"x".repeat(8_192 - 6 - 4)},b=2`
    assert.strictEqual(exact.length, 8_192)
    assert.strictEqual(Baggage.parseLenient([exact]).value.size, 2)
    assert.strictEqual(Baggage.parseLenient([exact + "3"]).value.size, 1)
  })

  it("counts commas and blanks as bytes, so that no member behind 8,192 bytes of them is taken", () => {
    for (const filler of [",", ", ", " ,\t"]) {
      const most = filler.repeat(Math.floor((8_192 - "session.id=s".length) / filler.length))
      assert.strictEqual(Baggage.parseLenient([`${most}session.id=s`]).value.get("session.id"), "s")
      const more = filler.repeat(Math.ceil(8_192 / filler.length))
      const read = Baggage.parseLenient([`${more}session.id=s`])
      assert.deepStrictEqual([read.value.size, read.dropped], [0, 1])
      const lines = Baggage.parseLenient([more, "session.id=s"])
      assert.deepStrictEqual([lines.value.size, lines.dropped], [0, 1])
    }
  })

  for (const text of [",", " ,", "a=1,", "a", "=", "\u0000,"]) {
    it(`reads at most 16 KiB of a header of a million characters: ${JSON.stringify(text)}`, () => {
      const header = text.repeat(Math.ceil(1_000_000 / text.length))
      for (const lines of [[header], [header, header, "session.id=s"], header.split(",").slice(0, 100_000)]) {
        for (const parse of [Baggage.parseLenient, Baggage.parseStrict]) {
          const looked = Work.count(() => {
            const read = parse(lines)
            assert.isFalse(read.value.has("session.id"))
            assert.isAtMost(read.value.size, 64)
          })
          assert.isAtMost(looked, 100_000)
        }
      }
    })
  }

  it("keeps header content out of its problem", () => {
    const read = Baggage.parseLenient(["secret.key=secret%0Avalue"])
    assert.notInclude(JSON.stringify(read.problems), "secret")
  })

  it.prop("reads hostile lines leniently without throwing, within bounds, and gives labels only", [
    HostileText,
    HostileText
  ], ([a, b]) => {
    const read = Baggage.parseLenient([a, b])
    assert.isAtMost(read.value.size, 64)
    for (const value of read.value.values()) assert.isTrue(Baggage.isLabel(value))
  })
})

describe("Baggage.parseStrict", () => {
  for (
    const line of [
      "no-equal-sign,foo=gets-dropped",
      "=no-key",
      "no-value=",
      "foo=gets-dropped,=",
      "user.id=,session.id=mysession",
      "foo=bar,,baz=1",
      "foo= ;p=1"
    ]
  ) {
    it(`voids the header for one malformed member: ${line}`, () => {
      const read = Baggage.parseStrict([line])
      assert.strictEqual(read.value.size, 0, line)
      assert.deepStrictEqual(read.problems.map((problem) => problem.code), ["invalid_baggage"])
    })
  }

  it("decodes keys and values, and leaves invalid encoding as it is", () => {
    const read = Baggage.parseStrict([
      "foo=bar,userId=Am%C3%A9lie,serverNode=DF%2028,%22%2C%3B%5C%28%29%2F%3A%3C%3D%3E%3F%40%5B%5D%7B%7D=%22%2C%3B%5C",
      "raw=DF 28,broken=100%"
    ])
    assert.deepStrictEqual(values(read.value), {
      foo: "bar",
      userId: "Amélie",
      serverNode: "DF 28",
      "\",;\\()/:<=>?@[]{}": "\",;\\",
      raw: "DF 28",
      broken: "100%"
    })
  })

  it("keeps the leading members above the limits, over all lines", () => {
    const many = Array.from({ length: 40 }, (_, i) => `a${i}=v`).join(",")
    const more = Array.from({ length: 40 }, (_, i) => `b${i}=v`).join(",")
    const read = Baggage.parseStrict([many, more])
    assert.strictEqual(read.value.size, 64)
    assert.isTrue(read.value.has("b23"))
    assert.isFalse(read.value.has("b24"))
    assert.strictEqual(Baggage.parseStrict([`a=1,b=${"x".repeat(9_000)}`]).value.size, 1)
    assert.strictEqual(Baggage.parseStrict(["a=1", "", "b=2"]).value.size, 2)
  })

  it("counts the bytes of blank lines, and voids a header of commas", () => {
    assert.strictEqual(Baggage.parseStrict([" ".repeat(8_192), "a=1"]).value.size, 0)
    assert.strictEqual(Baggage.parseStrict([" ".repeat(8_188), "a=1"]).value.size, 1)
    assert.deepStrictEqual(Baggage.parseStrict([",".repeat(1_000_000)]).dropped, 1)
  })

  it("writes other senders' members again unchanged, properties included", () => {
    const line = "key1=value1;property1;property2=x,key2 = value2,key3=a%2Cb=c;ttl=\"5\""
    assert.strictEqual(Baggage.render(Baggage.parseStrict([line]).value).value, line)
  })

  it.prop("reads and renders hostile lines without throwing, within bounds", [HostileText, HostileText], ([a, b]) => {
    const read = Baggage.parseStrict([a, b])
    assert.isAtMost(read.value.size, 64)
    const text = Baggage.render(read.value).value
    assert.isAtMost(text.length, 8_192)
    assert.match(text, /^[\x20-\x7e\t]*$/)
  })
})

describe("Baggage.render", () => {
  it("encodes members as Datadog's tracers do", () => {
    const items = new Map([
      ["foo", "bar"],
      ["userId", "Amélie"],
      ["serverNode", "DF 28"],
      ["\",;\\()/:<=>?@[]{}", "\",;\\"],
      ["rate", "100%"]
    ])
    assert.strictEqual(
      Baggage.render(items).value,
      "foo=bar,userId=Am%C3%A9lie,serverNode=DF%2028," +
        "%22%2C%3B%5C%28%29%2F%3A%3C%3D%3E%3F%40%5B%5D%7B%7D=%22%2C%3B%5C,rate=100%25"
    )
  })

  it("stops at 64 members and at the first that exceeds 8,192 bytes", () => {
    const many = new Map(Array.from({ length: 66 }, (_, i) => [`key${i}`, `value${i}`]))
    const rendered = Baggage.render(many)
    assert.strictEqual(rendered.value.split(",").length, 64)
    assert.strictEqual(rendered.dropped, 2)
    const third = Math.floor(8_192 / 3)
    const big = new Map([["key1", "a".repeat(third)], ["key2", "b".repeat(third)], ["key3", "c".repeat(third)], [
      "key4",
      "d"
    ]])
    assert.deepStrictEqual(Baggage.render(big).value.split(",").map((item) => item.slice(0, 4)), ["key1", "key2"])
  })

  it("encodes no text that is longer than the header may be", () => {
    const looked = Work.count(() => {
      assert.strictEqual(Baggage.render(new Map([["a", "1"], ["b", "\u00e9".repeat(1_000_000)]])).value, "a=1")
    })
    assert.isAtMost(looked, 1_000)
  })

  it("leaves out members that would void the header at the receiver", () => {
    const rendered = Baggage.render(new Map([["a", ""], ["", "b"], ["c", "\ud800"], ["d", "1"]]))
    assert.strictEqual(rendered.value, "d=1")
    assert.strictEqual(rendered.dropped, 3)
    assert.strictEqual(rendered.problems.length, 1)
  })

  const NonEmpty = Arbitrary.filter(
    Arbitrary.schema(Schema.String),
    (text) => text !== "" && text.isWellFormed() && text.length < 100
  )

  it.prop("renders members that the strict reader reads back unchanged", [Arbitrary.array(NonEmpty)], ([texts]) => {
    const items = new Map(texts.map((text, i) => [`k${i}${text}`, text]))
    const rendered = Baggage.render(items)
    const back = [...Baggage.parseStrict(rendered.value === "" ? [] : [rendered.value]).value]
    assert.deepStrictEqual(back.map(([key, item]) => [key, item.value]), [...items].slice(0, back.length))
    assert.strictEqual(back.length + rendered.dropped, items.size)
  })
})

describe("Baggage.change", () => {
  const items = Baggage.parseStrict(["a=1;p=x,b=%20two"]).value

  it("replaces, adds and removes members, and leaves the others as they came", () => {
    const changed = Baggage.change(items, new Map([["b", "3"], ["a", undefined], ["c", "ä"]]))
    assert.strictEqual(Baggage.render(changed).value, "b=3,c=%C3%A4")
    assert.strictEqual(Baggage.render(items).value, "a=1;p=x,b=%20two")
  })

  it("keeps a member with its properties when its value stays the same", () => {
    assert.strictEqual(Baggage.render(Baggage.change(items, new Map([["a", "1"]]))).value, "a=1;p=x,b=%20two")
  })

  it("returns the same items when the change has no effect", () => {
    assert.strictEqual(Baggage.change(items, new Map()), items)
  })
})
