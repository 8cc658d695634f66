import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as RelayBatch from "../../../src/adapters/redis/RelayBatch.ts"

const event = (size: number, fill = 0x78) => ({ bytes: new Uint8Array(size).fill(fill) })
const mebibyte = 1024 * 1024

describe("RelayBatch", () => {
  it.prop(
    "cuts batches of at most 1 MiB in order without omissions, or of one larger event",
    [Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 * mebibyte })))],
    ([sizes]) => {
      const events = sizes.map((size) => ({ bytes: { byteLength: size } as Uint8Array }))
      const batches = RelayBatch.partition(events)
      assert.deepStrictEqual(batches.flat(), events)
      for (const batch of batches) {
        const bytes = batch.reduce((sum, { bytes }) => sum + bytes.byteLength + 1, 0)
        assert.isTrue(batch.length === 1 || bytes <= mebibyte)
        assert.isAbove(batch.length, 0)
      }
    }
  )

  it("fills a batch before it begins another", () => {
    const events = Array.from({ length: 10 }, () => event(mebibyte / 4 - 1))
    assert.deepStrictEqual(RelayBatch.partition(events).map((batch) => batch.length), [4, 4, 2])
  })

  it("gives the same events the same id, and other events another id", () => {
    const id = (...events: ReadonlyArray<ReturnType<typeof event>>) => RelayBatch.make(events, Math.random()).id
    assert.strictEqual(id(event(3), event(2)), id(event(3), event(2)))
    assert.notStrictEqual(id(event(3), event(2)), id(event(2), event(3)))
    assert.notStrictEqual(id(event(5)), id(event(3), event(2)))
  })

  it("keeps the text of events unchanged", () => {
    const text = `{"start_ns":1700000000123456789,"a":"é\\u0000😀"}`
    const { batch } = RelayBatch.make([{ bytes: new TextEncoder().encode(text) }], 5)
    const codec = Schema.toCodecJson(RelayBatch.RelayBatch)
    const json = JSON.stringify(Schema.encodeUnknownSync(codec)(batch))
    assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(JSON.parse(json)), {
      version: 1,
      offeredAt: 5,
      events: [text]
    })
  })
})
