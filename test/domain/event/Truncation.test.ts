import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Truncation from "../../../src/domain/event/Truncation.ts"
import * as JsonSnapshot from "../../../src/domain/json/JsonSnapshot.ts"
import * as JsonText from "../../../src/domain/json/JsonText.ts"
import * as HostileValue from "../HostileValue.ts"

const event = (meta: object, rest: object = {}) => ({
  trace_id: "6a86f1c00000000044fb6ce732fd0687",
  span_id: "12345678904",
  parent_id: "undefined",
  name: "chat",
  start_ns: 1787299200123456789n,
  duration: 12,
  status: "ok",
  meta: { span: { kind: "llm" }, metadata: {}, ...meta } as { readonly [key: string]: any },
  metrics: { input_tokens: 5 },
  tags: ["ml_app:shop", "service:shop", "team:x"],
  _dd: { span_id: "12345678904", trace_id: "1", apm_trace_id: "1" },
  ...rest
})

const shrink = (value: object, limit: number): any => {
  const result = Truncation.shrink(value, limit)
  assert.isAtMost(JsonText.byteLength(result.value), limit)
  assert.isTrue(result.truncated)
  assert.deepStrictEqual(result.problems.map((p) => p.code), ["event_too_large"])
  return result.value
}

const messages = (...contents: ReadonlyArray<string>) => ({
  messages: contents.map((content) => ({ role: "user", content }))
})

// Freezes all of it, so that a mutation throws.
const frozen = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value).forEach(frozen)
  }
  return value
}

const dropped = { value: "[This value has been dropped because this span's size exceeds the 5MB size limit.]" }

