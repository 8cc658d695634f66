import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as PackingPace from "../../../src/engine/lane/PackingPace.ts"

const { least, most } = PackingPace.turnMillis

/** A pace on a clock that only work moves. */
const make = (filled = 0) => {
  const clock = { millis: 100 }
  const pace = PackingPace.make({ elapsed: () => clock.millis, filled: () => filled })
  const work = (millis: number) => {
    clock.millis += millis
  }
  return {
    ...pace,
    work,
    /** Packs for as long as this turn allows, in slices. Returns the milliseconds of each. */
    turn: Effect.gen(function*() {
      const slices: Array<number> = []
      while (!pace.isSpent()) {
        const isOver = pace.slice()
        const before = clock.millis
        while (!isOver()) work(0.5)
        slices.push(clock.millis - before)
        yield* pace.pause
      }
      return slices
    }),
    /** What else runs until the next turn. */
    others: (millis: number) =>
      Effect.andThen(Effect.sync(() => work(millis)), Effect.andThen(Effect.yieldNow, Effect.yieldNow))
  }
}

describe("PackingPace", () => {
  it.effect("packs a few milliseconds in each turn of a loop that is free", () =>
    Effect.gen(function*() {
      const { others, turn } = make()
      for (let i = 0; i < 3; i++) {
        assert.deepStrictEqual(yield* turn, [least])
        yield* others(0.1)
      }
    }))

  it.effect("packs no longer after a long turn of others while memory is empty", () =>
    Effect.gen(function*() {
      const { others, turn } = make()
      yield* turn
      yield* others(1_000)
      assert.deepStrictEqual(yield* turn, [least])
    }))

  it.effect("packs a share of a long turn of others while memory is filled, in slices, up to a limit", () =>
    Effect.gen(function*() {
      const { others, turn } = make(1 / 16)
      yield* turn
      yield* others(10)
      assert.deepStrictEqual(yield* turn, [PackingPace.sliceMillis, PackingPace.sliceMillis, 2])
      yield* others(0)
      assert.deepStrictEqual(yield* turn, [least])
    }))

  it.effect("packs no longer than a limit in a turn, however full memory is", () =>
    Effect.gen(function*() {
      const { others, turn } = make(1)
      yield* turn
      yield* others(1_000)
      assert.strictEqual((yield* turn).reduce((sum, millis) => sum + millis), most)
    }))

  it.effect("starts a slice with all of its time after a rest without packing", () =>
    Effect.gen(function*() {
      const { isSpent, others, pause, slice, turn, work } = make()
      slice()
      yield* pause
      yield* others(0)
      work(60_000)
      assert.isFalse(isSpent())
      assert.deepStrictEqual(yield* turn, [least])
    }))
})
