/**
 * A finished trace as a tree of lines for a terminal: names, models, tokens, times, prompts and answers, and the road of the
 * events in words.
 *
 * **Details**
 *
 * ```ts import.meta.vitest
 * import { EventView, TraceTree } from "effect-llmobs/core"
 *
 * const chat = EventView.fromEvent({
 *   name: "chat",
 *   span_id: "1",
 *   parent_id: "undefined",
 *   duration: 820_000_000,
 *   meta: {
 *     span: { kind: "llm" },
 *     model_name: "gpt-5",
 *     input: { messages: [{ role: "user", content: "Where is it?" }] },
 *     output: { messages: [{ role: "assistant", content: "On its way." }] }
 *   },
 *   metrics: { input_tokens: 12, output_tokens: 4 }
 * }, "trace")
 * TraceTree.render([chat], { width: 60 })[1] // => "chat  llm · gpt-5 · 12 → 4 tokens                     820 ms"
 * TraceTree.render([chat], { width: 60 })[2] // => "  Where is it? → On its way."
 * ```
 *
 * @since 0.2.0
 */
import type { EventView, SideView } from "../event/EventView.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json } from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"
import * as TerminalText from "./TerminalText.ts"

/**
 * The style of a text in a terminal.
 *
 * @category models
 * @since 0.2.0
 */
export type Style = "bold" | "dim" | "green" | "magenta" | "red"

/**
 * Colours a text that holds nothing a terminal obeys.
 *
 * @category models
 * @since 0.2.0
 */
export type Paint = (style: Style, text: string) => string

/**
 * The form of the printed tree.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /** Columns of the terminal, at least 40. Default: 80. */
  readonly width?: number | undefined
  /** Default: no colours. */
  readonly paint?: Paint | undefined
  /** Whether an APM trace is known to have been sampled out, by its id. Default: unknown. */
  readonly sampledOut?: ((apmTraceId: string) => boolean | undefined) | undefined
  /** Something more about a span, for its first line. */
  readonly note?: ((event: EventView) => string | undefined) | undefined
  /** Lines of their own, below those of a span. They may be wider than the terminal. */
  readonly notes?: ((event: EventView) => ReadonlyArray<string>) | undefined
}

/**
 * The lines of the events of one trace. The first tells its application, session and road.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = (events: ReadonlyArray<EventView>, options: Options = {}): ReadonlyArray<string> => {
  if (events.length === 0) return []
  const width = Math.max(options.width ?? 80, narrowest)
  const paint = options.paint ?? plain
  const routes = new Set(events.map((event) => routeOf(event, options)))
  const drawing: Drawing = { ...options, width, paint, mixed: routes.size > 1 }
  const lines = heading(events, [...routes], drawing)
  const known = new Set(events.map(({ spanId }) => spanId))
  const children = Map.groupBy(
    events.toSorted((a, b) => a.startMillis - b.startMillis),
    ({ parentId, spanId }) =>
      parentId !== undefined && parentId !== spanId && known.has(parentId) ? parentId : undefined
  )
  const seen = new Set<EventView>()
  // A circle of parents has no root: its events come last, from any of them on.
  for (const root of [...children.get(undefined) ?? [], ...events]) draw(root, children, seen, drawing, lines)
  return lines
}

/**
 * The road of an event, in words.
 *
 * @category combinators
 * @since 0.2.0
 */
export const routeOf = (event: EventView, options: Pick<Options, "sampledOut"> = {}): string => {
  if (event.route === "trace") return "in the APM trace"
  if (event.route === "direct") return "straight to the intake"
  return event.apmTraceId !== undefined && options.sampledOut?.(event.apmTraceId) === true
    ? "rescued: the trace was sampled out"
    : "to the intake by itself"
}

const narrowest = 40

const longestNote = 240

const plain: Paint = (_style, text) => text

interface Drawing extends Options {
  readonly width: number
  readonly paint: Paint
  /** Whether the events took different roads, so that each has to tell its own. */
  readonly mixed: boolean
}

const routeStyle = (route: string): Style => route === "in the APM trace" ? "green" : "magenta"

const heading = (
  events: ReadonlyArray<EventView>,
  routes: ReadonlyArray<string>,
  { mixed, paint, width }: Drawing
): Array<string> => {
  const app = TerminalText.clean(events.find(({ mlApp }) => mlApp !== undefined)?.mlApp ?? "trace")
  const session = events.find(({ sessionId }) => sessionId !== undefined)?.sessionId
  const title = [
    app,
    events.length === 1 ? "1 span" : `${events.length} spans`,
    ...(session === undefined ? [] : [`session ${TerminalText.clean(session)}`])
  ].join(" · ")
  const road = mixed ? "by several roads" : routes[0]!
  const painted = paint(mixed ? "magenta" : routeStyle(road), road)
  return TerminalText.columns(title) + 3 + road.length <= width
    ? [`${paint("bold", title)} · ${painted}`]
    : [paint("bold", TerminalText.cut(title, width)), `  ${painted}`]
}

interface Place {
  readonly event: EventView
  /** The marks before the span's first line, and before what belongs to it. */
  readonly first: string
  readonly rest: string
  readonly depth: number
}

