/**
 * Delivered spans as trees, and as the text of trees.
 *
 * **Details**
 *
 * A span whose parent is not among the spans is a root. Neither a span that came twice nor parents that name one another
 * in a circle keep a span from being shown once.
 *
 * @since 0.2.0
 */
import * as TerminalText from "../trace/TerminalText.ts"
import * as TraceTree from "../trace/TraceTree.ts"
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
  // Trees can be deep, so there is no recursion.
  const left = [...trees]
  for (let tree = left.pop(); tree !== undefined; tree = left.pop()) {
    for (const child of tree.children) {
      above.set(child.span, tree.span)
      left.push(child)
    }
  }
  return above
}

/**
 * How traces become text.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** The lines at most. Default 200. */
  readonly maxLines?: number | undefined
  /** Lines to write below a span. */
  readonly notes?: ((span: Span) => ReadonlyArray<string>) | undefined
}

/**
 * The traces as lines of text, in the order of their first span: see `TraceTree`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = (spans: ReadonlyArray<Span>, { maxLines = 200, notes }: Options = {}): string => {
  const lines: Array<string> = []
  for (const trace of Map.groupBy(spans, ({ traceId }) => traceId).values()) {
    if (lines.length > 0) lines.push("")
    lines.push(...TraceTree.render(ObservedSpan.inOrder(trace), { notes }))
  }
  const left = lines.length - maxLines
  return (left > 0 ? [...lines.slice(0, maxLines), `… and ${left} more lines`] : lines).join("\n")
}

/**
 * A text in quotes, on one line, without what a terminal would obey. Of a long one the beginning.
 *
 * @category combinators
 * @since 0.2.0
 */
export const quoted = (text: string): string => JSON.stringify(TerminalText.clean(text))
