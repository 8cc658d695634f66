/**
 * The output of the demonstration: plain functions from findings to lines of text.
 */
import type { EventView } from "effect-llmobs/core"
import { TraceTree } from "effect-llmobs/core"
import type { Books, Held } from "./Comparison.ts"
import type { Conversation } from "./Conversations.ts"
import type { Sighting } from "./Witness.ts"

/** The terminal: its width, and how it colours a text, which is not at all where it has no colours. */
export interface Terminal {
  readonly width: number
  readonly paint: TraceTree.Paint
}

type Cell = readonly [text: string, colour?: TraceTree.Style]

// Columns are measured before they are coloured: what colours a text has no width.
const columns = (rows: ReadonlyArray<ReadonlyArray<Cell>>, paint: TraceTree.Paint): ReadonlyArray<string> => {
  const widths = rows.reduce<ReadonlyArray<number>>(
    (widest, row) => row.map(([text], index) => Math.max(text.length, widest[index] ?? 0)),
    []
  )
  return rows.map((row) =>
    "  " + row.map(([text, colour], index) => {
      const padded = index === row.length - 1 ? text : text.padEnd(widths[index]!)
      return colour === undefined ? padded : paint(colour, padded)
    }).join("  ").trimEnd()
  )
}

const routeColour = (route: Held["route"]): TraceTree.Style => route === "rode" ? "green" : "magenta"

/** One conversation as a tree: its spans, with their prompts and answers, and each session with its source. */
export const tree = (
  conversation: Conversation,
  sightings: ReadonlyArray<Sighting>,
  events: ReadonlyArray<EventView.EventView>,
  sampledOut: (apmTraceId: string) => boolean | undefined,
  { paint, width }: Terminal
): ReadonlyArray<string> => {
  const sightingById = new Map(
    sightings.filter((sighting) => sighting.conversation === conversation.id).map((item) => [item.spanId, item])
  )
  return [
    `${paint("bold", `Conversation ${conversation.id}`)} · its caller sent ${paint("magenta", conversation.decision)}`,
    ...TraceTree.render(events.filter(({ spanId }) => sightingById.has(spanId)), {
      width,
      paint,
      sampledOut,
      note: ({ sessionId, spanId }) =>
        sessionId === undefined ? "no session" : `session from ${sightingById.get(spanId)?.sources.session ?? "?"}`
    })
  ]
}

/** How many events took which route, by what the callers had decided about their traces. */
export const table = (
  conversations: ReadonlyArray<Conversation>,
  sightings: ReadonlyArray<Sighting>,
  held: ReadonlyArray<Held>,
  paint: TraceTree.Paint
): ReadonlyArray<string> => {
  const conversationById = new Map(conversations.map((conversation) => [conversation.id, conversation]))
  const conversationOf = new Map(
    sightings.map(({ conversation, spanId }) => [spanId, conversationById.get(conversation)])
  )
  const decision = (item: Held): string => conversationOf.get(item.spanId)?.decision ?? "unknown"
  const row = (
    route: Held["route"],
    what: string,
    items: ReadonlyArray<Held>,
    colour?: TraceTree.Style
  ): ReadonlyArray<Cell> => {
    const counts = [
      new Set(items.map((item) => conversationOf.get(item.spanId))).size,
      items.length,
      items.filter((item) => item.session !== undefined).length
    ]
    const figures = counts.map((figure) => String(figure))
    return [
      [route, routeColour(route)],
      ...[what, ...figures].map((text): Cell => colour === undefined ? [text] : [text, colour])
    ]
  }
  return [
    paint("bold", "By route"),
    ...columns([
      ["route", "the caller's decision", "conversations", "events", "with session"].map((
        text
      ): Cell => [text, "dim"]),
      ...[...Map.groupBy(held, (item) => item.route)].sort(([a], [b]) => order(b, a)).flatMap(([route, items]) => [
        ...[...Map.groupBy(items, decision)].sort(([a], [b]) => order(a, b)).map(([what, some]) =>
          row(route, what, some)
        ),
        row(route, "all", items, "bold")
      ])
    ], paint)
  ]
}

const order = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/** The words of the table. */
export const legend: ReadonlyArray<string> = [
  "  An event rode if it travelled inside its APM trace. It was rescued if that",
  "  trace was sampled out: it then went to the LLM Observability intake by itself."
]

/** The first few disagreements, with how many more there are. */
export const explanation = (disagreements: ReadonlyArray<string>, paint: TraceTree.Paint): ReadonlyArray<string> => [
  paint("red", `${disagreements.length} things do not agree:`),
  ...disagreements.slice(0, 20).map((text) => `  ${text}`),
  ...(disagreements.length > 20 ? [`  … and ${disagreements.length - 20} more`] : [])
]

/** The last line: the books. */
export const closing = (books: Books): string =>
  `delivered ${books.delivered} · rode ${books.rode} · rescued ${books.rescued} · dropped ${books.dropped} · ` +
  `pending ${books.pending}`
