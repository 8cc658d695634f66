import { assert, describe, it } from "@effect/vitest"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import * as HostileValue from "../HostileValue.ts"

const take = (u: unknown) => JsonSnapshot.take(u).value
const codes = (u: unknown) => JsonSnapshot.take(u, JsonSnapshot.defaultLimits, "input").problems.map((p) => p.code)

const escaped = (json: string): number => {
  let length = 0
  for (let i = 0; i < json.length; i++) length += json.charCodeAt(i) < 0x80 ? 1 : 6
  return length
}

const isPlain = (json: unknown): boolean => {
  if (typeof json === "string") return json.isWellFormed()
  if (typeof json === "number") return Number.isFinite(json) && !Object.is(json, -0)
  if (json === null || typeof json === "boolean") return true
  if (Array.isArray(json)) return json.every(isPlain)
  return typeof json === "object" && Object.getPrototypeOf(json) === Object.prototype &&
    Reflect.ownKeys(json).every((key) => {
      const own = Object.getOwnPropertyDescriptor(json, key)!
      return typeof key === "string" && key.isWellFormed() && own.get === undefined && isPlain(own.value)
    })
}

const runs = { arbitrary: { runs: 1_000 } }

describe("JsonSnapshot", () => {
  it("keeps plain JSON as it is, in a copy", () => {
    const value = { a: [1, { b: null }], c: "text", d: true, e: {} }
    const copy = take(value)
    assert.deepStrictEqual(copy, value)
    value.a.push(2)
    assert.deepStrictEqual(copy, { a: [1, { b: null }], c: "text", d: true, e: {} })
  })

  it("names numbers that JSON does not have", () => {
    assert.deepStrictEqual(take([NaN, Infinity, -Infinity, -0]), ["NaN", "Infinity", "-Infinity", 0])
  })

  it("turns safe bigints into numbers and others into text", () => {
    assert.deepStrictEqual(take([5n, -5n, 9_007_199_254_740_991n, 9_007_199_254_740_993n]), [
      5,
      -5,
      9_007_199_254_740_991,
      "9007199254740993"
    ])
    assert.deepStrictEqual(take(1n << 100_000n), "[an integer too large to write]")
  })

  it("leaves out the values that JSON leaves out", () => {
    assert.deepStrictEqual(take({ u: undefined, f: () => 1, s: Symbol.iterator, n: 1 }), { n: 1 })
    assert.deepStrictEqual(take([undefined, () => 1, 1]), [null, null, 1])
    assert.deepStrictEqual(JsonSnapshot.take(undefined), { value: undefined, bytes: 0, problems: [] })
    assert.strictEqual(take(() => 1), undefined)
    assert.deepStrictEqual(codes(() => 1), ["unreadable_value"])
  })

  it("reads instances of the usual classes", () => {
    assert.strictEqual(take(new Date(0)), "1970-01-01T00:00:00.000Z")
    assert.strictEqual(take(new Date(NaN)), null)
    assert.strictEqual(take(new URL("http://a.example/x")), "http://a.example/x")
    assert.deepStrictEqual(take(new Map<unknown, unknown>([["a", 1], [2, [3]], [{ k: 1 }, 4]])), {
      a: 1,
      "2": [3],
      "{\"k\":1}": 4
    })
    assert.deepStrictEqual(take(new Set(["only", 1])), ["only", 1])
    assert.deepStrictEqual(take(Object.assign(new TypeError("boom"), { code: 7 })), {
      name: "TypeError",
      message: "boom",
      code: 7
    })
    assert.deepStrictEqual(take(new Float32Array([0.5, 2])), [0.5, 2])
    assert.strictEqual(take(Buffer.from("raw")), "[3 bytes]")
    assert.strictEqual(take(new ArrayBuffer(4)), "[4 bytes]")
    assert.deepStrictEqual(take([Object("s"), Object(1), Object(false), Object(2n), /a/g]), ["s", 1, false, 2, "/a/g"])
    class Point {
      readonly x = 1
      get y() {
        return 2
      }
    }
    assert.deepStrictEqual(take(new Point()), { x: 1 })
  })

  it("calls toJSON once, with the key", () => {
    const endless = { toJSON: () => endless, a: 1 }
    assert.deepStrictEqual(take({ a: endless }), { a: { a: 1 } })
    assert.deepStrictEqual(take({ k: { toJSON: (key: string) => `at ${key}` } }), { k: "at k" })
  })

  it("marks where a value contains itself, and copies shared values", () => {
    const cycle: { self?: unknown } = {}
    cycle.self = [cycle]
    assert.deepStrictEqual(take(cycle), { self: ["[this value contains itself]"] })
    const shared = { a: 1 }
    assert.deepStrictEqual(take([shared, shared]), [{ a: 1 }, { a: 1 }])
  })

  it("loses only the property whose getter throws", () => {
    const bad = Object.defineProperty({ fine: 1 }, "bad", {
      enumerable: true,
      get: () => {
        throw new Error()
      }
    })
    assert.deepStrictEqual(take(bad), { fine: 1, bad: "[this value could not be read]" })
    const { problems } = JsonSnapshot.take(bad, JsonSnapshot.defaultLimits, "metadata")
    assert.deepStrictEqual(problems.map(({ code, path }) => [code, path]), [["unreadable_value", "metadata"]])
  })

  it("reads each property once", () => {
    let reads = 0
    const value = Object.defineProperty({}, "a", { enumerable: true, get: () => (reads += 1) })
    assert.deepStrictEqual(take([value]), [{ a: 1 }])
    assert.strictEqual(reads, 1)
  })

  it("keeps keys that are names of Object.prototype without touching any prototype", () => {
    const value = JSON.parse("{\"__proto__\":{\"polluted\":1},\"constructor\":{\"prototype\":2},\"toString\":3}")
    const copy = take(value)
    assert.strictEqual(JSON.stringify(copy), JSON.stringify(value))
    assert.strictEqual(Object.getPrototypeOf(copy), Object.prototype)
    assert.strictEqual(Object.hasOwn(Object.prototype, "polluted"), false)
  })

  it("replaces lone surrogates in texts and keys", () => {
    assert.deepStrictEqual(take({ "\ud800": "a\udc00😀" }), { "\ufffd": "a\ufffd😀" })
    assert.strictEqual(take("a\ud800b"), "a\ufffdb")
  })

  it("turns containers at the deepest level into their JSON text", () => {
    const limits = { ...JsonSnapshot.defaultLimits, depth: 2 }
    const { problems, value } = JsonSnapshot.take({ a: { b: { c: [1, { d: "é" }] }, e: 1 }, f: [[]] }, limits)
    assert.deepStrictEqual(value, { a: { b: "{\"c\":[1,{\"d\":\"é\"}]}", e: 1 }, f: ["[]"] })
    assert.deepStrictEqual(problems, [])
    let deep: unknown = 1
    for (let i = 0; i < 12; i++) deep = { n: deep }
    assert.deepStrictEqual(take(deep), deep)
    assert.include(JSON.stringify(take({ n: deep })), "\"n\":\"{\\\"n\\\":1}\"")
  })

  it("cuts off a value that is nested 100,000 levels deep, with a note", () => {
    let deep: unknown = "leaf"
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.include(JSON.stringify(take(deep)), "[nested too deeply]")
    assert.deepStrictEqual(codes(deep), ["value_too_large"])
  })

  it("stops at its limits and reports that", () => {
    const limits = { depth: 12, values: 3, characters: 100 }
    assert.deepStrictEqual(JsonSnapshot.take([1, 2, 3, 4, 5], limits).value, [1, 2, 3, "[more values left out]"])
    assert.deepStrictEqual(JsonSnapshot.take({ a: 1, b: 2, c: 3, d: 4 }, limits).value, { a: 1, b: 2, c: 3 })
    assert.strictEqual(
      JsonSnapshot.take("x".repeat(136), limits).value,
      "x".repeat(39) + "[84 characters left out]" + "x".repeat(13)
    )
    for (const value of [[1, 2, 3, 4], { a: 1, b: 2, c: 3, d: 4 }, "x".repeat(101), { ["k".repeat(101)]: 1 }]) {
      assert.deepStrictEqual(JsonSnapshot.take(value, limits).problems.map((p) => p.code), ["value_too_large"])
    }
  })

  const parts = (chars: number, values = 100) => ({ depth: 12, values, characters: chars })

  it("cuts the longest texts first, and leaves roles, names, keys and short texts whole", () => {
    const short = { role: "user", content: "short", name: "n".repeat(40) }
    const long = { role: "user", content: `${"a".repeat(5_000)}${"b".repeat(5_000)}` }
    const longer = { role: "user", content: "c".repeat(100_000) }
    const copy = JsonSnapshot.take([longer, long, short], parts(4_000)).value as ReadonlyArray<typeof short>
    assert.deepStrictEqual(copy[2], short)
    assert.strictEqual(copy[0]!.role, "user")
    assert.match(copy[0]!.content, /^c{1000,}\[\d+ characters left out\]c{300,}$/)
    assert.match(copy[1]!.content, /^a{1000,}\[\d+ characters left out\]b{300,}$/)
    assert.isAtMost(JSON.stringify(copy).length, 4_100)
  })

  it("cuts the contents of media to a note before any other text", () => {
    const pictures = [4_500, 4_600].map((n) => ({ mimeType: "image/png", content: "A".repeat(n) }))
    const url = { type: "image_url", image_url: { url: `data:image/png;base64,${"B".repeat(4_700)}` } }
    const text = { role: "user", content: "text ".repeat(400) }
    const of = (limit: number) =>
      JsonSnapshot.take([...pictures, url, text], parts(limit)).value as ReadonlyArray<object>
    assert.deepStrictEqual(of(12_000), [
      ...pictures,
      { type: "image_url", image_url: { url: "[4722 characters left out]" } },
      text
    ])
    assert.deepStrictEqual(of(3_000), [
      { mimeType: "image/png", content: "[4500 characters left out]" },
      { mimeType: "image/png", content: "[4600 characters left out]" },
      { type: "image_url", image_url: { url: "[4722 characters left out]" } },
      text
    ])
  })

  it("gives each part its share when there are too many values", () => {
    const numbers = Array.from({ length: 1_000 }, (_, i) => i)
    const message = { role: "user", content: "hi", extra: [{ name: "f", arguments: { city: "Rome" } }] }
    const big = { role: "user", content: "hi", extra: [{ name: "f", arguments: { numbers, city: "Rome" } }] }
    const copy = JsonSnapshot.take([big, message, big, message], parts(10_000)).value as ReadonlyArray<typeof big>
    for (const at of [1, 3]) assert.deepStrictEqual(copy[at] as unknown, message)
    for (const at of [0, 2]) {
      const { numbers, ...rest } = copy[at]!.extra[0]!.arguments
      assert.deepStrictEqual({ ...rest, length: numbers.length > 5 }, { city: "Rome", length: true })
      assert.strictEqual(numbers[numbers.length - 1] as unknown, "[more values left out]")
    }
  })

  it("cuts only between characters", () => {
    const { value } = JsonSnapshot.take("😀".repeat(200), parts(150))
    assert.isTrue((value as string).isWellFormed())
    assert.match(value as string, /^(😀)+\[\d+ characters left out\](😀)+$/u)
  })

  it("renders structure below a depth as text, and returns the same value when nothing is that deep", () => {
    const value = { a: { b: [1, { c: 2 }] }, d: [1] }
    assert.deepStrictEqual(JsonSnapshot.flatten(value, 2), { a: { b: "[1,{\"c\":2}]" }, d: [1] })
    assert.strictEqual(JsonSnapshot.flatten(value, 9), value)
  })

  it("reads an array that claims to be endless twice up to the limit, once for the shares", () => {
    let reads = 0
    const endless = new Proxy([], {
      get: (_, key) => {
        reads += 1
        return key === "length" ? Infinity : key === "toJSON" ? undefined : 1
      }
    })
    JsonSnapshot.take(endless, { ...JsonSnapshot.defaultLimits, values: 50 })
    assert.isBelow(reads, 110)
  })

  it("copies no more than the limit of a value that is shared exponentially often", () => {
    let laughs: unknown = "ha"
    for (let i = 0; i < 11; i++) laughs = Array.from({ length: 100 }, () => laughs)
    const { bytes, problems } = JsonSnapshot.take(laughs)
    assert.isBelow(bytes, 10_000_000)
    assert.deepStrictEqual(problems.map((p) => p.code), ["value_too_large"])
  })

  it("copies each hostile value to plain JSON or nothing", () => {
    for (const value of HostileValue.each()) {
      const copy = take(value)
      assert.isTrue(copy === undefined || isPlain(copy))
    }
  })

  it.prop("gives plain well-formed JSON for any value", [HostileValue.arbitrary], ([value]) => {
    const copy = take(value)
    assert.isTrue(copy === undefined || isPlain(copy))
  }, runs)

  it.prop("gives a bound that is never below the real size", [HostileValue.arbitrary], ([value]) => {
    for (const limits of [JsonSnapshot.defaultLimits, { depth: 2, values: 5, characters: 80 }]) {
      const { bytes, value: copy } = JsonSnapshot.take(value, limits)
      const json = copy === undefined ? "" : JSON.stringify(copy)
      assert.isAtLeast(bytes, escaped(json))
      assert.isAtLeast(bytes, Buffer.byteLength(json))
    }
  }, runs)

  it("counts an error like the plain object that it becomes", () => {
    for (const values of [1, 2, 3, 4, 5, 6]) {
      const limits = { ...JsonSnapshot.defaultLimits, values }
      const once = JsonSnapshot.take({ error: new TypeError("message"), list: [1, 2, 3] }, limits)
      assert.deepStrictEqual(JsonSnapshot.take(once.value, limits).value, once.value)
    }
  })

  it.prop("leaves its own copies unchanged", [HostileValue.arbitrary], ([value]) => {
    const once = JsonSnapshot.take(value)
    const twice = JsonSnapshot.take(once.value)
    assert.strictEqual(JSON.stringify(twice.value), JSON.stringify(once.value))
    if (once.problems.length === 0) assert.deepStrictEqual(twice.problems, [])
  }, runs)
})
