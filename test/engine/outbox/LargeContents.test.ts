import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as HeldContents from "../../../src/domain/event/HeldContent.ts"
import * as IntakeBody from "../../../src/domain/event/IntakeBody.ts"
import * as Truncation from "../../../src/domain/event/Truncation.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import type { AnnotationInput } from "../../../src/domain/span/Annotation.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as AccountShares from "../../../src/engine/outbox/AccountShares.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import * as ContentPages from "../../../src/engine/outbox/ContentPages.ts"
import * as Records from "../../domain/Records.ts"

const make = (limit = Infinity, maxEventBytes: number = Truncation.defaultLimit) => {
  let calls = 0
  const measure = ContentPages.measuring({})
  const budget = ContentPages.around(AccountShares.make(ByteBudget.make({ limit, measure })), {
    maxEventBytes,
    onLarge: () => void calls++
  })
  return { budget, measure, calls: () => calls, pack: (isOver = () => false) => budget.pack!(isOver) }
}

const event = (annotation: AnnotationInput, account?: string): SpanRecord =>
  Records.makeRecord({ context: Records.makeContext({ kind: "llm", account }), annotation })

const messages = (text: string): AnnotationInput => ({
  input: [{ role: "user", content: text }],
  output: [{ role: "assistant", content: `${text}\n` }]
})

const isPacked = (record: SpanRecord): boolean => HeldContents.of(record) !== undefined

const encoded = (record: SpanRecord, maxEventBytes?: number): Buffer =>
  Buffer.from(IntakeBody.encode(record, WireFormat.table["evp-proxy"], { libraryVersion: "1", maxEventBytes }))

const texts = ["a", "世", "\"", "é"].flatMap((text) => [text.repeat(1_100_000), text.repeat(500_000)])

// Each time, so that every step is a slice of its own.
const always = () => true

