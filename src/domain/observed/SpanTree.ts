/**
 * Delivered spans as trees, and a tree as text.
 *
 * **Details**
 *
 * A span whose parent is not among the spans is a root. Neither a span that came twice nor parents that name one another
 * in a circle keep a span from being shown once.
 *
 * **Example** (A trace in a terminal)
 *
 * ```ts
 * workflow "support"  session s-1  250 ms  "Where is my parcel?" → "It arrives tomorrow."
 * ├─ tool "track"  50 ms  "{\"id\":7}" → "on its way"
 * └─ llm "chat"  gpt-5 (openai)  12 in, 5 out  200 ms  "Where is my parcel?" → "It arrives tomorrow."
 * ```
 *
 * @since 0.2.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import * as ObservedSpan from "./ObservedSpan.ts"

type Span = ObservedSpan.ObservedSpan

/**
 * A span with those under it, in the order of their start.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanTree {
  readonly span: Span
  readonly children: ReadonlyArray<SpanTree>
}

interface Node extends SpanTree {
  readonly children: Array<Node>
  parent: Node | undefined
}

const keyOf = (traceId: string, spanId: string): string => `${traceId} ${spanId}`

/**
 * The trees of the spans, in the order of their start.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (spans: ReadonlyArray<Span>): ReadonlyArray<SpanTree> => {
  const nodes = ObservedSpan.inOrder(spans).map((span): Node => ({ span, children: [], parent: undefined }))
  const byKey = new Map<string, Node>()
  for (const node of nodes) {
    const key = keyOf(node.span.traceId, node.span.spanId)
    if (!byKey.has(key)) byKey.set(key, node)
  }
  for (const node of nodes) {
    const { parentId, traceId } = node.span
    if (parentId !== undefined) node.parent = byKey.get(keyOf(traceId, parentId))
  }
  breakCircles(nodes)
  for (const node of nodes) node.parent?.children.push(node)
  return nodes.filter((node) => node.parent === undefined)
}

// The first span of a circle becomes a root.
const breakCircles = (nodes: ReadonlyArray<Node>): void => {
  const safe = new Set<Node>()
  for (const first of nodes) {
    const way = new Set<Node>()
    for (let node: Node | undefined = first; node !== undefined && !safe.has(node); node = node.parent) {
      way.add(node)
      if (node.parent !== undefined && way.has(node.parent)) node.parent = undefined
    }
    for (const node of way) safe.add(node)
  }
}

/**
 * The span right above each span that has one.
 *
 * @category accessors
 * @since 0.2.0
 */
export const parents = (trees: ReadonlyArray<SpanTree>): ReadonlyMap<Span, Span> => {
  const above = new Map<Span, Span>()
  walk(trees, ({ span }, parent) => {
    if (parent !== undefined) above.set(span, parent)
  })
  return above
}

/** Visits each span before those under it. Trees can be deep, so there is no recursion. */
const walk = (
  trees: ReadonlyArray<SpanTree>,
  visit: (tree: SpanTree, parent: Span | undefined, last: boolean, depth: number) => void
): void => {
  interface Stop {
    readonly tree: SpanTree
    readonly parent: Span | undefined
    readonly last: boolean
    readonly depth: number
  }
  const stops = (of: ReadonlyArray<SpanTree>, parent: Span | undefined, depth: number): Array<Stop> =>
    of.map((tree, index) => ({ tree, parent, last: index === of.length - 1, depth })).reverse()
  const stack = stops(trees, undefined, 0)
  for (let stop = stack.pop(); stop !== undefined; stop = stack.pop()) {
    visit(stop.tree, stop.parent, stop.last, stop.depth)
    for (const below of stops(stop.tree.children, stop.tree.span, stop.depth + 1)) stack.push(below)
  }
}

/**
 * The parts of a line, for a terminal that shows them in colours.
 *
 * @category models
 * @since 0.2.0
 */
export type Part = "branch" | "kind" | "name" | "model" | "label" | "number" | "content" | "error" | "note"

/**
 * How trees become text.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The characters of a line at most. Default 120. */
  readonly width?: number | undefined
  /** The lines at most, beside the notes of the last span. Default 200. */
  readonly maxLines?: number | undefined
  /** Colours a part of a line. By default it stays as it is. */
  readonly paint?: ((part: Part, text: string) => string) | undefined
  /** Lines to write below a span. */
  readonly notes?: ((span: Span) => ReadonlyArray<string>) | undefined
}

