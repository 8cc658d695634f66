import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as SettingsPage from "../../scripts/SettingsPage.ts"

describe("docs/settings.md", () => {
  it("has the tables that the settings give: npm run settings-page writes them", () => {
    const page = readFileSync(SettingsPage.page, "utf8")
    assert.strictEqual(page, SettingsPage.withTables(page))
  })

  it("rewrites a table that was changed by hand", () => {
    const page = readFileSync(SettingsPage.page, "utf8")
    const changed = page.replace("64 MiB", "32 MiB")
    assert.notStrictEqual(changed, page)
    assert.strictEqual(SettingsPage.withTables(changed), page)
  })

  it("refuses a page without a place for a section", () => {
    assert.throws(() => SettingsPage.withTables("# Settings\n"), /no place for the section application/)
  })
})
