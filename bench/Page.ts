/** The generated part of `docs/performance.md`, between two marks; the rest of the page is written by hand. */
import * as Fs from "node:fs"
import * as Path from "node:path"
import type { Machine } from "./Machine.ts"
import * as Machines from "./Machine.ts"
import * as Plots from "./Plots.ts"
import type { Ratios } from "./Ratio.ts"
import type { Section } from "./Report.ts"
import * as Report from "./Report.ts"
import type { Samples } from "./Sample.ts"
import * as Table from "./Table.ts"

const begin = "<!-- Written by `npm run -s bench`: do not edit from here … -->"
const end = "<!-- … to here. -->"

/** The marks of the page. */
export const marks = { begin, end }

export interface Content {
  readonly machine: Machine
  readonly ratios: Ratios
  readonly sections: ReadonlyArray<Section>
  readonly samples: Samples
  readonly seconds: number
}

/** Replaces the text between the marks. */
export const replaced = (page: string, text: string): string => {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error("The page has no place for the tables: its two marks are missing.")
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`
}

const sectionText = (section: Section, images: ReadonlyMap<string, string>): string => {
  const image = images.get(section.title.slice(0, 2))
  return [
    `### ${section.title}`,
    section.about,
    ...(image === undefined ? [] : [`![${section.title}](${image})`]),
    ...section.tables.flatMap(({ caption, table }) => [
      ...(caption === "" ? [] : [`${caption[0]!.toUpperCase()}${caption.slice(1)}:`]),
      Table.render(table)
    ])
  ].join("\n\n")
}

/** Writes the page's tables and its plots. */
export const write = (root: string, content: Content): void => {
  const folder = Path.join(root, "docs")
  const images = new Map<string, string>()
  for (const { name, svg } of Plots.make(content.samples)) {
    const file = `performance-${name.toLowerCase()}.svg`
    Fs.writeFileSync(Path.join(folder, file), svg)
    images.set(name, file)
  }
  const text = [
    `Measured on ${new Date().toISOString().slice(0, 10)} in ${Math.round(content.seconds / 60)} minutes: ${
      Machines.describe(content.machine)
    }`,
    Table.render(Report.ratioTable(content.ratios)),
    ...content.sections.map((section) => sectionText(section, images))
  ].join("\n\n")
  const file = Path.join(folder, "performance.md")
  Fs.writeFileSync(file, replaced(Fs.readFileSync(file, "utf8"), text))
}