describe("Truncation", () => {
  it("keeps an event that fits unchanged", () => {
    const fits = event({ input: messages("hi") })
    const result = Truncation.shrink(fits)
    assert.strictEqual(result.value, fits)
    assert.isFalse(result.truncated)
    assert.deepStrictEqual(result.problems, [])
    const exact = event({ input: messages("x".repeat(5_000)) })
    assert.strictEqual(Truncation.shrink(exact, JsonText.byteLength(exact)).value, exact)
  })

  it("replaces the largest media contents with a note first", () => {
    const part = (size: number) => ({ mime_type: "image/png", content: "A".repeat(size) })
    const shrunk = shrink(
      frozen(event({
        input: {
          messages: [{ role: "user", content: "see", image_parts: [part(6_000), part(20_000), part(2_000)] }]
        }
      })),
      10_000
    )
    assert.deepStrictEqual(shrunk.meta.input.messages, [{
      role: "user",
      content: "see",
      image_parts: [part(6_000), { mime_type: "image/png", content: "[20002 bytes left out]" }, part(2_000)]
    }])
    assert.strictEqual(shrunk.collection_errors, undefined)
  })

  it("cuts the longest texts to one length, keeping head and tail", () => {
    const text = (tag: string, size: number) => `${tag}${"x".repeat(size - 2)}${tag}`
    const shrunk = shrink(
      frozen(event({
        input: messages(text("a", 30_000), text("b", 3_000)),
        output: { value: text("c", 40_000) },
        metadata: { k: text("d", 2_000) }
      })),
      20_000
    )
    const [a, b] = shrunk.meta.input.messages
    const c = shrunk.meta.output.value
    assert.match(a.content, /^ax+\[\d+ bytes left out\]x+a$/)
    assert.match(c, /^cx+\[\d+ bytes left out\]x+c$/)
    assert.strictEqual(b.content, text("b", 3_000))
    assert.strictEqual(shrunk.meta.metadata.k, text("d", 2_000))
    assert.isBelow(Math.abs(a.content.length - c.length), 60)
    assert.isAbove(JsonText.byteLength(shrunk), 19_800)
  })

  it("counts the bytes that it leaves out, and never cuts a character in two", () => {
    const shrunk = shrink(event({ input: { value: "😀".repeat(10_000) } }), 5_001)
    const value: string = shrunk.meta.input.value
    assert.isTrue(value.isWellFormed())
    const [head, bytes, tail] = value.split(/\[(\d+) bytes left out\]/)
    assert.strictEqual(Buffer.byteLength(head! + tail!) + Number(bytes), 40_000)
  })

  it("cuts texts whose bytes are not spread evenly", () => {
    for (const value of ["\u0001".repeat(5_000) + "a".repeat(60_000), "a".repeat(60_000) + "世".repeat(5_000)]) {
      const shrunk = shrink(event({ input: { value } }), 10_000)
      assert.include(shrunk.meta.input.value, "bytes left out")
    }
  })

  it("drops the larger side with Datadog's sentence when cutting is not enough, and keeps the prompt", () => {
    const prompt = { id: "greet", ml_app: "shop" }
    const many = Array.from({ length: 2_000 }, (_, i) => `short text ${i}`)
    const shrunk = shrink(frozen(event({ input: { ...messages(...many), prompt }, output: messages("kept") })), 10_000)
    assert.deepStrictEqual(shrunk.meta.input, { ...dropped, prompt })
    assert.deepStrictEqual(shrunk.meta.output, messages("kept"))
    assert.deepStrictEqual(shrunk.collection_errors, ["dropped_io"])
  })

  it("drops both sides when both are too large", () => {
    const many = Array.from({ length: 2_000 }, (_, i) => i)
    const shrunk = shrink(event({ input: many, output: many, metadata: { kept: 1 } }), 5_000)
    assert.deepStrictEqual([shrunk.meta.input, shrunk.meta.output], [dropped, dropped])
    assert.deepStrictEqual(shrunk.collection_errors, ["dropped_io"])
    assert.deepStrictEqual(shrunk.meta.metadata, { kept: 1 })
  })

  it("cuts metadata that is too large, and keeps small input and output", () => {
    const shrunk = shrink(
      event({ input: { value: "in" }, output: { value: "out" }, metadata: { big: "x".repeat(6_000) } }),
      3_000
    )
    assert.deepStrictEqual([shrunk.meta.input, shrunk.meta.output], [{ value: "in" }, { value: "out" }])
    assert.match(shrunk.meta.metadata.big, /^x+\[\d+ bytes left out\]x+$/)
  })

  it("drops metadata, definitions, configuration and links in turn, and keeps the cost tags", () => {
    const numbers = Array.from({ length: 1_000 }, (_, i) => i)
    const shrunk = shrink(
      event({
        metadata: { numbers, _dd: { cost_tags: ["team"] } },
        tool_definitions: numbers,
        expected_output: numbers,
        input: { prompt: { variables: numbers } },
        error: { message: "m", stack: "s", type: "t" }
      }, { config: numbers, span_links: numbers, metrics: { ...numbers } }),
      3_000
    )
    assert.deepStrictEqual(shrunk.meta, {
      span: { kind: "llm" },
      metadata: { _dd: { cost_tags: ["team"] } },
      tool_definitions: [],
      expected_output: dropped,
      input: dropped,
      error: { message: "m", stack: "s", type: "t" }
    })
    assert.deepStrictEqual([shrunk.config, shrunk.span_links, shrunk.metrics], [{}, [], {}])
  })

  it("keeps a span's identity when it must drop all else", () => {
    const tags = Array.from({ length: 2_000 }, (_, i) => `tag${i}:value`)
    const shrunk = shrink(event({}, { tags: [...tags, "ml_app:shop"], session_id: "s-1" }), 3_000)
    assert.deepStrictEqual(shrunk, {
      ...event({}),
      session_id: "s-1",
      metrics: {},
      tags: ["ml_app:shop"],
      collection_errors: ["dropped_io"]
    })
  })

  it("truncates the struct of an APM span as well", () => {
    const struct = {
      name: "chat",
      trace_id: "1",
      parent_id: "undefined",
      ml_app: "shop",
      tags: { ml_app: "shop", long: "x".repeat(9_000) },
      metrics: {},
      meta: { span: { kind: "task" }, metadata: {}, input: { value: "y".repeat(9_000) } },
      _dd: {}
    }
    const shrunk = shrink(frozen(struct), 5_000)
    assert.include(shrunk.meta.input.value, "bytes left out")
    assert.include(shrunk.tags.long, "bytes left out")
    assert.strictEqual(shrunk.tags.ml_app, "shop")
  })

  it("never alters an id", () => {
    const id = "i".repeat(4_000)
    const shrunk = shrink(event({ input: { value: "x".repeat(9_000) } }, { session_id: id }), 8_000)
    assert.strictEqual(shrunk.session_id, id)
  })

  const tight = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 }))
  const repeat = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 6_000 }))

  const parts = Arbitrary.all([HostileValue.arbitrary, Arbitrary.schema(Schema.String), Arbitrary.schema(repeat)])

  it.prop("always fits the limit, and never changes its input", [parts, parts, tight], ([one, two, limit]) => {
    const json = (u: unknown) => JsonSnapshot.take(u, { depth: 12, values: 2_000, characters: 20_000 }).value ?? null
    const text = (part: readonly [unknown, string, number]) =>
      (part[1] + "é\u0001").repeat(part[2]).slice(0, 40_000).toWellFormed()
    const value = frozen(event({
      input: {
        messages: [{ content: text(one), image_parts: [{ mime_type: "a/b", content: text(two) }] }],
        prompt: json(one[0])
      },
      output: json(two[0]),
      metadata: { a: json(one[0]), b: text(two) },
      tool_definitions: json([one[0]]),
      error: { message: text(two), stack: text(one), type: "t" }
    }, { name: text(two), tags: [text(one), "ml_app:x"], config: json(two[0]) }))
    const shrunk = Truncation.shrink(value, limit)
    const size = JsonText.byteLength(shrunk.value)
    assert.isAtMost(size, Math.max(limit, Truncation.smallestLimit))
    assert.strictEqual(Truncation.shrink(shrunk.value, limit).value, shrunk.value)
    assert.strictEqual(shrunk.value.span_id, value.span_id)
  }, { arbitrary: { runs: 300 } })

  it.prop("accepts any value as an event", [HostileValue.arbitrary, tight], ([u, limit]) => {
    const json = JsonSnapshot.take(u).value
    for (const value of [json, { meta: json, tags: json, _dd: json }, { meta: { input: json, span: json } }]) {
      if (!JsonSnapshot.isObject(value as JsonSnapshot.Json)) continue
      const shrunk = Truncation.shrink(value as object, limit)
      assert.isAtMost(JsonText.byteLength(shrunk.value), Math.max(limit, Truncation.smallestLimit))
    }
  })
})
