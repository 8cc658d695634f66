import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"

const thrower = (): never => {
  throw new Error("hostile")
}

const leaves: ReadonlyArray<() => unknown> = [
  () => null,
  () => undefined,
  () => true,
  () => 0,
  () => -0,
  () => -0.0000012345678901234567,
  () => -1.7976931348623157e308,
  () => NaN,
  () => -Infinity,
  () => 9_007_199_254_740_993n,
  () => -5n,
  () => 1n << 5_000n,
  () => "",
  () => "plain",
  () => "\u0000\u001f\"\\\n",
  () => "é世😀\u2028",
  () => "\ud800",
  () => "\udc00a\ud83d",
  () => "__proto__",
  () => Symbol("s"),
  () => thrower,
  () => new Date(0),
  () => new Date(NaN),
  () => new URL("http://a.example/?q=1"),
  () => new Error("message"),
  () => Object.assign(new TypeError("\ud800"), { code: 1n }),
  () => /re/g,
  () => new Uint8Array(3),
  () => new Float32Array([1, NaN]),
  () => new BigInt64Array([1n]),
  () => new DataView(new ArrayBuffer(2)),
  () => new ArrayBuffer(4),
  () => Object.assign([], { length: 4 }),
  () => Object(1n),
  () => new String("\udfff"),
  () => ({ toJSON: thrower }),
  () => ({ toJSON: () => ({ toJSON: () => 1, a: 1 }) }),
  () => ({ toJSON: () => undefined }),
  () => ({
    get toJSON() {
      return thrower()
    }
  }),
  () => Object.defineProperty({ fine: 1 }, "bad", { get: thrower, enumerable: true }),
  () => Object.defineProperty(new Error("e"), "message", { get: thrower }),
  () => Object.defineProperty({}, "__proto__", { value: { polluted: 1 }, enumerable: true }),
  () => ({ constructor: { prototype: 1 }, hasOwnProperty: 2, toString: null }),
  () => new Proxy({}, { ownKeys: thrower }),
  () => new Proxy({ a: 1 }, { get: thrower }),
  () => new Proxy([], { get: (_, key) => key === "length" ? 1e15 : key }),
  () => new Proxy({}, { getPrototypeOf: thrower }),
  () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  () => {
    const endless: object = new Proxy({}, {
      get: (_, key) => key === "toJSON" ? undefined : endless,
      ownKeys: () => ["a", "b"],
      getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true })
    })
    return endless
  },
  () => {
    const fresh = (): object =>
      new Proxy({}, {
        get: (_, key) => key === "toJSON" ? undefined : fresh(),
        ownKeys: () => ["a"],
        getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true })
      })
    return fresh()
  },
  () => {
    const cycle: { self?: unknown; list: Array<unknown> } = { list: [] }
    cycle.self = cycle
    cycle.list.push(cycle)
    return cycle
  },
  () => {
    let deep: unknown = "leaf"
    for (let i = 0; i < 5_000; i++) deep = i % 2 === 0 ? { n: deep } : [deep]
    return deep
  }
]

const keys: ReadonlyArray<string> = [
  "__proto__",
  "constructor",
  "toJSON",
  "\ud800",
  "1",
  "key é",
  "content",
  "role",
  "toolCalls",
  "tool_results",
  "imageParts",
  "name",
  "arguments",
  "result",
  "mimeType",
  "text",
  "score",
  "id",
  "template",
  "variables",
  "tags",
  "spanId",
  "traceId",
  "input.tokens"
]

const build = (code: Array<number>, depth: number): unknown => {
  const next = (code.pop() ?? 0) % (leaves.length + 30)
  if (next < leaves.length || depth > 40) return leaves[next % leaves.length]!()
  const size = (code.pop() ?? 0) % 4
  if (next % 5 === 0) {
    const map = new Map<unknown, unknown>()
    for (let i = 0; i < size; i++) map.set(build(code, depth + 1), build(code, depth + 1))
    return map
  }
  if (next % 5 === 1) {
    const set = new Set<unknown>()
    for (let i = 0; i < size; i++) set.add(build(code, depth + 1))
    return set
  }
  if (next % 5 < 4) {
    const out = next % 2 === 0 ? {} : Object.create(null)
    for (let i = 0; i < size; i++) {
      const key = keys[(code.pop() ?? 0) % keys.length]!
      Object.defineProperty(out, key, { value: build(code, depth + 1), enumerable: true, configurable: true })
    }
    return out
  }
  const list: Array<unknown> = []
  for (let i = 0; i < size; i++) list.push(build(code, depth + 1))
  return list
}

/** Values that try to break whoever reads them, alone and inside one another. Each is built from numbers, so it shrinks. */
export const arbitrary: Arbitrary.Arbitrary<unknown> = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9_999 }))), {
    minLength: 1,
    maxLength: 60
  }),
  (code) => build([...code], 0)
)

/** Each of the leaves once, for the tests that must see all of them. */
export const each = (): ReadonlyArray<unknown> => leaves.map((leaf) => leaf())
