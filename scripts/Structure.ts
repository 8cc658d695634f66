/**
 * The shape of `src` in numbers, and what in it is beyond a limit. Pure: files in, findings out.
 */
import { parseSync } from "vite"
import type { SourceFile } from "./SourceFile.ts"

/** The limits. Lines are counted as an editor does. */
export const limits = { functionLines: 120, imports: 25, fileLines: 600 } as const

/** A place in `src`, and how much is there. */
export interface Measure {
  readonly place: string
  readonly count: number
}

/** The files of one room that another room imports. */
export interface Arrow {
  readonly from: string
  readonly to: string
  /** How many imports of files there are. */
  readonly count: number
}

export interface Structure {
  readonly files: number
  readonly lines: { readonly total: number; readonly median: number; readonly p90: number }
  /** Of each kind all, the largest first. */
  readonly fileLines: ReadonlyArray<Measure>
  readonly functionLines: ReadonlyArray<Measure>
  readonly imports: ReadonlyArray<Measure>
  readonly arrows: ReadonlyArray<Arrow>
  /** Each as the files on it, the first one again at the end. */
  readonly cycles: ReadonlyArray<ReadonlyArray<string>>
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string"

const functions = new Set(["ArrowFunctionExpression", "FunctionDeclaration", "FunctionExpression"])

/** Calls `visit` with each node below and including this one, and with the name that it is bound to. */
const walk = (node: Node, name: string, visit: (node: Node, name: string) => void): void => {
  visit(node, name)
  const own = [node["id"], node["key"]].find(isNode)?.["name"]
  const next = typeof own === "string" ? own : name
  for (const key of Object.keys(node)) {
    const value = node[key]
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, next, visit)
  }
}

const linesOf = (text: string): number => text.split("\n").length

/** A text file ends with a line break, which begins no further line. */
const fileLinesOf = (text: string): number => linesOf(text.endsWith("\n") ? text.slice(0, -1) : text)

interface Parsed {
  readonly functions: ReadonlyArray<Measure>
  readonly imports: number
}

const parsed = ({ path, text }: SourceFile): Parsed => {
  const { errors, program } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]!.message}`)
  const found: Array<Measure> = []
  let imports = 0
  walk(program as unknown as Node, "", (node, name) => {
    if (node.type === "ImportDeclaration" || node.type === "ImportExpression") imports++
    if (!functions.has(node.type)) return
    const own = isNode(node["id"]) ? String(node["id"]["name"]) : name
    const line = linesOf(text.slice(0, node.start))
    found.push({ place: `${path}:${line} ${own}`.trimEnd(), count: linesOf(text.slice(node.start, node.end)) })
  })
  return { functions: found, imports }
}

/** The room of a file: its folder, of adapters the folder of their thing. */
const roomOf = (path: string): string => {
  const folders = path.split("/").slice(1, -1)
  return folders.slice(0, 2).join("/")
}

const arrowsOf = (files: ReadonlyArray<SourceFile>): ReadonlyArray<Arrow> => {
  const counts = new Map<string, Arrow>()
  for (const file of files) {
    const from = roomOf(file.path)
    for (const target of file.imports) {
      if (!target.startsWith("src/")) continue
      const to = roomOf(target)
      if (to === from) continue
      const key = `${from} ${to}`
      counts.set(key, { from, to, count: (counts.get(key)?.count ?? 0) + 1 })
    }
  }
  return [...counts.values()].sort((a, b) => a.from.localeCompare(b.from) || a.to.localeCompare(b.to))
}

/** Cycles of imports, those of types included: one for each file at which one was found. */
const cyclesOf = (files: ReadonlyArray<SourceFile>): ReadonlyArray<ReadonlyArray<string>> => {
  const graph = new Map(files.map((file) => [file.path, file.imports.filter((path) => path.startsWith("src/"))]))
  const done = new Set<string>()
  const path: Array<string> = []
  const found: Array<ReadonlyArray<string>> = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)
    if (at !== -1) {
      found.push([...path.slice(at), file])
      return
    }
    if (done.has(file)) return
    path.push(file)
    for (const next of graph.get(file) ?? []) visit(next)
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return found
}

const descending = (measures: ReadonlyArray<Measure>): ReadonlyArray<Measure> =>
  [...measures].sort((a, b) => b.count - a.count || a.place.localeCompare(b.place))

/** The value that a share of the others does not exceed: the nearest rank. */
const quantile = (counts: ReadonlyArray<number>, share: number): number =>
  [...counts].sort((a, b) => a - b)[Math.max(0, Math.ceil(counts.length * share) - 1)] ?? 0

/** Measures files. */
export const measure = (files: ReadonlyArray<SourceFile>): Structure => {
  const lines = files.map(({ path, text }) => ({ place: path, count: fileLinesOf(text) }))
  const counts = lines.map(({ count }) => count)
  const contents = files.map((file) => ({ path: file.path, ...parsed(file) }))
  return {
    files: files.length,
    lines: {
      total: counts.reduce((sum, count) => sum + count, 0),
      median: quantile(counts, 0.5),
      p90: quantile(counts, 0.9)
    },
    fileLines: descending(lines),
    functionLines: descending(contents.flatMap((file) => file.functions)),
    imports: descending(contents.map(({ imports, path }) => ({ place: path, count: imports }))),
    arrows: arrowsOf(files),
    cycles: cyclesOf(files)
  }
}

/** The violations of the limits, a sentence each. */
export const complaints = (self: Structure): ReadonlyArray<string> => {
  const above = (measures: ReadonlyArray<Measure>, limit: number, unit: string): ReadonlyArray<string> =>
    measures.filter(({ count }) => count > limit).map(({ count, place }) =>
      `${place}: ${count} ${unit}, at most ${limit} are allowed`
    )
  return [
    ...above(self.functionLines, limits.functionLines, "lines in a function"),
    ...above(self.imports, limits.imports, "imports"),
    ...above(self.fileLines, limits.fileLines, "lines in a file"),
    ...self.cycles.map((cycle) => `an import cycle: ${cycle.join(" → ")}`)
  ]
}

const top = (measures: ReadonlyArray<Measure>): string =>
  measures.slice(0, 3).map(({ count, place }) => `${count} ${place}`).join(", ")

/** The report, a line each. */
export const render = (self: Structure): ReadonlyArray<string> => {
  const rooms = Map.groupBy(self.arrows, (arrow) => arrow.from)
  return [
    `files      ${self.files}, lines ${self.lines.total}`,
    `lines      median ${self.lines.median}, p90 ${self.lines.p90}, largest ${top(self.fileLines)}`,
    `functions  longest ${top(self.functionLines)}`,
    `imports    most ${top(self.imports)}`,
    `arrows     ${self.arrows.length} between rooms, of ${
      self.arrows.reduce((sum, { count }) => sum + count, 0)
    } imports`,
    ...[...rooms].map(([from, arrows]) => `  ${from} → ${arrows.map(({ count, to }) => `${to} ${count}`).join(", ")}`),
    `cycles     ${self.cycles.length === 0 ? "none" : self.cycles.length}`
  ]
}
