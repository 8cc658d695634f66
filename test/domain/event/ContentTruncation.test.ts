import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as ContentTruncation from "../../../src/domain/event/ContentTruncation.ts"
import * as HeldContents from "../../../src/domain/event/HeldContent.ts"
import * as IntakeBody from "../../../src/domain/event/IntakeBody.ts"
import * as SpanMeta from "../../../src/domain/event/SpanMeta.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"
import type { AnnotationInput } from "../../../src/domain/span/Annotation.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import { makeRecord } from "../Records.ts"

const format = WireFormat.table["evp-proxy"]

/** A record whose content is packed, and cannot be read as values. */
const held = (annotation: AnnotationInput): SpanRecord => {
  const record = makeRecord({ annotation })
  const meta = SpanMeta.content(record)
  const out = new MsgpackWriter()
  out.begin()
  const members = out.members(meta)
  const place = { page: { bytes: out.buffer }, start: out.offset, length: out.length, members }
  const content = new HeldContents.HeldContent(record.annotation, place)
  Object.defineProperty(content, "meta", {
    get: () => {
      throw new Error("The content was read as values.")
    }
  })
  return { ...record, annotation: content as unknown as SpanRecord["annotation"] }
}

const encoded = (record: SpanRecord, maxEventBytes: number) => {
  const bytes = IntakeBody.encode(record, format, { libraryVersion: "1", maxEventBytes })
  const text = new TextDecoder().decode(bytes)
  return { size: bytes.byteLength, text, meta: JSON.parse(text).spans[0].meta }
}

const run = <A>(steps: Generator<void, A>): A => {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

const messages = (...contents: ReadonlyArray<string>) => contents.map((content) => ({ role: "user", content }))

describe("ContentTruncation", () => {
  it("cuts the longest texts to one length and keeps the others, without reading them as values", () => {
    const kept = "k".repeat(2_000)
    const { meta, size } = encoded(
      held({ input: messages(`in${"世\n".repeat(5_000)}in`, kept), output: `out${"\u0001x".repeat(9_000)}out` }),
      20_000
    )
    assert.isAtMost(size, 20_000)
    assert.isAbove(size, 19_900)
    assert.match(meta.input.messages[0].content, /^in世\n[世\n]*\[\d+ bytes left out\][世\n]*世\nin$/)
    assert.match(meta.output.value ?? meta.output.messages[0].content, /^out[^[]*\[\d+ bytes left out\][^\]]*out$/)
    assert.strictEqual(meta.input.messages[1].content, kept)
  })

  it("cuts many texts in many steps, and copies what is between them in pieces", () => {
    const texts = Array.from({ length: 1_000 }, (_, i) => `${i} ${"x".repeat(2_000)}`)
    const { place } = HeldContents.of(held({ input: "x", metadata: { texts } }))!
    let steps = 0
    for (const _ of ContentTruncation.steps(place!, 1_500_000)) steps++
    // Seven pieces are counted, there are fifteen groups of texts, and five pieces are copied.
    assert.approximately(steps, 29, 2)
  })

  it("replaces the largest media contents first", () => {
    const part = (size: number) => ({ mime_type: "image/png", content: "A".repeat(size) })
    const text = "t".repeat(6_000)
    const image_parts = [part(8_000), part(30_000), part(900)]
    const { meta, size } = encoded(held({ input: [{ role: "user", content: text, image_parts }] as never }), 20_000)
    assert.isAtMost(size, 20_000)
    const [message] = meta.input.messages
    assert.strictEqual(message.content, text)
    assert.deepStrictEqual(message.image_parts, [
      part(8_000),
      { ...part(0), content: "[30002 bytes left out]" },
      part(900)
    ])
  })

  it("shrinks content that is larger than an event before it is rendered, to most of the limit", () => {
    const record = held({ input: "in\"".repeat(50_000), output: "世".repeat(30_000) })
    const early = run(ContentTruncation.early(record, 100_000))
    assert.notStrictEqual(early, record)
    const { size } = encoded(early, 100_000)
    assert.isAtMost(size, 100_000)
    assert.isAbove(size, 95_000)
    assert.strictEqual(run(ContentTruncation.early(record, 1_000_000)), record)
  })

  it("leaves content with many short texts to the shrinking of values", () => {
    const record = makeRecord({
      annotation: { input: messages(...Array.from({ length: 200 }, () => "s".repeat(500))) }
    })
    assert.isUndefined(run(ContentTruncation.shrink(record, 50_000)))
    assert.strictEqual(run(ContentTruncation.early(record, 50_000)), record)
    assert.include(encoded(record, 50_000).text, "dropped_io")
  })

  const texts = Arbitrary.all([
    Arbitrary.schema(Schema.String),
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2_000 })))
  ])
  const limit = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 8_000, maximum: 30_000 })))

  it.prop(
    "fits any limit, and gives the same text for packed and plain content",
    [texts, texts, limit],
    ([a, b, limit]) => {
      const [input, output] = [a, b].map(([part, times]) => `${part}é\u0001\n`.repeat(times).toWellFormed())
      const annotation = { input: messages(input!), output: output! }
      const { size, text } = encoded(held(annotation), limit)
      assert.isAtMost(size, limit)
      assert.strictEqual(encoded(makeRecord({ annotation }), limit).text, text)
    },
    { arbitrary: { runs: 40 } }
  )
})