// A list of places still to come in place of recursion: a trace can be deeper than the stack.
const draw = (
  root: EventView,
  children: ReadonlyMap<string | undefined, ReadonlyArray<EventView>>,
  seen: Set<EventView>,
  drawing: Drawing,
  lines: Array<string>
): void => {
  const deepest = Math.floor((drawing.width - narrowest) / 3) + 4
  const places: Array<Place> = [{ event: root, first: "", rest: "", depth: 0 }]
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { depth, event, first, rest } = place
    if (seen.has(event)) continue
    seen.add(event)
    const below = (children.get(event.spanId) ?? []).filter((child) => !seen.has(child))
    lines.push(spanLine(event, first, drawing))
    const lead = rest + (below.length > 0 ? "│ " : "  ")
    const content = contentLine(event, lead, drawing)
    if (content !== undefined) lines.push(content)
    for (const note of drawing.notes?.(event) ?? []) {
      lines.push(drawing.paint("dim", lead) + TerminalText.cut(TerminalText.clean(note), longestNote))
    }
    for (let index = below.length - 1; index >= 0; index--) {
      const last = index === below.length - 1
      places.push({
        event: below[index]!,
        first: rest + (last ? "└─ " : "├─ "),
        // Each level costs columns: from some depth on, levels stand below each other.
        rest: depth >= deepest ? rest : rest + (last ? "   " : "│  "),
        depth: depth + 1
      })
    }
  }
}

const spanLine = (event: EventView, lead: string, drawing: Drawing): string => {
  const { paint, width } = drawing
  const time = duration(event.durationMillis)
  const room = width - lead.length - time.length - 2
  const name = TerminalText.cut(TerminalText.clean(event.name) || "(no name)", room)
  const said = fitting(facts(event, drawing), room - TerminalText.columns(name) - 2)
  const rest = said === "" ? "" : `  ${said}`
  const gap = " ".repeat(Math.max(2, room + 2 - TerminalText.columns(name + rest)))
  return paint("dim", lead) + paint(event.status === "error" ? "red" : "bold", name) + rest + gap + paint("dim", time)
}

// Facts that have no room are left out whole, but for the first.
const fitting = (facts: ReadonlyArray<string>, room: number): string =>
  facts.slice(1).reduce((line, fact) => {
    const longer = `${line} · ${fact}`
    return TerminalText.columns(longer) <= room ? longer : line
  }, TerminalText.cut(facts[0]!, room))

const facts = (event: EventView, drawing: Drawing): ReadonlyArray<string> => {
  const { metrics, model } = event
  const first = metrics["time_to_first_token"]
  const note = drawing.note?.(event)
  return [
    TerminalText.clean(event.kind),
    // Datadog's word for a model that nobody named.
    ...(model === undefined || model === "" || model === "unknown" ? [] : [TerminalText.clean(model)]),
    ...tokens(metrics),
    ...(first === undefined ? [] : [`first token ${duration(first * 1000)}`]),
    ...(drawing.mixed ? [routeOf(event, drawing)] : []),
    ...(note === undefined ? [] : [TerminalText.clean(note)])
  ]
}

const tokens = (metrics: EventView["metrics"]): ReadonlyArray<string> => {
  const input = metrics["input_tokens"]
  const output = metrics["output_tokens"]
  if (input !== undefined && output !== undefined) return [`${input} → ${output} tokens`]
  const some = input ?? output ?? metrics["total_tokens"]
  return some === undefined ? [] : [`${some} tokens`]
}

/** An error, or the prompt and the answer. */
const contentLine = (event: EventView, lead: string, { paint, width }: Drawing): string | undefined => {
  const room = width - lead.length
  const { error } = event
  if (error !== undefined) {
    const said = TerminalText.clean(error.message === "" ? error.type : `${error.type}: ${error.message}`)
    return paint("dim", lead) + paint("red", TerminalText.cut(said, room))
  }
  const input = TerminalText.clean(oneLine(event.input))
  const output = TerminalText.clean(oneLine(event.output))
  if (input === "" && output === "") return undefined
  const arrow = output === "" ? " →" : " → "
  const half = Math.floor((room - arrow.length) / 2)
  const outputRoom = Math.max(half, room - arrow.length - TerminalText.columns(input))
  const inputRoom = room - arrow.length - Math.min(outputRoom, TerminalText.columns(output))
  return paint("dim", lead) + TerminalText.cut(input, inputRoom) + paint("dim", arrow) +
    TerminalText.cut(output, outputRoom)
}

// Of a conversation the last message: the question of the input, the answer of the output.
const oneLine = ({ documents, messages, value }: SideView): string => {
  const message = messages?.at(-1)
  if (message !== undefined) {
    const calls = (JsonFields.list(message, "tool_calls") ?? []).map((call) =>
      `${JsonFields.text(call, "name") ?? "tool"}(${text(JsonFields.member(call, "arguments"))})`
    )
    const results = (JsonFields.list(message, "tool_results") ?? []).map((result) =>
      text(JsonFields.member(result, "result"))
    )
    return [text(message["content"]), ...calls, ...results].filter((part) => part !== "").join(" ")
  }
  if (documents !== undefined) {
    const count = documents.length === 1 ? "1 document" : `${documents.length} documents`
    const first = JsonFields.text(documents[0], "text", "name")
    return first === undefined ? count : `${count}: ${first}`
  }
  return text(value)
}

const text = (json: Json | undefined): string => json === undefined || json === null ? "" : JsonText.render(json)

const duration = (millis: number): string =>
  millis >= 59_950
    ? `${Math.floor(Math.round(millis / 1000) / 60)} min ${Math.round(millis / 1000) % 60} s`
    : millis >= 999.5
    ? `${(millis / 1000).toFixed(1)} s`
    : millis >= 9.95
    ? `${Math.round(millis)} ms`
    : `${millis.toFixed(1)} ms`
