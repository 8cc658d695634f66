import { assert, describe, it } from "@effect/vitest"
import * as Site from "../../../src/domain/delivery/Site.ts"

describe("Site", () => {
  it.each<readonly [string, string]>([
    ["datadoghq.com", "public-trace-http-intake.logs.datadoghq.com"],
    ["datadoghq.eu", "public-trace-http-intake.logs.datadoghq.eu"],
    ["us3.datadoghq.com", "trace.browser-intake-us3-datadoghq.com"],
    ["us5.datadoghq.com", "trace.browser-intake-us5-datadoghq.com"],
    ["ap1.datadoghq.com", "browser-intake-ap1-datadoghq.com"],
    ["ap2.datadoghq.com", "browser-intake-ap2-datadoghq.com"],
    ["uk1.datadoghq.com", "browser-intake-uk1-datadoghq.com"],
    ["ddog-gov.com", "browser-intake-ddog-gov.com"],
    ["datad0g.com", "public-trace-http-intake.logs.datad0g.com"]
  ])("knows the hosts of every site, as captured: %s", (name, apmAgentlessHost) => {
    assert.deepStrictEqual(Site.parse(name), {
      value: { name, llmobsHost: `llmobs-intake.${name}`, apiHost: `api.${name}`, apmAgentlessHost },
      problems: []
    })
  })

  it("uses the default site when the setting is absent, and none when it is empty", () => {
    assert.strictEqual(Site.parse(undefined).value!.name, "datadoghq.com")
    assert.strictEqual(Site.parse(" US5.datadoghq.com ").value!.name, "us5.datadoghq.com")
    const { problems, value } = Site.parse("")
    assert.isUndefined(value)
    assert.deepStrictEqual(problems.map((p) => p.code), ["missing_site"])
  })

  it("refuses a site that is not in the list, unless unknown sites are allowed", () => {
    for (const name of ["datadoghq.com.evil.org", "datadoghq.co", "unknown.example.org"]) {
      assert.isUndefined(Site.parse(name).value)
      assert.deepStrictEqual(Site.parse(name).problems.map((p) => p.code), ["invalid_setting"])
    }
    assert.deepStrictEqual(Site.parse("unknown.example.org", { allowUnknown: true }).value, {
      name: "unknown.example.org",
      llmobsHost: "llmobs-intake.unknown.example.org",
      apiHost: "api.unknown.example.org",
      apmAgentlessHost: "browser-intake-unknown-example.org"
    })
  })

  for (
    const name of ["a.b/c", "a.b:80", "user@a.b", "a.b?x", "a.b\r\nx", "a b.c", "localhost", ".a.b", "a..b", "é.org"]
  ) {
    it(`refuses text that is not a host name: ${JSON.stringify(name)}`, () => {
      assert.isUndefined(Site.parse(name, { allowUnknown: true }).value, name)
    })
  }
})
