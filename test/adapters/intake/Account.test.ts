import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Account from "../../../src/adapters/intake/Account.ts"
import * as Sites from "../../../src/domain/delivery/Site.ts"

const own = { apiKey: Redacted.make("own-key"), site: Sites.parse("us3.datadoghq.com").value, allowUnknownSite: false }
const nothing = { apiKey: undefined, site: undefined, allowUnknownSite: false }

describe("Account", () => {
  it("takes key and site from the region, and whichever is missing from the layer", () => {
    const both = Account.resolve({ apiKey: Redacted.make("a-key"), site: "datadoghq.eu" }, own).value!
    assert.strictEqual(both.site.llmobsHost, "llmobs-intake.datadoghq.eu")
    assert.strictEqual(Redacted.value(both.apiKey), "a-key")
    assert.strictEqual(Account.resolve({ apiKey: both.apiKey }, own).value!.site.name, "us3.datadoghq.com")
    assert.strictEqual(Redacted.value(Account.resolve({ site: "datadoghq.eu" }, own).value!.apiKey), "own-key")
    assert.strictEqual(Account.resolve({ apiKey: both.apiKey }, nothing).value!.site.name, "datadoghq.com")
  })

  it("names each account differently and stably, without the key in the name", () => {
    const name = (apiKey: string, site: string) =>
      Account.resolve({ apiKey: Redacted.make(apiKey), site }, nothing).value!.name
    assert.strictEqual(name("a-key", "datadoghq.eu"), name("a-key", "datadoghq.eu"))
    assert.notStrictEqual(name("a-key", "datadoghq.eu"), name("b-key", "datadoghq.eu"))
    assert.notStrictEqual(name("a-key", "datadoghq.eu"), name("a-key", "datadoghq.com"))
    assert.notInclude(name("a-key", "datadoghq.eu"), "a-key")
  })

  it("refuses an account whose site is unknown, unless the layer allows unknown sites", () => {
    const routing = { apiKey: Redacted.make("a-key"), site: "llm.example.org" }
    assert.deepStrictEqual(Account.resolve(routing, own).problems.map((problem) => problem.code), ["missing_site"])
    assert.isUndefined(Account.resolve(routing, own).value)
    assert.strictEqual(
      Account.resolve(routing, { ...own, allowUnknownSite: true }).value!.site.llmobsHost,
      "llmobs-intake.llm.example.org"
    )
  })

  it("resolves a key with white space around it to the same account", () => {
    const [bare, wrapped] = ["a-key", " a-key\n"].map((key) =>
      Account.resolve({ apiKey: Redacted.make(key) }, own).value!
    )
    assert.strictEqual(wrapped!.name, bare!.name)
    assert.strictEqual(Redacted.value(wrapped!.apiKey), "a-key")
  })

  it("refuses a key that could end its header, or is not a Redacted value", () => {
    for (const key of ["", "a\r\nb", "a b", "\u00e9", "x".repeat(257)]) {
      const { problems, value } = Account.resolve({ apiKey: Redacted.make(key) }, own)
      assert.isUndefined(value)
      assert.deepStrictEqual(problems.map((problem) => problem.code), ["missing_api_key"])
    }
    assert.isUndefined(Account.resolve({ apiKey: "plain" as never }, own).value)
  })
})
