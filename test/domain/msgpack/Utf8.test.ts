import { afterAll, assert, describe, it, vi } from "@effect/vitest"

const load = async () => {
  vi.resetModules()
  return {
    Utf8: await import("../../../src/domain/msgpack/Utf8.ts"),
    MsgpackWriter: await import("../../../src/domain/msgpack/MsgpackWriter.ts"),
    PackedJson: await import("../../../src/domain/msgpack/PackedJson.ts"),
    JsonTranscoder: await import("../../../src/domain/msgpack/JsonTranscoder.ts")
  }
}

const onNode = await load()
vi.stubGlobal("Buffer", undefined)
const elsewhere = await load()
vi.unstubAllGlobals()

const texts = [
  "",
  "a",
  "é\ud800",
  "\ufeff",
  "\ufeffwith a byte order mark, and long enough for a pass",
  "世😀".repeat(9_000)
]

describe("Utf8", () => {
  afterAll(() => vi.resetModules())

  it("uses Node's buffers where there are some", () => {
    assert.deepStrictEqual([onNode.Utf8.hasBuffers, elsewhere.Utf8.hasBuffers], [true, false])
  })

  for (const [name, { JsonTranscoder, MsgpackWriter, PackedJson, Utf8 }] of Object.entries({ onNode, elsewhere })) {
    it(`gives every text back as it was written, but for lone surrogates: ${name}`, () => {
      for (const text of texts) {
        const page = Utf8.allocate(text.length * 3 + 3)
        const end = 3 + Utf8.write(page, text, 3)
        assert.isAtMost(end, page.byteLength)
        assert.strictEqual(Utf8.read(page, 3, end), text.toWellFormed())
      }
    })

    it(`packs content, and reads it and writes it as JSON with the same texts: ${name}`, () => {
      const packed = new MsgpackWriter.MsgpackWriter()
      packed.begin()
      packed.members({ texts })
      const members = { texts: texts.map((text) => text.toWellFormed()) }
      assert.deepStrictEqual(PackedJson.readMembers(packed.buffer, packed.offset, 1), members)
      const out = new MsgpackWriter.MsgpackWriter()
      out.begin()
      new JsonTranscoder.JsonTranscoder(() => undefined).members(packed.buffer, packed.offset, 1, out)
      assert.strictEqual(`{${Utf8.read(out.buffer, out.offset, out.offset + out.length)}}`, JSON.stringify(members))
    })
  }
})
