import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as V04 from "../../../src/adapters/agent/V04.ts"
import * as TracePayload from "../../../src/adapters/devagent/TracePayload.ts"
import * as IntakeBody from "../../../src/domain/event/IntakeBody.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import type { TraceChunk } from "../../../src/domain/trace/TraceChunk.ts"
import * as PayloadSlabs from "../../../src/engine/lane/PayloadSlabs.ts"
import * as Records from "../../domain/Records.ts"

describe("PayloadSlabs", () => {
  const format = WireFormat.table["trace-agent"]
  const chunk = (text: string): TraceChunk => ({
    spans: [{ span: Records.makeApmSpan({ name: text }), rider: undefined }]
  })
  const packed = (slabs: PayloadSlabs.PayloadSlabs, name: string) =>
    slabs.pack((out) => V04.writeChunk(out, chunk(name), format))
  const namesOf = (payload: Uint8Array): ReadonlyArray<string> => {
    const decoded = TracePayload.decode(payload)
    assert.isTrue(decoded.ok, decoded.ok ? "" : decoded.message)
    return decoded.ok ? decoded.chunks.flatMap((spans) => spans.map(({ name }) => name)) : []
  }

  it("packs a payload in place, and uses its slab again only after all of its chunks were delivered", () => {
    const slabs = PayloadSlabs.make(V04.layout, [])
    const chunks = ["a", "b", "c", "d"].map((name) => packed(slabs, name))
    const whole = slabs.payload(chunks)
    assert.strictEqual(whole.buffer, chunks[0]!.bytes.buffer)
    assert.deepStrictEqual(namesOf(whole), ["a", "b", "c", "d"])
    // The request failed, and its halves are sent.
    const [first, second] = [chunks.slice(0, 2), chunks.slice(2)]
    assert.deepStrictEqual(namesOf(slabs.payload(first)), ["a", "b"])
    slabs.release(first)
    const later = packed(slabs, "later")
    assert.notStrictEqual(later.bytes.buffer, whole.buffer)
    assert.deepStrictEqual(namesOf(slabs.payload(second)), ["c", "d"])
    slabs.release(second)
    assert.deepStrictEqual(namesOf(slabs.payload([later])), ["later"])
    assert.strictEqual(packed(slabs, "last").bytes.buffer, whole.buffer)
  })

  it("packs a chunk that exceeds a slab, and those after it", () => {
    const slabs = PayloadSlabs.make(V04.layout, [])
    const names = ["a", "x".repeat(3_000_000), "b", "y".repeat(2_000_000), "c"]
    const chunks = names.map((name) => packed(slabs, name))
    assert.deepStrictEqual(namesOf(slabs.payload(chunks)), names)
  })

  it("copies no part that exceeds a slab, if it is alone in its payload", () => {
    const slabs = PayloadSlabs.make(V04.layout, [])
    const name = "x".repeat(3_000_000)
    const part = packed(slabs, name)
    const payload = slabs.payload([part])
    assert.strictEqual(payload.buffer, part.bytes.buffer)
    assert.deepStrictEqual(namesOf(payload), [name])
    // After it failed, it is sent again with another one.
    assert.deepStrictEqual(namesOf(slabs.payload([part, packed(slabs, "b")])), [name, "b"])
  })

  it("sends a part without a copy that was written in steps, while others were packed and sent", () => {
    const slabs = PayloadSlabs.make(IntakeBody.layout, [])
    const text = JSON.stringify("x".repeat(300_000))
    const steps = slabs.steps(function*(out) {
      for (let from = 0; from < text.length; from += 50_000) {
        out.plain(text.slice(from, from + 50_000))
        yield
      }
    })
    const bodyOf = (parts: ReadonlyArray<PayloadSlabs.Part>) => new TextDecoder().decode(slabs.payload(parts))
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) {
      const others = [slabs.pack((out) => out.plain("1")), slabs.pack((out) => out.plain("2"))]
      assert.strictEqual(bodyOf(others), "[1,2]")
      slabs.release(others)
    }
    const part = step.value
    const one = slabs.pack((out) => out.plain("1"))
    assert.isTrue(bodyOf([part]) === `[${text}]`)
    assert.strictEqual(slabs.payload([part]).buffer, part.bytes.buffer)
    assert.isTrue(bodyOf([one, part]) === `[1,${text}]`)
    slabs.release([one, part])
    assert.notStrictEqual(slabs.pack((out) => out.plain("3")).bytes.buffer, part.bytes.buffer)
  })

  it("leaves out no chunk of a slab that is full", () => {
    const slabs = PayloadSlabs.make(V04.layout, [])
    const names = Array.from({ length: 40 }, (_, index) => `${index}${"z".repeat(65_000)}`)
    const chunks = names.map((name) => packed(slabs, name))
    assert.deepStrictEqual(namesOf(slabs.payload(chunks)), names)
  })

  it("puts brackets and commas around the events of an intake's body, in place and copied", () => {
    const slabs = PayloadSlabs.make(IntakeBody.layout, [])
    const texts = Array.from({ length: 30 }, (_, index) => JSON.stringify(`${index}${"é".repeat(40_000)}`))
    const events = texts.map((text) => slabs.pack((out) => out.plain(text)))
    const bodyOf = (parts: ReadonlyArray<PayloadSlabs.Part>) => new TextDecoder().decode(slabs.payload(parts))
    const inOneSlab = events.filter(({ bytes }) => bytes.buffer === events[0]!.bytes.buffer)
    assert.isTrue(inOneSlab.length > 5 && inOneSlab.length < 30)
    assert.strictEqual(slabs.payload(inOneSlab).buffer, events[0]!.bytes.buffer)
    for (const [from, to] of [[0, inOneSlab.length], [0, 3], [3, inOneSlab.length], [0, 30], [0, 1]] as const) {
      assert.strictEqual(bodyOf(events.slice(from, to)), `[${texts.slice(from, to).join(",")}]`)
    }
    const foreign = new TextEncoder().encode(texts[0])
    // A frame of its own would be written around it.
    const among = new TextEncoder().encode("x[1]x")
    assert.strictEqual(bodyOf([{ bytes: among.subarray(1, 4) }]), "[[1]]")
    assert.strictEqual(new TextDecoder().decode(among), "x[1]x")
    assert.strictEqual(bodyOf([{ bytes: among.slice().subarray(1) }]), "[[1]x]")
    assert.strictEqual(bodyOf([{ bytes: foreign }, events[1]!]), `[${texts[0]},${texts[1]}]`)
  })

  it("keeps the bytes of every part as they are without a pool", () => {
    const slabs = PayloadSlabs.make(V04.layout, undefined)
    const first = Array.from({ length: 3 }, (_, index) => packed(slabs, `first ${index}`))
    const body = slabs.payload(first)
    slabs.release(first)
    for (let round = 0; round < 100; round++) slabs.payload([packed(slabs, "later")])
    assert.deepStrictEqual(namesOf(body), ["first 0", "first 1", "first 2"])
    assert.deepStrictEqual(namesOf(slabs.payload(first.slice(1))), ["first 1", "first 2"])
  })

  // Of parts that fit into a slab, into a half of one, and into none.
  const bytes = Schema.Literals([10, 60_000, 400_000, 700_000, 1_500_000])
  const steps = Arbitrary.array(
    Arbitrary.schema(
      Schema.Tuple([Schema.Literals(["pack", "pack", "send", "deliver", "split"]), Schema.Boolean, bytes])
    ),
    { minLength: 20, maxLength: 60 }
  )
  it.prop(
    "keeps the bytes of each request in flight, whatever is packed, delivered and split meanwhile",
    [steps],
    ([steps]) => {
      const pool: PayloadSlabs.Pool = []
      const writers = [PayloadSlabs.make(IntakeBody.layout, pool), PayloadSlabs.make(IntakeBody.layout, pool)]
      const waiting: ReadonlyArray<Array<readonly [part: PayloadSlabs.Part, text: string]>> = [[], []]
      const flying: Array<readonly [at: number, parts: (typeof waiting)[0], body: Uint8Array]> = []
      const send = (at: number, parts: (typeof waiting)[0]) => {
        if (parts.length > 0) flying.push([at, parts, writers[at]!.payload(parts.map(([part]) => part))])
      }
      const isWhole = ([, parts, body]: (typeof flying)[0]) =>
        Buffer.from(`[${parts.map(([, text]) => text).join(",")}]`).equals(body)
      steps.forEach(([step, isFirst, size], index) => {
        const at = isFirst ? 0 : 1
        if (step === "pack") {
          const text = String.fromCharCode(0x61 + index % 26).repeat(size)
          waiting[at]!.push([writers[at]!.pack((out) => out.plain(text)), text])
        } else if (step === "send") send(at, waiting[at]!.splice(0))
        else {
          const [gone] = flying.splice(index % Math.max(1, flying.length), 1)
          if (gone === undefined) return
          assert.isTrue(isWhole(gone), `step ${index}`)
          const [from, parts] = gone
          if (step === "deliver") writers[from]!.release(parts.map(([part]) => part))
          else {
            send(from, parts.slice(0, parts.length >> 1))
            send(from, parts.slice(parts.length >> 1))
          }
        }
      })
      assert.isTrue(flying.every(isWhole))
    },
    { arbitrary: { runs: 20 } }
  )

  it("gives a slab to any writer of the pool, and to one at a time", () => {
    const pool: PayloadSlabs.Pool = []
    const [one, other] = [PayloadSlabs.make(V04.layout, pool), PayloadSlabs.make(IntakeBody.layout, pool)]
    const sent = [packed(one, "one")]
    const body = one.payload(sent)
    one.release(sent)
    const event = other.pack((out) => out.plain("{}"))
    assert.strictEqual(event.bytes.buffer, body.buffer)
    assert.notStrictEqual(packed(one, "two").bytes.buffer, body.buffer)
  })
})
