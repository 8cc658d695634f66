/**
 * The tables of `docs/settings.md`, made from the settings themselves. `npm run settings-page` writes them; a test holds
 * the page to them.
 */
import { readFileSync, writeFileSync } from "node:fs"
import * as SettingsTable from "../src/composition/SettingsTable.ts"
import type { Setting } from "../src/domain/settings/Setting.ts"

/** The page, from the root of the repository. */
export const page = "docs/settings.md"

type Row = Setting<unknown, unknown, unknown>

/** The page with its tables written anew: each stands between two comments that name its section. */
export const withTables = (text: string): string => {
  let out = text
  for (const [section, rows] of Object.entries(SettingsTable.table)) {
    const begin = `<!-- settings: ${section} -->`
    const end = "<!-- end -->"
    const from = out.indexOf(begin)
    const to = out.indexOf(end, from)
    if (from < 0 || to < 0) throw new Error(`${page} has no place for the section ${section}: ${begin} … ${end}`)
    out = `${out.slice(0, from)}${begin}\n\n${tableOf(Object.values<Row>(rows))}\n\n${out.slice(to)}`
  }
  return out
}

const tableOf = (rows: ReadonlyArray<Row>): string => {
  const lines = [
    ["option", "variable", "default", "purpose"],
    ...rows.map((row) => [codes(row.options), codes(row.variables), fallbackOf(row), row.about])
  ]
  const widths = [0, 1, 2, 3].map((i) => Math.max(...lines.map((line) => line[i]!.length)))
  const show = (cells: ReadonlyArray<string>) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`
  const [header, ...body] = lines
  return [show(header!), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(show)].join("\n")
}

const codes = (names: ReadonlyArray<string> = []): string => names.map((name) => `\`${name}\``).join(", ")

const fallbackOf = ({ fallback, shown }: Row): string => {
  if (shown !== undefined) return shown
  if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) return "none"
  if (typeof fallback === "number") return fallback.toLocaleString("en-US")
  return `\`${Array.isArray(fallback) ? fallback.join(",") : String(fallback)}\``
}

if (import.meta.main) writeFileSync(page, withTables(readFileSync(page, "utf8")))
