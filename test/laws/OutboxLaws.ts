/** The laws that every outbox keeps towards its takers, whatever it is made of. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import * as Records from "../domain/Records.ts"

export { drain, idOf, offer, settle } from "./Held.ts"

/** An event that was taken and is not settled yet. */
export interface Lent {
  readonly id: number
  /** Gives it back, in front. */
  readonly restore: Effect.Effect<void>
  /** It was delivered or dropped. */
  readonly settle: Effect.Effect<void>
}

/** An outbox, as its users on both sides see it. */
export interface Subject {
  readonly offer: (record: SpanRecord) => Effect.Effect<boolean>
  /** Waits for what is on its way: `undefined` says that nothing waits. */
  readonly take: Effect.Effect<Lent | undefined>
  /** Events held, lent ones included. */
  readonly size: Effect.Effect<number>
  readonly isWaiting: Effect.Effect<boolean>
  /** The bytes that its events reserve in the budget that bounds them; zero when it is empty. */
  readonly used: Effect.Effect<number>
}

/** The laws that an outbox keeps by design, beside those that every outbox keeps. */
export interface Kept {
  /** Events come out in the order in which they were offered. */
  readonly ordered: boolean
  /** How many events can be lent at a time. */
  readonly lends: number
  /** It refuses some of `bound` events of 3,000 characters when none is taken, and takes more when there is room again. */
  readonly bound?: number
  /** How many random schedules are tried. */
  readonly runs?: number
}

export const record = (id: number, characters = 100, account?: string): SpanRecord =>
  Records.makeRecord({
    context: Records.makeContext({ spanId: String(id), account }),
    annotation: { input: "x".repeat(characters) }
  })

/** Takes and settles until nothing comes; gives the ids in the order in which they came. */
const takeAll = ({ take }: Subject): Effect.Effect<ReadonlyArray<number>> =>
  Effect.gen(function*() {
    const ids: Array<number> = []
    for (let lent = yield* take; lent !== undefined; lent = yield* take) {
      ids.push(lent.id)
      yield* lent.settle
    }
    return ids
  })

const sorted = (ids: Iterable<number>): ReadonlyArray<number> => [...ids].sort((a, b) => a - b)

const few = 6

const Schedule = Schema.Array(Schema.Struct({
  step: Schema.Literals(["offer", "offer", "offer", "take", "take", "restore", "settle"]),
  characters: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_000 }))
})).check(Schema.isMinLength(20))

/** Six events of 100 characters must have room in a subject. */
export const outboxLaws = (
  name: string,
  kept: Kept,
  make: Effect.Effect<Subject, never, Scope.Scope>
): void => {
  describe(`the outbox laws for ${name}`, () => {
    it.live(
      kept.ordered
        ? `lends offered events once in order from ${name}, and counts each until it is settled`
        : `lends offered events once from ${name}, and counts each until it is settled`,
      () =>
        Effect.gen(function*() {
          const subject = yield* make
          const ids = Array.from({ length: few }, (_, index) => index + 1)
          for (const id of ids) assert.isTrue(yield* subject.offer(record(id)))
          assert.strictEqual(yield* subject.size, few)
          const first = (yield* subject.take)!
          assert.strictEqual(yield* subject.size, few)
          yield* first.settle
          assert.strictEqual(yield* subject.size, few - 1)
          const came = [first.id, ...yield* takeAll(subject)]
          assert.deepStrictEqual(kept.ordered ? came : sorted(came), ids)
          assert.strictEqual(yield* subject.size, 0)
          assert.isFalse(yield* subject.isWaiting)
          assert.strictEqual(yield* subject.used, 0)
        })
    )

    it.live(`lends a returned event first again from ${name}`, () =>
      Effect.gen(function*() {
        const subject = yield* make
        for (let id = 1; id <= 3; id++) yield* subject.offer(record(id))
        const lent: Array<Lent> = []
        for (let taken = 0; taken < Math.min(2, kept.lends); taken++) lent.push((yield* subject.take)!)
        for (const one of [...lent].reverse()) yield* one.restore
        assert.strictEqual(yield* subject.size, 3)
        const again = yield* takeAll(subject)
        assert.deepStrictEqual(again.slice(0, lent.length), lent.map(({ id }) => id))
        assert.deepStrictEqual(sorted(again), [1, 2, 3])
      }))

    it.live(`reports that events wait in ${name} exactly as long as one can be taken`, () =>
      Effect.gen(function*() {
        const { isWaiting, offer, take } = yield* make
        assert.isFalse(yield* isWaiting)
        assert.isUndefined(yield* take)
        yield* offer(record(1))
        assert.isTrue(yield* isWaiting)
        const lent = (yield* take)!
        assert.isFalse(yield* isWaiting)
        assert.isUndefined(yield* take)
        yield* lent.restore
        assert.isTrue(yield* isWaiting)
        yield* (yield* take)!.settle
        assert.isFalse(yield* isWaiting)
      }))

    const { bound } = kept
    if (bound !== undefined) {
      it.live(`refuses events without room in ${name}, never lends them, and accepts later ones after a release`, () =>
        Effect.gen(function*() {
          const subject = yield* make
          const accepted: Array<number> = []
          for (let id = 1; id <= bound; id++) if (yield* subject.offer(record(id, 3_000))) accepted.push(id)
          assert.isBelow(accepted.length, bound)
          assert.strictEqual(yield* subject.size, accepted.length)
          assert.deepStrictEqual(sorted(yield* takeAll(subject)), accepted)
          assert.isTrue(yield* subject.offer(record(bound + 1, 3_000)))
          assert.deepStrictEqual(yield* takeAll(subject), [bound + 1])
        }))
    }

    it.live.prop(
      `keeps each accepted event of ${name} waiting, lent or settled, and lends it once, for any schedule`,
      [Schedule],
      ([schedule]) =>
        Effect.gen(function*() {
          const subject = yield* make
          const waiting = new Set<number>()
          const lent: Array<Lent> = []
          let next = 1
          for (const { characters, step } of schedule) {
            switch (step) {
              case "offer": {
                const id = next++
                if (yield* subject.offer(record(id, characters))) waiting.add(id)
                break
              }
              case "take": {
                if (lent.length === kept.lends) break
                const taken = yield* subject.take
                assert.strictEqual(taken === undefined, waiting.size === 0)
                if (taken === undefined) break
                assert.isTrue(waiting.delete(taken.id), "it was offered, and nobody has it")
                lent.push(taken)
                break
              }
              case "restore": {
                const given = lent.pop()
                if (given === undefined) break
                yield* given.restore
                waiting.add(given.id)
                break
              }
              case "settle": {
                yield* lent.shift()?.settle ?? Effect.void
              }
            }
            assert.strictEqual(yield* subject.size, waiting.size + lent.length)
            assert.strictEqual(yield* subject.isWaiting, waiting.size > 0)
          }
          for (const { settle } of lent) yield* settle
          assert.deepStrictEqual(sorted(yield* takeAll(subject)), sorted(waiting))
          assert.strictEqual(yield* subject.size, 0)
          assert.strictEqual(yield* subject.used, 0)
        }),
      { arbitrary: { runs: kept.runs ?? 100 }, timeout: 300_000 }
    )
  })
}
