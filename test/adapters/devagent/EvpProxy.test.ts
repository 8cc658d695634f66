import { assert, describe, it } from "@effect/vitest"
import * as EvpProxy from "../../../src/adapters/devagent/EvpProxy.ts"

describe("EvpProxy", () => {
  it("removes the prefix of each of the four versions, and of no other path", () => {
    assert.deepStrictEqual(EvpProxy.split("/evp_proxy/v2/api/v2/llmobs"), {
      prefix: "/evp_proxy/v2/",
      rest: "/api/v2/llmobs"
    })
    assert.deepStrictEqual(EvpProxy.split("/evp_proxy/v4/"), { prefix: "/evp_proxy/v4/", rest: "/" })
    for (const path of ["/evp_proxy/v5/x", "/evp_proxy/v2", "/evp_proxy/v22/x", "/x/evp_proxy/v2/x"]) {
      assert.isUndefined(EvpProxy.split(path))
    }
  })

  it("accepts the characters that the Agent forwards", () => {
    assert.deepStrictEqual(EvpProxy.target("llmobs-intake", "/api/v2/a_b-c+d", "a=1&b[]=\"x\":y@z.w?/+-"), {
      ok: true,
      subdomain: "llmobs-intake",
      path: "/api/v2/a_b-c+d"
    })
    assert.isTrue(EvpProxy.target("a.b_c-1", "/%61pi", "").ok)
  })

  const refused: ReadonlyArray<readonly [string | undefined, string, string]> = [
    [undefined, "/api", ""],
    ["", "/api", ""],
    ["a/b", "/api", ""],
    ["a b", "/api", ""],
    ["é", "/api", ""],
    ["api", "/a.b", ""],
    ["api", "/a:b", ""],
    ["api", "/a b", ""],
    ["api", "/a%20b", ""],
    ["api", "/a%2eb", ""],
    ["api", "/a%", ""],
    ["api", "/a\n", ""],
    ["api", "/api", "a=1,2"],
    ["api", "/api", "a=%31"]
  ]
  for (const [subdomain, path, query] of refused) {
    it(`refuses a bad subdomain, path or query: ${JSON.stringify([subdomain, path, query])}`, () => {
      assert.isFalse(EvpProxy.target(subdomain, path, query).ok, `${subdomain} ${path} ${query}`)
    })
  }
})
