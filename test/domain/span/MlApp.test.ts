import { assert, describe, it } from "@effect/vitest"
import type { Candidates } from "../../../src/domain/span/MlApp.ts"
import * as MlApp from "../../../src/domain/span/MlApp.ts"

const all: Candidates = {
  agentService: "a",
  mlApp: "b",
  parent: { value: "c", source: "configured" },
  propagated: "d",
  configured: "e",
  service: "f"
}

describe("MlApp", () => {
  it("takes the strongest application name there is", () => {
    const order: ReadonlyArray<readonly [Partial<Candidates>, string, MlApp.Source]> = [
      [{}, "a", "explicit"],
      [{ agentService: undefined }, "b", "explicit"],
      [{ mlApp: undefined }, "c", "parent"],
      [{ parent: undefined }, "d", "propagated"],
      [{ propagated: undefined }, "e", "configured"],
      [{ configured: undefined }, "f", "service"],
      [{ service: undefined }, "unnamed-ml-app", "default"]
    ]
    let candidates = all
    for (const [without, value, source] of order) {
      candidates = { ...candidates, ...without }
      assert.deepStrictEqual(MlApp.resolve(candidates), { value, source })
    }
  })

  it("treats an empty name as missing", () => {
    assert.strictEqual(
      MlApp.resolve({ agentService: "", mlApp: "", service: "" }).value,
      MlApp.unnamed
    )
  })

  it("keeps an application name unchanged", () => {
    const awkward = "My App/1:x_é"
    assert.strictEqual(MlApp.resolve({ configured: awkward }).value, awkward)
  })

  it("allocates no object for a grandchild", () => {
    const child = MlApp.resolve({ parent: { value: "x", source: "service" } })
    assert.strictEqual(MlApp.resolve({ parent: child }), child)
  })
})
