/**
 * The picture of a terminal in the README: a small program with `LLMObs.layerDev({ print: true })`, run under a test clock,
 * and its output drawn as an SVG. `npm run terminal-picture` writes it; a test holds the file to it.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as LLMObsStream from "effect-llmobs/LLMObsStream"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { writeFileSync } from "node:fs"

/** The file, from the root of the repository. */
export const file = "docs/terminal.svg"

const model = { model: "gpt-5-mini", provider: "openai" } as const
const question = { role: "user", content: "Where is my parcel PX-1001?" } as const
const call = { toolId: "call-1", name: "track_parcel", arguments: { parcel: "PX-1001" } }
const found = { parcel: "PX-1001", status: "on its way", expected: "Tuesday" }

const after = (millis: number) => TestClock.adjust(`${millis} millis`)

const search = Effect.fn(function*(_question: string) {
  yield* after(12)
  return [{ text: "Every parcel has a number that starts with PX.", name: "help/numbers", score: 0.91 }]
}, LLMObs.retrieval("help-pages", { capture: true }))

const decide = Effect.fn(function*(_messages: ReadonlyArray<unknown>) {
  yield* after(640)
  yield* LLMObs.annotateCurrentSpan({ metrics: { inputTokens: 75, outputTokens: 29 } })
  return { role: "assistant", content: "", toolCalls: [call] }
}, LLMObs.llm("decide", { ...model, capture: true }))

const track = Effect.fn(function*(_arguments: { readonly parcel: string }) {
  yield* after(85)
  return found
}, LLMObs.tool("track-parcel", { capture: true }))

const answer = (messages: ReadonlyArray<unknown>) =>
  Stream.make("It is on its way ", "and arrives on Tuesday.").pipe(
    Stream.tap(() => after(410)),
    LLMObsStream.llm("answer", { ...model, input: messages, metrics: { inputTokens: 107, outputTokens: 11 } }),
    Stream.runFold(() => "", (text, piece) => text + piece)
  )

const support = Effect.fn(function*(text: string) {
  yield* search(text)
  const decision = yield* decide([question])
  yield* track(call.arguments)
  return yield* answer([question, decision, { role: "tool", toolResults: [{ ...call, result: found }] }])
}, LLMObs.workflow("support", { sessionId: "5f0c2d1e", capture: true }))

const summary = Effect.fn(function*(_text: string) {
  yield* after(530)
  yield* LLMObs.annotateCurrentSpan({ metrics: { inputTokens: 48, outputTokens: 9 } })
  return "The parcel comes on Tuesday."
}, LLMObs.llm("summarise", { ...model, sessionId: "5f0c2d1e", capture: true }))

/** The headers of a caller that sampled its trace out. */
const sampledOut = {
  "x-datadog-trace-id": "1",
  "x-datadog-parent-id": "2",
  "x-datadog-sampling-priority": "-1"
}

const program = Effect.gen(function*() {
  yield* support(question.content)
  yield* LLMObs.flush
  yield* after(1_000)
  yield* LLMObs.extract(sampledOut)(summary("The customer asked where the parcel PX-1001 is."))
})

/** The lines that the program prints on a terminal with colours and this many columns. */
export const printed = async (columns: number): Promise<ReadonlyArray<string>> => {
  const lines: Array<string> = []
  const log = (text: unknown): void => {
    lines.push(...String(text).split("\n"))
  }
  const before = { columns: process.stdout.columns, FORCE_COLOR: process.env["FORCE_COLOR"] }
  process.stdout.columns = columns
  process.env["FORCE_COLOR"] = "1"
  try {
    await Effect.runPromise(program.pipe(
      Effect.provide(LLMObs.layerDev({ mlApp: "shop", service: "shop", print: true })),
      Effect.provide(Logger.layer([])),
      Effect.provideService(Console.Console, { ...globalThis.console, log } as Console.Console),
      Effect.provide(TestClock.layer())
    ))
  } finally {
    process.stdout.columns = before.columns
    if (before.FORCE_COLOR === undefined) delete process.env["FORCE_COLOR"]
    else process.env["FORCE_COLOR"] = before.FORCE_COLOR
  }
  while (lines.at(-1) === "") lines.pop()
  return lines
}

const cell = { width: 8.4, height: 20, size: 14 }
const margin = { x: 20, top: 44, bottom: 20 }

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

// The codes by which Node colours a text, and the class of each. Any other code ends the style.
const classes: { readonly [code: string]: string } = { 1: "b", 2: "d", 31: "r", 32: "g", 35: "m" }

/** The parts of a line between two changes of style, with the column where each begins. */
const runs = (line: string): ReadonlyArray<{ readonly text: string; readonly style: string; readonly at: number }> => {
  let at = 0
  return line.split("\u001b[").flatMap((part, index) => {
    // Behind each escape stand the code and an "m".
    const code = index === 0 ? "" : part.slice(0, part.indexOf("m"))
    const text = index === 0 ? part : part.slice(part.indexOf("m") + 1)
    const start = at
    at += text.length
    return text.trim() === "" ? [] : [{ text, style: classes[code] ?? "", at: start }]
  })
}

// Every run has its place and its length, so that columns meet in whatever font a reader has.
const drawn = (line: string, row: number): string => {
  const y = margin.top + row * cell.height + cell.size
  return runs(line).map(({ at, style, text }) => {
    const lead = text.length - text.trimStart().length
    const bare = text.trim()
    const x = (margin.x + (at + lead) * cell.width).toFixed(1)
    const length = (bare.length * cell.width).toFixed(1)
    return `<text${style === "" ? "" : ` class="${style}"`} x="${x}" y="${y}" textLength="${length}" ` +
      `lengthAdjust="spacingAndGlyphs">${escape(bare)}</text>`
  }).join("")
}

const palette = (name: string, background: string, edge: string, text: string, styles: ReadonlyArray<string>): string =>
  `${name}{.w{fill:${background};stroke:${edge}}text{fill:${text}}` +
  ["d", "r", "g", "m"].map((style, index) => `.${style}{fill:${styles[index]}}`).join("") + "}"

/** An SVG of lines with terminal styles, readable on a light and on a dark page. */
export const draw = (lines: ReadonlyArray<string>, columns: number): string => {
  const width = Math.ceil(2 * margin.x + columns * cell.width)
  const height = margin.top + lines.length * cell.height + margin.bottom
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    "<title>Two traces, printed as trees: one in its APM trace, one rescued</title>",
    "<style>",
    `text{font:${cell.size}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}`,
    ".b{font-weight:700}",
    palette("@media all", "#ffffff", "#d0d7de", "#1f2328", ["#656d76", "#cf222e", "#1a7f37", "#8250df"]),
    palette("@media (prefers-color-scheme:dark)", "#0d1117", "#30363d", "#e6edf3", [
      "#8d96a0",
      "#ff7b72",
      "#3fb950",
      "#d2a8ff"
    ]),
    "</style>",
    `<rect class="w" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...["#ff5f57", "#febc2e", "#28c840"].map((fill, index) =>
      `<circle cx="${20 + index * 18}" cy="20" r="6" fill="${fill}"/>`
    ),
    ...lines.map(drawn).filter((line) => line !== ""),
    "</svg>",
    ""
  ].join("\n")
}

/** The picture as it is in the README. */
export const picture = async (): Promise<string> => draw(await printed(80), 80)

if (import.meta.main) writeFileSync(file, await picture())
