/** The laws that every writer, plugged in or built in, keeps towards the books of its layer. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { Ledger } from "../../src/domain/delivery/Ledger.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"

/** A writer, as its users on both sides see it. */
export interface Subject {
  /** A layer that delivers by the writer, whose spans do not wait for the interval long. */
  readonly layer: Layer.Layer<never>
  /** The names of the events that arrived, one for each time. */
  readonly arrived: Effect.Effect<ReadonlyArray<string>>
  /** Whether what stands behind the writer takes nothing from now on. */
  readonly setDown: (down: boolean) => Effect.Effect<void>
}

/** Options of the layer in a subject: a flush gives up soon, since the laws let some of them wait in vain. */
export const options = { mlApp: "shop", flushInterval: "5 millis", flushTimeout: "400 millis" } as const

/** A running layer: its books stay readable when it is closed. */
export const running = (layer: Layer.Layer<never>) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const context = yield* Layer.buildWithScope(layer, scope)
    const books: Effect.Effect<Ledger> = Effect.map(Effect.provideContext(LLMObs.ledger, context), (ledger) => {
      assert.isTrue(Ledgers.balances(ledger), JSON.stringify(ledger))
      return ledger
    })
    return {
      books,
      record: (name: string) => Effect.provideContext(Effect.void.pipe(LLMObs.llm(name)), context),
      flush: Effect.andThen(Effect.provideContext(LLMObs.flush, context), books),
      close: Effect.andThen(Scope.close(scope, Exit.void), books)
    }
  })

type Running = Effect.Success<ReturnType<typeof running>>

const named = (count: number) => Array.from({ length: count }, (_, index) => `event ${index}`)

const sorted = (names: Iterable<string>) => [...names].sort()

/** Flushes until nothing is pending, for a bounded number of times. */
const flushed = (flush: Running["flush"]) =>
  Effect.gen(function*() {
    let ledger = yield* flush
    for (let again = 0; again < 50 && Ledgers.pending(ledger) > 0; again++) ledger = yield* flush
    return ledger
  })

const Schedule = Schema.Array(Schema.Literals(["record", "record", "record", "flush", "down", "up"])).check(
  Schema.isMinLength(6)
)

export const writerLaws = (
  name: string,
  make: Effect.Effect<Subject, never, Scope.Scope>,
  runs = 10
): void => {
  describe(`the writer laws for ${name}`, () => {
    it.live(`delivers each event once by ${name}, and counts it as delivered`, () =>
      Effect.gen(function*() {
        const { arrived, layer } = yield* make
        const { flush, record } = yield* running(layer)
        for (const name of named(40)) yield* record(name)
        const ledger = yield* flushed(flush)
        assert.strictEqual(Ledgers.delivered(ledger), 40)
        assert.strictEqual(ledger.possibleDuplicates, 0)
        assert.deepStrictEqual(sorted(yield* arrived), sorted(named(40)))
      }))

    it.live(`keeps every event pending while the receiver of ${name} is down, and delivers it afterwards`, () =>
      Effect.gen(function*() {
        const { arrived, layer, setDown } = yield* make
        const { flush, record } = yield* running(layer)
        yield* setDown(true)
        for (const name of named(5)) yield* record(name)
        const held = yield* flush
        assert.deepStrictEqual([Ledgers.delivered(held), Ledgers.pending(held)], [0, 5])
        yield* setDown(false)
        assert.strictEqual(Ledgers.delivered(yield* flushed(flush)), 5)
        assert.deepStrictEqual(sorted(yield* arrived), sorted(named(5)))
      }))

    it.live(`counts every undelivered event of ${name} as dropped when the layer closes`, () =>
      Effect.gen(function*() {
        const { arrived, layer, setDown } = yield* make
        const { close, record } = yield* running(layer)
        yield* setDown(true)
        for (const name of named(5)) yield* record(name)
        const ledger = yield* close
        assert.deepStrictEqual([Ledgers.pending(ledger), ledger.dropped.shutdown], [0, 5])
        assert.deepStrictEqual(yield* arrived, [])
      }))

    it.live.prop(
      `balances the books of ${name} after every step of any schedule, with no loss uncounted`,
      [Schedule],
      ([schedule]) =>
        Effect.gen(function*() {
          const { arrived, layer, setDown } = yield* make
          const { books, close, flush, record } = yield* running(layer)
          let recorded = 0
          for (const step of schedule) {
            if (step === "record") yield* record(`event ${recorded++}`)
            else if (step === "flush") yield* flush
            else yield* setDown(step === "down")
            yield* books
          }
          yield* setDown(false)
          const ledger = yield* Effect.andThen(flushed(flush), close)
          assert.strictEqual(ledger.enqueued, recorded)
          assert.strictEqual(Ledgers.delivered(ledger), recorded)
          const names = yield* arrived
          assert.deepStrictEqual(sorted(new Set(names)), sorted(named(recorded)))
          assert.isAtMost(names.length - recorded, ledger.possibleDuplicates)
        }),
      { arbitrary: { runs }, timeout: 300_000 }
    )
  })
}
