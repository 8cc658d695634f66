import { assert, describe, it } from "@effect/vitest"
import * as ChunkHold from "../../../src/engine/chunk/ChunkHold.ts"
import type { LocalTrace } from "../../../src/engine/chunk/LocalTrace.ts"
import { makeTrace, open, record } from "../Scene.ts"

const make = (maxChunks = 10_000) => {
  const world = { known: false, searches: 0 }
  const routed: Array<LocalTrace> = []
  const hold = ChunkHold.make({
    maxChunks,
    isKnown: () => world.known,
    route: (trace) => {
      routed.push(trace)
    },
    onHeld: () => {
      world.searches++
    }
  })
  const take = () => {
    const trace = makeTrace()
    const span = open(trace, true)
    span.attach(record(), "none")
    hold.take(trace, [span])
    return trace
  }
  return { hold, routed, take, world }
}

describe("ChunkHold", () => {
  it("decides the oldest chunk when too many wait", () => {
    const { hold, routed, take } = make(2)
    const taken = [take(), take(), take(), take()]
    assert.deepStrictEqual(routed, taken.slice(0, 2))
    assert.strictEqual(hold.records(), 2)
  })

  it("releases the chunks in order and in slices, and those that come meanwhile after them", () => {
    const { hold, routed, take, world } = make()
    const taken = Array.from({ length: 250 }, take)
    world.known = true
    const release = hold.release()
    assert.isTrue(release())
    assert.isBelow(routed.length, 250)
    taken.push(take())
    assert.strictEqual(hold.records(), 251 - routed.length)
    assert.isTrue(release())
    assert.isFalse(release())
    assert.deepStrictEqual(routed, taken)
    assert.isTrue(hold.isEmpty())
    taken.push(take())
    assert.deepStrictEqual(routed, taken)
    assert.strictEqual(hold.records(), 0)
  })

  it("releases without the Agent only the chunks that waited at the beginning", () => {
    const { hold, routed, take } = make()
    const taken = Array.from({ length: 150 }, take)
    const release = hold.release()
    assert.isTrue(release())
    take()
    assert.isFalse(release())
    assert.deepStrictEqual(routed, taken)
    assert.strictEqual(hold.records(), 1)
  })

  it("empties itself by the chunks that come when the Agent is known, without another search", () => {
    const { hold, routed, take, world } = make()
    const taken = Array.from({ length: 10 }, take)
    world.known = true
    while (!hold.isEmpty()) taken.push(take())
    assert.deepStrictEqual(routed, taken)
    assert.strictEqual(world.searches, 10)
  })
})
