import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { unpack } from "msgpackr"
import * as V04 from "../../../src/adapters/agent/V04.ts"
import * as Envelope from "../../../src/domain/event/Envelope.ts"
import * as HeldContents from "../../../src/domain/event/HeldContent.ts"
import * as IntakeBody from "../../../src/domain/event/IntakeBody.ts"
import * as MetaStruct from "../../../src/domain/event/MetaStruct.ts"
import * as RecordCodec from "../../../src/domain/event/RecordCodec.ts"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as Truncation from "../../../src/domain/event/Truncation.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as Schemas from "../../../src/domain/schema/SpanRecord.ts"
import type { AnnotationInput } from "../../../src/domain/span/Annotation.ts"
import * as Annotation from "../../../src/domain/span/Annotation.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import * as ContentPages from "../../../src/engine/outbox/ContentPages.ts"
import * as HostileValue from "../../domain/HostileValue.ts"
import * as Records from "../../domain/Records.ts"
import { canonical } from "../../domain/schema/CanonicalText.ts"

const budget = (limit = Infinity) =>
  ContentPages.around(ByteBudget.make({ limit, measure: ContentPages.measuring({}) }), {
    maxEventBytes: Truncation.defaultLimit,
    onLarge: () => {}
  })

const packed = (record: SpanRecord): SpanRecord => {
  const held = { ...record }
  const room = budget()
  assert.isTrue(room.reserve(held))
  assert.isTrue(room.pack!(() => false))
  assert.isDefined(HeldContents.of(held))
  return held
}

const roads = Object.values(WireFormat.table)

const texts = (record: SpanRecord): ReadonlyArray<string> =>
  roads.flatMap((format) => [
    canonical(SpanEvent.render(record, format)),
    canonical(MetaStruct.render(record, format)),
    canonical(unpack(V04.packStruct(record, format))),
    canonical(sent(record, format))
  ])

// As the intake reads it.
const sent = (record: SpanRecord, format: WireFormat.WireFormat): {} => {
  const [libraryVersion, event] = ["1", SpanEvent.render(record, format)]
  const body = JSON.parse(new TextDecoder().decode(IntakeBody.encode(record, format, { libraryVersion })))
  assert.deepStrictEqual(body, JSON.parse(Envelope.encode(Envelope.make(event, libraryVersion))))
  return body
}

// A snapshot and a name have no lone surrogates.
const wellFormed = <A>(value: A): A =>
  typeof value === "string"
    ? value.toWellFormed() as A
    : Array.isArray(value)
    ? value.map(wellFormed) as A
    : typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), wellFormed(item)])) as A
    : value

