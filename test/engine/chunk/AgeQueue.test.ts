import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as AgeQueue from "../../../src/engine/chunk/AgeQueue.ts"
import * as Steps from "../Steps.ts"

interface Trace {
  readonly at: number
}

const traces = (count: number): ReadonlyArray<Trace> => Array.from({ length: count }, (_, at) => ({ at }))

describe("AgeQueue", () => {
  const steps = Arbitrary.array(
    Arbitrary.schema(Schema.Struct({
      step: Schema.Literals(["add", "add", "add", "remove", "sweep", "flush"]),
      at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
    })),
    { maxLength: 100 }
  )

  it.prop("keeps the traces in the order in which they began to wait, like a plain list", [steps], ([steps]) => {
    const queue = AgeQueue.make<Trace>()
    const all = traces(10)
    let waiting: Array<readonly [trace: Trace, since: number]> = []
    let now = 0
    for (const { at, step } of steps) {
      const released: Array<Trace> = []
      const release = (trace: Trace) => released.push(trace)
      if (step === "add") {
        const isNew = waiting.every(([trace]) => trace.at !== at)
        assert.strictEqual(queue.add(all[at]!, now), isNew)
        if (isNew) waiting.push([all[at]!, now])
      } else if (step === "remove") {
        queue.remove(all[at]!)
        waiting = waiting.filter(([trace]) => trace.at !== at)
      } else {
        now += at
        const due = waiting.filter(([, since]) => step === "flush" || since + 10 <= now)
        waiting = waiting.filter((one) => !due.includes(one))
        if (step === "flush") assert.isFalse(queue.flush(release)())
        else assert.strictEqual(queue.sweep(now, 10, release), waiting[0] && waiting[0][1] + 10)
        assert.deepStrictEqual(released, due.map(([trace]) => trace))
      }
    }
  })

  it("sweeps in slices, and asks to be called again at once as long as a trace is due", () => {
    const queue = AgeQueue.make<Trace>()
    for (const trace of traces(250)) queue.add(trace, trace.at < 200 ? 0 : 5)
    const released: Array<number> = []
    const release = ({ at }: Trace) => {
      released.push(at)
      return 2
    }
    const nexts = [1, 2, 3, 4].map(() => queue.sweep(10, 10, release))
    assert.deepStrictEqual(nexts, [10, 10, 10, 15])
    assert.deepStrictEqual(released, Array.from({ length: 200 }, (_, trace) => trace))
  })

  it("flushes in slices those that waited at its beginning, even if they come back", () => {
    const queue = AgeQueue.make<Trace>()
    for (const trace of traces(150)) queue.add(trace, 0)
    const released: Array<Trace> = []
    const flush = queue.flush((trace) => {
      queue.add(trace, 0)
      return released.push(trace) && 1
    })
    assert.deepStrictEqual([flush(), flush(), flush()], [true, false, false])
    assert.strictEqual(released.length, 150)
  })

  it("takes no more steps for a sweep, however many traces wait and have left", () => {
    const [few, many] = Steps.of(`
      const AgeQueue = await import("./src/engine/chunk/AgeQueue.ts")
      const stepsWith = (waiting) => {
        const queue = AgeQueue.make()
        const all = Array.from({ length: waiting + 1_000 }, () => ({}))
        for (const trace of all.slice(0, waiting)) queue.add(trace, 0)
        return steps(() => {
          // A trace leaves, another comes: the places of those that left are not walked over either.
          for (let i = 0; i < 1_000; i++) {
            queue.remove(all[i])
            queue.add(all[waiting + i], 0)
            queue.sweep(1, 10, () => 1)
          }
        })
      }
      print([stepsWith(1_000), stepsWith(10_000)])
    `) as [number, number]
    assert.isAbove(few, 3_000)
    assert.isBelow(many, 2 * few)
  })
})
