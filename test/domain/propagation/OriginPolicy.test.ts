import { assert, describe, it } from "@effect/vitest"
import * as OriginPolicy from "../../../src/domain/propagation/OriginPolicy.ts"

describe("OriginPolicy", () => {
  const trusted = [
    "http://localhost:3000/a",
    "http://app.localhost",
    "http://LOCALHOST.",
    "http://127.0.0.1",
    "http://127.8.9.1:80",
    "http://2130706433",
    "http://[::1]:8080",
    "https://10.1.2.3",
    "http://172.16.0.1",
    "http://172.31.255.255",
    "http://192.168.0.1",
    "http://[fd00::1]",
    "http://[fc12:3456::1]",
    "http://api.internal",
    "https://a.b.internal./x",
    "http://chat.shop.svc:8080",
    "http://chat.shop.svc.cluster.local",
    "http://box-7/"
  ]
  const strangers = [
    "https://api.openai.com",
    "http://172.15.0.1",
    "http://172.32.0.1",
    "http://11.0.0.1",
    "http://192.169.0.1",
    "http://169.254.169.254",
    "http://[fe80::1]",
    "http://[2001:db8::1]",
    "http://internal",
    "http://svc",
    "http://api.internal.example.com",
    "http://notinternal",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://10.0.0.1.nip.io",
    "http://localhost@example.com",
    "http://box-7.example.com",
    "ftp://localhost",
    "file:///etc/hosts",
    "/relative",
    "",
    "http://"
  ]
  for (const url of trusted) {
    it(`trusts ${url} by default`, () => assert.isTrue(OriginPolicy.allows(url, undefined, "BOX-7")))
  }
  for (const url of strangers) {
    it(`does not trust ${JSON.stringify(url)} by default`, () =>
      assert.isFalse(OriginPolicy.allows(url, undefined, "box-7")))
  }

  it("does not trust a machine without a name by default", () => {
    assert.isFalse(OriginPolicy.allows("http://example.com", ["self"], ""))
    assert.isFalse(OriginPolicy.allows("http://example.com", ["self"]))
  })

  const entries: ReadonlyArray<readonly [entry: string, yes: ReadonlyArray<string>, no: ReadonlyArray<string>]> = [
    ["api.example.com", ["https://api.example.com", "http://API.example.com:81"], ["https://x.api.example.com"]],
    ["api.example.com:81", ["http://api.example.com:81"], ["http://api.example.com"]],
    ["https://api.example.com", ["https://api.example.com/x"], [
      "http://api.example.com",
      "https://api.example.com:444"
    ]],
    ["*.example.com", ["https://a.example.com", "https://a.b.example.com"], [
      "https://example.com",
      "https://aexample.com"
    ]],
    ["", [], ["http://example.com"]],
    ["*", [], ["http://example.com"]],
    ["://", [], ["http://example.com"]]
  ]
  for (const [entry, yes, no] of entries) {
    it(`reads ${JSON.stringify(entry)} as an entry`, () => {
      for (const url of yes) assert.isTrue(OriginPolicy.allows(url, [entry]), url)
      for (const url of no) assert.isFalse(OriginPolicy.allows(url, [entry]), url)
      assert.isFalse(OriginPolicy.allows("http://localhost", [entry]))
    })
  }
})
