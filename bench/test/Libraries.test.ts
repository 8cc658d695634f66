import { assert, beforeAll, it } from "@effect/vitest"
import * as Path from "node:path"
import type { Pace } from "../Job.ts"
import type { LibraryName } from "../Library.ts"
import { libraries } from "../Library.ts"
import * as Run from "../Run.ts"
import * as Setup from "../Setup.ts"
import * as Shape from "../Shape.ts"

beforeAll(() => {
  const bench = Path.dirname(import.meta.dirname)
  Setup.prepare(bench, Path.dirname(bench))
})

const nested: Shape.Shape = { ...Shape.single, tree: "nested", spansPerTrace: 5, annotations: 2, characters: 300 }
const turns: Pace = { _tag: "Turns", spans: 20, spansPerTurn: 10 }
const together: Pace = { _tag: "Together", traces: 4, rounds: 2 }

for (const library of Object.keys(libraries) as ReadonlyArray<LibraryName>) {
  it(`${library} delivers nested spans, and traces that are open together, with all of their text`, async () => {
    for (const [pace, spans] of [[turns, 20], [together, 40]] as const) {
      const outcome = await Run.run({
        library,
        shape: nested,
        pace,
        flush: "each turn",
        warmUp: 5,
        watchesTurns: false
      })
      assert.strictEqual(outcome.spans, spans + 5)
      assert.strictEqual(outcome.lost, 0)
      assert.strictEqual(outcome.duplicates, 0)
      if (libraries[library].delivers) assert.isTrue(outcome.bytes > outcome.spans * 2 * nested.characters)
      else assert.strictEqual(outcome.unique, 0)
    }
  })
}

it("a run whose library cannot start fails with the reason", async () => {
  const shape = { ...Shape.single, tree: "wide", spansPerTrace: 0 } as const
  const job = { library: "floor-post", shape, pace: turns, flush: "own", warmUp: 0, watchesTurns: false } as const
  const failure = await Run.run(job).catch((error: unknown) => String(error))
  assert.match(String(failure), /The process ended.*RangeError/s)
})
