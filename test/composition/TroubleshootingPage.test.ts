import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as TroubleshootingPage from "../../scripts/TroubleshootingPage.ts"

describe("docs/troubleshooting.md", () => {
  it("has the table that the notices give: npm run troubleshooting-page writes it", () => {
    const page = readFileSync(TroubleshootingPage.page, "utf8")
    assert.strictEqual(page, TroubleshootingPage.withTable(page))
  })

  it("rewrites a table that was changed by hand", () => {
    const page = readFileSync(TroubleshootingPage.page, "utf8")
    const changed = page.replace("ECONNREFUSED", "refused")
    assert.notStrictEqual(changed, page)
    assert.strictEqual(TroubleshootingPage.withTable(changed), page)
  })

  it("refuses a page without a place for it", () => {
    assert.throws(() => TroubleshootingPage.withTable("# Troubleshooting\n"), /no place for the notices/)
  })
})
