/**
 * The links of Markdown pages, and whether they lead somewhere.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"

/** A link of a page: its target as it is written, and the line that it stands on. */
export interface PageLink {
  readonly target: string
  readonly line: number
}

interface Line {
  readonly number: number
  readonly text: string
}

/** The lines of a page outside of its blocks of code. */
const prose = (page: string): ReadonlyArray<Line> => {
  let isCode = false
  return page.split("\n").flatMap((text, index) => {
    const isFence = /^\s*(?:> ?)?(?:```|~~~)/.test(text)
    if (isFence) isCode = !isCode
    return isFence || isCode ? [] : [{ number: index + 1, text }]
  })
}

/** The links and images of a page, in Markdown and in HTML. */
export const linksOf = (page: string): ReadonlyArray<PageLink> =>
  prose(page).flatMap(({ number, text }) => {
    const bare = text.replace(/`[^`]*`/g, "`")
    const found = [...bare.matchAll(/\]\(([^)\s]+)[^)]*\)/g), ...bare.matchAll(/\b(?:href|src|srcset)="([^"]+)"/g)]
    return found.map((match) => ({ target: match[1]!, line: number }))
  })

/** The anchors of a page, as GitHub makes them of its headings. */
export const anchorsOf = (page: string): ReadonlySet<string> => {
  const anchors = new Set<string>()
  const seen = new Map<string, number>()
  for (const { text } of prose(page)) {
    const heading = /^#{1,6} (.+)$/.exec(text)?.[1]
    if (heading === undefined) continue
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase()
    const anchor = plain.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "").trim().replaceAll(" ", "-")
    const before = seen.get(anchor) ?? 0
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`)
    seen.set(anchor, before + 1)
  }
  return anchors
}

/** The links of a page that lead to no file below a folder, or to no heading of it. Addresses of the web are not followed. */
export const deadLinks = (folder: string, page: string): ReadonlyArray<string> => {
  const textOf = (path: string) => Fs.readFileSync(Path.join(folder, path), "utf8")
  return linksOf(textOf(page)).flatMap(({ line, target }) => {
    if (/^[a-z]+:/.test(target)) return []
    const [file = "", anchor] = target.split("#")
    const path = file === "" ? page : Path.posix.join(Path.posix.dirname(page), file)
    const leads = !path.startsWith("..") && Fs.existsSync(Path.join(folder, path)) &&
      (anchor === undefined || (path.endsWith(".md") && anchorsOf(textOf(path)).has(anchor)))
    return leads ? [] : [`${page}:${line}: ${target} leads nowhere`]
  })
}
