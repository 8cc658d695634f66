import { assert, describe, it } from "@effect/vitest"
import { HeldContent } from "../../../src/domain/event/HeldContent.ts"
import * as IntakeBody from "../../../src/domain/event/IntakeBody.ts"
import * as SpanMeta from "../../../src/domain/event/SpanMeta.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import { makeContext, makeRecord } from "../Records.ts"

const format = WireFormat.table["evp-proxy"]

const held = (record: SpanRecord): SpanRecord => {
  const out = new MsgpackWriter()
  out.begin()
  const members = out.members(SpanMeta.content(record))
  const place = { page: { bytes: out.buffer }, start: out.offset, length: out.length, members }
  return { ...record, annotation: new HeldContent(record.annotation, place) as unknown as SpanRecord["annotation"] }
}

const encoded = (record: SpanRecord, maxEventBytes?: number): string =>
  new TextDecoder().decode(IntakeBody.encode(record, format, { libraryVersion: "1", maxEventBytes }))

describe("IntakeBody", () => {
  it("writes the same text from packed content and from plain content", () => {
    const error = { type: "E", message: "a \"b\"\n", stack: "at c" }
    const experiment = { experimentId: "e", tags: { experiment_id: "e" } }
    const context = makeContext({ labels: { experiment } })
    for (const record of [makeRecord({ annotation: { input: "Hi" } }), makeRecord({ context, error })]) {
      assert.strictEqual(encoded(held(record)), encoded(record))
    }
  })

  it("writes the same text from packed and from plain content if the event is too large", () => {
    const record = makeRecord({ annotation: { input: "x\n".repeat(30_000) } })
    assert.strictEqual(encoded(held(record), 20_000), encoded(record, 20_000))
    assert.include(encoded(held(record), 20_000), "bytes left out]")
    assert.strictEqual(encoded(held(record)), encoded(record))
  })

  it("keeps an event in its envelope within the limit, whatever it is that is cut", () => {
    const record = makeRecord({ annotation: { input: "Hi" } })
    for (const given of [record, held(record)]) {
      const tagged = { ...given, tags: { ...given.tags, long: "x".repeat(50_000) } }
      const text = encoded(tagged, 20_000)
      assert.include(text, "bytes left out]")
      assert.isAtMost(text.length, 20_000)
      assert.lengthOf(JSON.parse(`[${text}]`), 1)
    }
  })

  it("writes the same event in steps, among which others are written, as in one, even if it is cut", () => {
    const error = { type: "E", message: "a \"b\"\n", stack: "at c" }
    const texts = ["世\n".repeat(200_000), `${"\"\u0001".repeat(300_000)}\ud800`]
    const large = held(makeRecord({ error, annotation: { input: texts[0]!, output: { texts, list: [1, "x", {}] } } }))
    const small = makeRecord({ annotation: { input: "Hi" } })
    assert.deepStrictEqual([large, small, held(small)].map(IntakeBody.isLarge), [true, false, false])
    for (const maxEventBytes of [50_000_000, 3_700_000, 1_000_000]) {
      const { steps, write } = IntakeBody.writer(format, { libraryVersion: "1", maxEventBytes })
      const [out, other] = [new MsgpackWriter(), new MsgpackWriter()]
      out.begin()
      let count = 0
      for (const _ of steps(large, out)) {
        write(small, other)
        count++
      }
      assert.isAbove(count, 15)
      assert.isTrue(new TextDecoder().decode(out.end()) === encoded(large, maxEventBytes), String(maxEventBytes))
    }
  })

  it("gives a body of no events, and of some", () => {
    const event = new TextEncoder().encode("{}")
    const body = (events: ReadonlyArray<Uint8Array>) => new TextDecoder().decode(IntakeBody.join(events))
    assert.deepStrictEqual([body([]), body([event]), body([event, event])], ["[]", "[{}]", "[{},{}]"])
  })
})
