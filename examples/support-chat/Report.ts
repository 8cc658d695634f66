/**
 * What the demonstration prints. Plain functions from what was found to lines of text.
 */
import type { Books, Held } from "./Comparison.ts"
import type { Conversation } from "./Conversations.ts"
import type { Sighting } from "./Witness.ts"

export type Colour = "bold" | "dim" | "green" | "yellow" | "red" | "cyan" | "magenta"

/** Colours a text, or leaves it as it is where the terminal has no colours. */
export type Paint = (colour: Colour, text: string) => string

type Cell = readonly [text: string, colour?: Colour]

// Columns are measured before they are coloured: what colours a text has no width.
const columns = (rows: ReadonlyArray<ReadonlyArray<Cell>>, paint: Paint): ReadonlyArray<string> => {
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

const routeColour = (route: Held["route"]): Colour => route === "rode" ? "green" : "yellow"

const session = (held: Held, sighting: Sighting): Cell =>
  held.session === undefined ? ["none", "dim"] : [`${held.session} (${sighting.sources.session ?? "?"})`, "cyan"]

interface Row {
  readonly held: Held
  readonly sighting: Sighting
}

// Spans are taken down as they end, so siblings are in their order.
const branches = (
  rows: ReadonlyArray<Row>,
  parentId: string,
  indent: string
): ReadonlyArray<readonly [string, Row]> => {
  const children = rows.filter(({ sighting }) => sighting.parentId === parentId)
  return children.flatMap((row, index) => {
    const last = index === children.length - 1
    const [mark, below] = parentId === "undefined" ? ["", ""] : last ? ["└─ ", "   "] : ["├─ ", "│  "]
    return [[indent + mark + row.held.name, row] as const, ...branches(rows, row.sighting.spanId, indent + below)]
  })
}

/** One conversation as a tree: for each span its kind, its route, and its session with its source. */
export const tree = (
  conversation: Conversation,
  sightings: ReadonlyArray<Sighting>,
  held: ReadonlyArray<Held>,
  paint: Paint
): ReadonlyArray<string> => {
  const heldById = new Map(held.map((item) => [item.spanId, item]))
  const rows = sightings.flatMap((sighting) => {
    const item = sighting.conversation === conversation.id ? heldById.get(sighting.spanId) : undefined
    return item === undefined ? [] : [{ held: item, sighting }]
  })
  return [
    `${paint("bold", `Conversation ${conversation.id}`)} · its caller sent ${paint("magenta", conversation.decision)}`,
    ...columns([
      ["span", "kind", "route", "session (source)", "time"].map((text): Cell => [text, "dim"]),
      ...branches(rows, "undefined", "").map(([name, { held: item, sighting }]): ReadonlyArray<Cell> => [
        [name, "bold"],
        [item.kind],
        [item.route, routeColour(item.route)],
        session(item, sighting),
        [`${item.durationMillis.toFixed(1)} ms`, "dim"]
      ])
    ], paint)
  ]
}

/** How many events took which route, by what the callers had decided about their traces. */
export const table = (
  conversations: ReadonlyArray<Conversation>,
  sightings: ReadonlyArray<Sighting>,
  held: ReadonlyArray<Held>,
  paint: Paint
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
    colour?: Colour
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
      ["route", "the caller's decision", "conversations", "events", "with a session"].map((
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

/** The first few disagreements, with how many more there are. */
export const explanation = (disagreements: ReadonlyArray<string>, paint: Paint): ReadonlyArray<string> => [
  paint("red", `${disagreements.length} things do not agree:`),
  ...disagreements.slice(0, 20).map((text) => `  ${text}`),
  ...(disagreements.length > 20 ? [`  … and ${disagreements.length - 20} more`] : [])
]

/** The last line: the books. */
export const closing = (books: Books): string =>
  `delivered ${books.delivered} · rode ${books.rode} · rescued ${books.rescued} · dropped ${books.dropped} · ` +
  `pending ${books.pending}`