describe("LargeContents", () => {
  it("packs large content in many slices, the oldest first, and small content at once", () => {
    const { budget, calls, pack } = make()
    const [first, second, small] = ["世".repeat(600_000), "a".repeat(700_000), "b"].map((text) => event(messages(text)))
    for (const record of [first!, second!, small!]) assert.isTrue(budget.reserve(record))
    assert.deepStrictEqual([first!, second!, small!].map(isPacked), [false, false, true])
    assert.strictEqual(calls(), 2)
    let slices = 0
    while (!isPacked(first!)) {
      assert.isFalse(isPacked(second!))
      assert.isFalse(pack(always))
      slices++
    }
    assert.isAbove(slices, 200)
    assert.isTrue(pack())
    assert.isTrue(isPacked(second!))
    assert.isTrue(pack())
  })

  it("sends the same bytes before, while and after it is packed", () => {
    const { budget, pack } = make()
    for (const text of ["世 \"q\"\n".repeat(120_000), "a".repeat(600_000)]) {
      const record = event({ ...messages(text), metadata: { text, list: [1, [text], null] } })
      const expected = encoded(record)
      assert.isTrue(budget.reserve(record))
      for (let slice = 0; slice < 50; slice++) pack(always)
      assert.isFalse(isPacked(record))
      assert.isTrue(encoded(record).equals(expected))
      pack()
      assert.isTrue(isPacked(record))
      assert.isTrue(encoded(record).equals(expected))
      budget.release(record)
    }
    assert.strictEqual(budget.used(), 0)
  })

  it("charges three bytes for each character of texts that wait, then the bytes of the content", () => {
    const { budget, pack } = make()
    for (const [text, bytes] of [["世", 3], ["a", 1]] as const) {
      const record = event({ input: text.repeat(1_500_000) })
      assert.approximately(budget.measure(record), 1_500_000, 5_000)
      budget.reserve(record)
      assert.approximately(budget.used(), 4_500_000, 5_000)
      pack()
      assert.approximately(budget.used(), bytes * 1_500_000, 5_000)
      budget.release(record)
      assert.strictEqual(budget.used(), 0)
    }
  })

  it("gives the share of an account back as it was", () => {
    const { budget, measure, pack } = make(16_000_000)
    const fits = (characters: number) => !budget.bars(event({ input: "a".repeat(characters) }, "tenant"))
    for (const [text, left] of [["世", 400_000], ["a", 2_800_000]] as const) {
      const record = event({ input: text.repeat(1_200_000) }, "tenant")
      assert.isTrue(budget.reserve(record))
      pack()
      assert.strictEqual(budget.used(), measure(record))
      assert.deepStrictEqual([fits(left - 10_000), fits(left + 10_000)], [true, false])
      budget.release(record)
      assert.isTrue(fits(3_990_000))
    }
  })

  it("packs contents that wait as soon as an event has no room, so none is lost that fits once it is packed", () => {
    const { budget } = make(10_000_000)
    const records = Array.from({ length: 8 }, () => event({ input: "a".repeat(1_200_000) }))
    for (const record of records) {
      assert.isTrue(budget.reserve(record))
      assert.isAtMost(budget.used(), budget.limit)
    }
    assert.isTrue(budget.reserve(event({ input: "a".repeat(300_000) })))
    assert.isFalse(budget.reserve(event({ input: "a".repeat(1_200_000) })))
    for (const record of records) budget.release(record)
    assert.approximately(budget.used(), 300_000, 5_000)
  })

  it("packs contents that wait when content of an open span has no room", () => {
    const { budget } = make(4_000_000)
    const record = event({ input: "a".repeat(1_200_000) })
    budget.reserve(record)
    assert.isTrue(budget.hold(2_500_000, undefined))
    assert.isTrue(isPacked(record))
    budget.free(2_500_000, undefined)
    budget.release(record)
    assert.strictEqual(budget.used(), 0)
  })

  it("packs the contents of an account whose share is full, and of no other", () => {
    const { budget } = make(16_000_000)
    const [own, first, second] = [undefined, "tenant", "tenant"].map((account) =>
      event({ input: "a".repeat(1_200_000) }, account)
    )
    for (const record of [own!, first!, second!]) assert.isTrue(budget.reserve(record))
    assert.deepStrictEqual([own!, first!].map(isPacked), [false, true])
    assert.isFalse(budget.reserve(event({ input: "a".repeat(3_000_000) }, "tenant")))
    assert.isFalse(isPacked(own!))
  })

  it("never takes more than the limit, whatever the contents are packed and cut into", () => {
    const { budget, pack } = make(9_000_000, 2_000_000)
    const records = ["世", "a", "\""].map((text) => event(messages(text.repeat(600_000))))
    for (const record of records) assert.isTrue(budget.reserve(record))
    for (let isDone = false; !isDone; isDone = pack()) assert.isAtMost(budget.used(), budget.limit)
    // The second one fits, and the third could exceed the limit in JSON, but there is no room for two of it.
    assert.deepStrictEqual(records.map(isPacked), [true, true, true])
    for (const record of records) budget.release(record)
    assert.strictEqual(budget.used(), 0)
  })

  it("forgets an event that is released while it waits, or while it is packed", () => {
    const { budget, pack } = make()
    const [first, second, third] = ["a", "b", "c"].map((text) => event(messages(text.repeat(600_000))))
    for (const record of [first!, second!, third!]) budget.reserve(record)
    pack(always)
    budget.release(first!)
    budget.release(second!)
    assert.isTrue(pack())
    assert.deepStrictEqual([first!, second!, third!].map(isPacked), [false, false, true])
    budget.release(third!)
    assert.strictEqual(budget.used(), 0)
  })

  it("packs large content at once if there is room for its bytes alone", () => {
    const { budget, calls, pack } = make(2_000_000)
    const record = event({ input: "a".repeat(1_500_000) })
    assert.isTrue(budget.reserve(record))
    assert.isTrue(isPacked(record))
    assert.isFalse(budget.reserve(event({ input: "a".repeat(1_500_000) })))
    assert.deepStrictEqual([calls(), pack()], [0, true])
  })

  it("takes no more events of a script with three bytes for each character than fit once they are packed", () => {
    const { budget, pack } = make(9_000_000)
    const reserved = ["1", "2", "3"].map((text) => budget.reserve(event({ input: text + "世".repeat(1_200_000) })))
    assert.deepStrictEqual(reserved, [true, true, false])
    assert.isTrue(pack())
    assert.approximately(budget.used(), 7_200_000, 5_000)
  })

  it.prop(
    "keeps within its limit, and gives all bytes back, whatever happens while contents wait",
    {
      steps: Schema.Array(Schema.Struct({
        does: Schema.Literals(["end", "end", "release", "slice", "pack", "hold"]),
        at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5 }))
      })).check(Schema.isMinLength(8))
    },
    ({ steps }) => {
      const { budget, pack } = make(9_000_000, 2_000_000)
      const held: Array<SpanRecord> = []
      let open = 0
      for (const { at, does } of steps) {
        if (does === "end") {
          const record = event({ input: texts[at]! }, at % 2 === 0 ? undefined : "tenant")
          if (budget.reserve(record)) held.push(record)
        } else if (does === "release") held.splice(at, 1).forEach(budget.release)
        else if (does === "hold") open += budget.hold(at * 100_000, undefined) ? at * 100_000 : 0
        else pack(does === "slice" ? always : undefined)
        // Content of open spans is granted a quarter of the limit, even if events fill the rest.
        assert.isAtMost(budget.used(), budget.limit + Math.min(open, budget.limit / 4))
        assert.isAtLeast(budget.used(), open)
      }
      held.forEach(budget.release)
      assert.strictEqual(budget.used(), open)
      budget.free(open, undefined)
      assert.isFalse(budget.bars(event({ input: "a".repeat(2_200_000) }, "tenant")))
      assert.isTrue(budget.reserve(event({ input: "a".repeat(8_900_000) })))
    },
    { arbitrary: { runs: 25 } }
  )

  it("leaves an event that cannot be packed as it is, and goes on with the next one", () => {
    const { budget, pack } = make()
    const [broken, whole] = ["a", "b"].map((text) => event({ input: "x", metadata: { text: text.repeat(1_200_000) } }))
    let isFull = false
    const metadata = Object.defineProperty({ ...broken!.annotation.metadata }, "last", {
      enumerable: true,
      get: () => isFull ? assert.fail("no memory") : "x"
    })
    Object.assign(broken!, { annotation: { ...broken!.annotation, metadata } })
    for (const record of [broken!, whole!]) budget.reserve(record)
    isFull = true
    assert.isTrue(pack())
    assert.deepStrictEqual([broken!, whole!].map(isPacked), [false, true])
  })

  it("cuts an event above the limit in slices, to what it would be cut to when it is encoded", () => {
    for (const [text, limit] of [["世 \"q\"\n", 5_000_000], ["a", 300_000], ["世", 4_000_000]] as const) {
      const { budget, pack } = make(Infinity, limit)
      const record = event(messages(text.repeat(1_200_000)))
      const expected = encoded(record, limit)
      budget.reserve(record)
      let slices = 0
      while (!isPacked(record)) pack(always)
      const whole = HeldContents.of(record)!.place!
      while (!pack(always)) slices++
      assert.isAbove(slices, 5)
      const { cut, place } = HeldContents.of(record)!
      assert.strictEqual(place, whole)
      assert.isBelow(cut!.place!.length, limit)
      assert.approximately(budget.used(), whole.length + cut!.place!.length, 5_000)
      assert.isTrue(encoded(record, limit).equals(expected))
      // Another destination has a limit of its own.
      assert.isAbove(encoded(record, limit * 1.2).byteLength, limit)
      budget.release(record)
      assert.strictEqual(budget.used(), 0)
      assert.isUndefined(HeldContents.of(record)!.cut)
    }
  })
})
