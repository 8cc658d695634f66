import { assert, it } from "@effect/vitest"
import * as Parts from "../Parts.ts"

const node = (id: number, functionName: string, url: string, children: ReadonlyArray<number> = []) => ({
  id,
  callFrame: { functionName, url },
  children
})

const nodes = [
  node(1, "(root)", "", [2, 5, 6]),
  node(2, "pack", "file:///here/src/adapters/agent/V04.ts", [3]),
  node(3, "utf8Write", ""),
  node(5, "(idle)", ""),
  node(6, "(garbage collector)", "")
]

it("gives a function without a file to its caller, and leaves out the idle time", () => {
  const shares = Parts.shares({ nodes, samples: [2, 3, 5, 6, 6], timeDeltas: [0, 100, 200, 5_000, 100, 0] })
  assert.deepStrictEqual(shares, { encoding: 0.75, "garbage collection": 0.25 })
})

it("has no shares in an empty profile", () => {
  assert.deepStrictEqual(Parts.shares({ nodes: [] }), {})
})