type Cell = readonly [part: Part, text: string]

/**
 * The trees as lines of text, each within a width.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = (trees: ReadonlyArray<SpanTree>, options: Options = {}): string => {
  const { maxLines = 200, notes, paint = (_, text) => text, width = 120 } = options
  const lines: Array<string> = []
  let left = 0
  // For each depth, the column below a span: a line if more siblings follow. Columns beyond the width do not show.
  const columns: Array<string> = []
  const upTo = (depth: number): string => columns.slice(0, Math.max(0, Math.min(depth, width))).join("")
  walk(trees, ({ children, span }, parent, last, depth) => {
    const below = notes?.(span) ?? []
    if (depth > 0) columns[depth - 1] = last ? "   " : "│  "
    if (lines.length >= maxLines) {
      left += 1 + below.length
      return
    }
    const branch = depth === 0 ? "" : upTo(depth - 1) + (last ? "└─ " : "├─ ")
    lines.push(line([["branch", branch], ...cells(span, parent)], width, paint))
    const under = upTo(depth) + (children.length > 0 ? "│  " : "   ")
    for (const note of below) lines.push(line([["branch", under], ["note", note]], width, paint))
  })
  if (left > 0) lines.push(`… and ${left} more lines`)
  return lines.join("\n")
}

const gap = "  "

const cells = (span: Span, parent: Span | undefined): ReadonlyArray<Cell> => {
  const { durationMillis, error, kind, metrics, model, name, provider, sessionId, status } = span
  const out: Array<Cell> = [["kind", `${kind} `], ["name", quoted(name)]]
  const add = (part: Part, text: string): void => {
    out.push(["branch", gap], [part, text])
  }
  if (model !== undefined) add("model", plain(provider === undefined ? model : `${model} (${provider})`))
  if (sessionId !== undefined && sessionId !== parent?.sessionId) add("label", `session ${plain(sessionId)}`)
  const tokens = tokensOf(metrics)
  if (tokens !== "") add("number", tokens)
  add("number", `${durationMillis} ms`)
  if (status === "error") add("error", `failed: ${plain([error?.type, error?.message].filter(Boolean).join(": "))}`)
  const content = contentOf(span)
  if (content !== "") add("content", content)
  return out
}

const tokensOf = (metrics: Span["metrics"]): string =>
  ([["input_tokens", "in"], ["output_tokens", "out"]] as const)
    .flatMap(([key, word]) => Object.hasOwn(metrics, key) ? [`${metrics[key]} ${word}`] : [])
    .join(", ")

// The last question and the last answer.
const contentOf = ({ input, output }: Span): string => {
  const asked = lastText(input)
  const said = lastText(output)
  if (asked === undefined && said === undefined) return ""
  return [asked, said].map((text) => text === undefined ? "" : quoted(text)).join(" → ").trim()
}

const lastText = (side: Json | undefined): string | undefined => ObservedSpan.texts(side).at(-1)

// Characters that a terminal would obey, or that change the order of the text.
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

const escaped = (text: string): string =>
  text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`)

// Longer than any line: a text of megabytes is not escaped to show its beginning.
const longest = 500

/**
 * A text without what a terminal would obey. Of a long one the beginning.
 *
 * @category combinators
 * @since 0.2.0
 */
export const plain = (text: string): string => escaped(text.slice(0, longest))

/**
 * A text in quotes, on one line, without what a terminal would obey. Of a long one the beginning.
 *
 * @category combinators
 * @since 0.2.0
 */
export const quoted = (text: string): string => escaped(JSON.stringify(text.slice(0, longest)))

const line = (parts: ReadonlyArray<Cell>, width: number, paint: (part: Part, text: string) => string): string => {
  let room = width
  let out = ""
  for (const [part, text] of parts) {
    if (text.length > room) {
      const cut = room < 2 ? "" : text.slice(0, room - 1).toWellFormed()
      return (out + (cut === "" ? "" : paint(part, cut))).trimEnd() + "…"
    }
    room -= text.length
    out += text === "" ? "" : paint(part, text)
  }
  return out
}