describe("ContentPages", () => {
  it("keeps each content apart after one that could not be packed", () => {
    const pages = budget()
    const make = (letter: string): SpanRecord => {
      const record = Records.makeRecord({ annotation: { metadata: { letter: letter.repeat(100_000) } } })
      const { metadata } = record.annotation
      const kept = letter === "!"
        ? Object.defineProperty({ ...metadata }, "last", {
          enumerable: true,
          get: () => assert.fail("the stack is full")
        })
        : metadata
      return { ...record, annotation: { ...record.annotation, metadata: kept! } }
    }
    const first = make("a")
    pages.reserve(first)
    pages.reserve(make("b"))
    assert.throws(() => pages.reserve(make("!")))
    pages.release(first)
    const records = [..."cdefghij"].map(make)
    for (const record of records) pages.reserve(record)
    const kept = records.map((record) => (HeldContents.of(record)!.meta["metadata"] as { letter: string }).letter)
    assert.deepStrictEqual(kept.map((text) => new Set(text)), [..."cdefghij"].map((letter) => new Set(letter)))
  })

  it.prop(
    "renders any event the same before and after it was packed, and from a disk",
    [Schemas.SpanRecord],
    ([any]) => {
      const record = wellFormed(any)
      const held = packed(record)
      assert.deepStrictEqual(texts(held), texts(record))
      assert.deepStrictEqual(texts(RecordCodec.decode(RecordCodec.encode(held)).value!), texts(record))
    }
  )

  const contents: ReadonlyArray<readonly [string, Parameters<typeof Records.makeContext>[0], AnnotationInput]> = [
    ["messages", { kind: "llm" }, { input: [{ role: "user", content: "Hi" }], output: "Hello", metadata: { a: 1 } }],
    ["documents", { kind: "retrieval" }, { input: "question", output: [{ text: "one", score: 0.5 }] }],
    ["values", { kind: "task" }, { input: { a: [1, null, "x"] }, output: 7, intent: "to help" }],
    ["an agent", { kind: "agent" }, {
      agentName: "guide",
      manifest: { instructions: "Be brief." },
      costTags: ["team"]
    }],
    ["a prompt", { kind: "llm" }, { input: "Hi", prompt: { id: "p", template: "{{a}}", variables: { a: "b" } } }],
    ["a prompt alone", { kind: "llm" }, { prompt: { id: "p", template: "t" } }],
    ["tools", { kind: "llm" }, { toolDefinitions: [{ name: "t", description: "d", schema: { type: "object" } }] }]
  ]
  for (const [name, context, annotation] of contents) {
    it(`gives a reader of a record its annotation as it was: ${name}`, () => {
      const record = Records.makeRecord({ context: Records.makeContext(context), annotation })
      const held = packed(record)
      assert.deepStrictEqual(texts(held), texts(record))
      assert.deepStrictEqual(held.annotation.metrics, record.annotation.metrics)
      if (annotation.prompt !== undefined) return
      assert.deepStrictEqual(held.annotation.input, record.annotation.input)
      assert.deepStrictEqual(held.annotation.output, record.annotation.output)
      assert.deepStrictEqual(held.annotation.toolDefinitions, record.annotation.toolDefinitions)
      assert.strictEqual(held.annotation.intent, record.annotation.intent)
    })
  }

  it("renders every hostile value the same before and after it was packed", () => {
    for (const value of HostileValue.each()) {
      const context = Records.makeContext({ kind: "task" })
      const record = Records.makeRecord({ context, annotation: { input: value as {}, metadata: { value } } })
      assert.deepStrictEqual(texts(packed(record)), texts(record))
    }
  })

  it("writes the error of a span only where the road has one", () => {
    const error = { type: "E", message: "m", stack: "s" }
    const record = Records.makeRecord({ annotation: { input: "Hi" }, error })
    const held = packed(record)
    const meta = (road: WireFormat.Road) => unpack(V04.packStruct(held, WireFormat.table[road])).meta
    assert.deepStrictEqual(meta("trace-agent").error, error)
    assert.notProperty(meta("trace-intake"), "error")
  })

  it("charges an event the bytes of its content and a fixed part, and nothing after its release", () => {
    const all = budget()
    const [small, large] = [10, 100_010].map((length) =>
      Records.makeRecord({ annotation: { input: "世".repeat(length) } })
    )
    all.reserve(small!)
    const before = all.used()
    all.reserve(large!)
    assert.isAtMost(Math.abs(all.used() - 2 * before - 300_000), 10)
    assert.strictEqual(
      HeldContents.of(large!)!.place!.length,
      all.used() - 2 * before + HeldContents.of(small!)!.place!.length
    )
    for (const record of [small!, large!, large!]) all.release(record)
    assert.strictEqual(all.used(), 0)
    assert.deepStrictEqual(HeldContents.of(large!)!.meta, {})
  })

  it("gives an event room by what it holds, beside values that a later annotation replaced", () => {
    let largest = 0
    const given = Object.getOwnPropertyDescriptor(Buffer, "allocUnsafeSlow")!
    const allocate = given.value as (bytes: number) => Buffer
    const value = (bytes: number) => {
      largest = Math.max(largest, bytes)
      return allocate(bytes)
    }
    const annotation = Annotation.owned(Annotation.empty)
    for (let times = 0; times < 100; times++) {
      Annotation.append(
        annotation,
        Records.makeRecord({ annotation: { input: "x".repeat(200_000 + times) } }).annotation
      )
    }
    const record = { ...Records.makeRecord(), annotation, bytes: annotation.bytes }
    const all = budget(1_000_000)
    try {
      Object.defineProperty(Buffer, "allocUnsafeSlow", { ...given, value })
      assert.isTrue(all.reserve(record))
    } finally {
      Object.defineProperty(Buffer, "allocUnsafeSlow", given)
    }
    assert.isAtMost(largest, 300_000)
    assert.isAtMost(all.used(), 210_000)
  })

  const steps = Arbitrary.array(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 200_000 }))),
    { minLength: 200, maxLength: 400 }
  )

  it.prop(
    "keeps every content as it was, in pages of at most about twice its bytes, however events come and go",
    [steps],
    ([steps]) => {
      const all = budget()
      const held: Array<{ readonly record: SpanRecord; readonly text: string }> = []
      let at = 0
      for (const step of steps) {
        const release = step % 3 === 0 || held.length > 60
        if (release && held.length > 0) {
          const [gone] = held.splice(step % held.length, 1)
          all.release(gone!.record)
        } else {
          const text = `${at++} ${"é".repeat(step % 7 === 0 ? step : step % 9_000)}`
          const record = Records.makeRecord({ annotation: { metadata: { text } } })
          all.reserve(record)
          held.push({ record, text })
        }
      }
      const pages = new Set<HeldContents.Page>()
      let live = 0
      for (const { record, text } of held) {
        const content = HeldContents.of(record)!
        assert.isTrue((content.meta["metadata"] as { text: string }).text === text)
        pages.add(content.place!.page)
        live += content.place!.length
      }
      const bytes = [...pages].reduce((sum, page) => sum + page.bytes.byteLength, 0)
      assert.isAtMost(bytes, live * 2 + 2 * 256 * 1024)
    },
    { arbitrary: { runs: 30 } }
  )
})
