import { assert, describe, it } from "@effect/vitest"
import manifest from "../../package.json" with { type: "json" }
import * as PeerMatrix from "../../scripts/PeerMatrix.ts"

describe("PeerMatrix", () => {
  it("tries the lowest and the newest version, with the packages that share it", () => {
    const peer = { name: "effect", range: "^4.1.0", newest: "4.3.2", together: ["@effect/platform-node"] }
    assert.deepStrictEqual(PeerMatrix.make([peer]), {
      rows: [
        { name: "effect 4.1.0 (lowest)", install: "effect@4.1.0 @effect/platform-node@4.1.0" },
        { name: "effect 4.3.2 (newest)", install: "effect@4.3.2 @effect/platform-node@4.3.2" }
      ],
      skipped: []
    })
  })

  it("skips a lowest version that is the newest too, and reports the skip", () => {
    const peer = { name: "a", range: ">=1.9.0 <2", newest: "1.9.0", together: [] }
    assert.deepStrictEqual(PeerMatrix.make([peer]), {
      rows: [{ name: "a 1.9.0 (newest)", install: "a@1.9.0" }],
      skipped: ["a 1.9.0 (lowest) is skipped: it is the newest too."]
    })
  })

  it("reads the lowest version of each range in the manifest, and refuses one without", () => {
    for (const range of Object.values(manifest.peerDependencies)) {
      assert.match(PeerMatrix.lowest(range), /^\d+\.\d+\.\d+$/)
    }
    for (const range of ["*", "<2", "latest", "1.x"]) assert.throws(() => PeerMatrix.lowest(range))
  })
})
