/** What every outbox owes the lanes that take from it, whatever it is made of. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { SpanRecord } from "../../src/domain/SpanRecord.ts"
import type { ByteBudget } from "../../src/engine/ByteBudget.ts"
import type { Item, OutboxService } from "../../src/ports/Outbox.ts"
import * as Records from "../domain/Records.ts"

/** An outbox with the budget that it stands behind. */
export interface Held {
  readonly outbox: OutboxService
  readonly budget: ByteBudget
}

/** `close` is called when the test is over. */
export interface Subject extends Held {
  readonly close: () => void
}

export const record = (id: number, characters = 100): SpanRecord =>
  Records.makeRecord({
    context: Records.makeContext({ spanId: String(id) }),
    annotation: { input: "x".repeat(characters) }
  })

export const idOf = (item: Item): number => Number(item.record.context.spanId)

/** As the router does: what memory has no room for is held elsewhere, or refused. */
export const offer = ({ budget, outbox }: Held, record: SpanRecord, now = 0): boolean =>
  budget.reserve(record) ? outbox.offer(record, { now, uncertain: false }) : outbox.spill?.(record) === true

/** As the lanes do. */
export const settle = ({ budget, outbox }: Held, item: Item): void => {
  outbox.settle(item)
  budget.release(item.record)
}

/** Takes and settles until nothing comes; gives the ids in the order in which they came. */
export const drain = (subject: Held): ReadonlyArray<number> => {
  const ids: Array<number> = []
  for (let item = subject.outbox.take(); item !== undefined; item = subject.outbox.take()) {
    ids.push(idOf(item))
    settle(subject, item)
  }
  return ids
}

const Schedule = Schema.Array(Schema.Struct({
  step: Schema.Literals(["offer", "offer", "offer", "take", "take", "restore", "settle"]),
  characters: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_000 }))
})).check(Schema.isMinLength(20))

/** Twenty events of 100 characters must have room in the memory of a subject. */
export const outboxLaws = (name: string, make: () => Subject): void => {
  const using = (test: (subject: Subject) => void) => () => {
    const subject = make()
    try {
      test(subject)
    } finally {
      subject.close()
    }
  }

  describe(`the laws of an outbox, for ${name}`, () => {
    it(
      "what was offered comes out in its order, once, and is counted until it is settled",
      using((subject) => {
        const { outbox } = subject
        for (let id = 1; id <= 20; id++) assert.isTrue(offer(subject, record(id)))
        assert.strictEqual(outbox.size(), 20)
        const first = outbox.take()!
        assert.strictEqual(idOf(first), 1)
        assert.strictEqual(outbox.size(), 20)
        settle(subject, first)
        assert.strictEqual(outbox.size(), 19)
        assert.deepStrictEqual(drain(subject), Array.from({ length: 19 }, (_, i) => i + 2))
        assert.strictEqual(outbox.size(), 0)
        assert.strictEqual(outbox.waitingBytes(), 0)
      })
    )

    it(
      "what is given back comes first again",
      using((subject) => {
        const { outbox } = subject
        for (let id = 1; id <= 3; id++) offer(subject, record(id))
        const first = outbox.take()!
        const second = outbox.take()!
        outbox.restore(second)
        outbox.restore(first)
        assert.deepStrictEqual(drain(subject), [1, 2, 3])
      })
    )

    it(
      "bytes wait exactly as long as there is something to take",
      using((subject) => {
        const { outbox } = subject
        assert.strictEqual(outbox.waitingBytes(), 0)
        assert.isUndefined(outbox.take())
        offer(subject, record(1))
        assert.isAbove(outbox.waitingBytes(), 0)
        const item = outbox.take()!
        assert.strictEqual(outbox.waitingBytes(), 0)
        outbox.restore(item)
        assert.isAbove(outbox.waitingBytes(), 0)
        drain(subject)
        assert.strictEqual(outbox.waitingBytes(), 0)
      })
    )

    it.prop(
      "any schedule: an accepted event is waiting, lent or settled, and comes out once; a refused one never does",
      [Schedule],
      ([schedule]) =>
        using((subject) => {
          const { budget, outbox } = subject
          const waiting = new Set<number>()
          const lent: Array<Item> = []
          const settled = new Set<number>()
          let next = 1
          for (const { characters, step } of schedule) {
            switch (step) {
              case "offer": {
                const id = next++
                if (offer(subject, record(id, characters))) waiting.add(id)
                break
              }
              case "take": {
                const item = outbox.take()
                if (item === undefined) break
                assert.isTrue(waiting.delete(idOf(item)), "it was offered, and nobody has it")
                lent.push(item)
                break
              }
              case "restore": {
                const item = lent.pop()
                if (item === undefined) break
                outbox.restore(item)
                waiting.add(idOf(item))
                break
              }
              case "settle": {
                const item = lent.shift()
                if (item === undefined) break
                settle(subject, item)
                settled.add(idOf(item))
              }
            }
            assert.strictEqual(outbox.size(), waiting.size + lent.length)
            assert.strictEqual(outbox.waitingBytes() > 0, waiting.size > 0)
          }
          for (const item of lent) settle(subject, item)
          const rest = drain(subject)
          assert.deepStrictEqual([...rest].sort((a, b) => a - b), [...waiting].sort((a, b) => a - b))
          assert.strictEqual(outbox.size(), 0)
          assert.strictEqual(budget.used(), 0)
        })()
    )
  })
}
