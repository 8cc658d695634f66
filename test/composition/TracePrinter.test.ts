import { assert, describe, it } from "@effect/vitest"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { readFileSync } from "node:fs"
import { stripVTControlCharacters } from "node:util"
import * as TerminalPicture from "../../scripts/TerminalPicture.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "../layers/Observed.ts"

const printed = <A, E>(program: Effect.Effect<A, E, LLMObs.DevAgent>, options: LLMObs.DevOptions) => {
  const lines: Array<string> = []
  const log = (text: unknown): void => {
    lines.push(...String(text).split("\n"))
  }
  return program.pipe(
    Effect.provide(Observed.dev(options)),
    Effect.provideService(Console.Console, { ...globalThis.console, log } as Console.Console),
    Effect.map((value) => ({ value, lines }))
  )
}

const trace = Effect.succeed("Tomorrow.").pipe(
  LLMObs.llm("chat", { model: "gpt-5", input: "When?\u001b[2J", capture: true }),
  LLMObs.workflow("support", { sessionId: "s-1" })
)

const expected = [
  "shop · 2 spans · session s-1 · in the APM trace",
  "support  workflow                                                         0.0 ms",
  "└─ chat  llm · gpt-5                                                      0.0 ms",
  "     When? → Tomorrow.",
  ""
]

describe("layerDev with print", () => {
  it.effect("prints each trace a moment after it has come", () =>
    Effect.gen(function*() {
      const { lines, value } = yield* printed(
        Effect.gen(function*() {
          yield* trace
          yield* LLMObs.flush
          yield* TestClock.adjust("1 second")
          return (yield* LLMObs.DevAgent).spans({ kind: "llm" }).map(({ name }) => name)
        }),
        { print: true }
      )
      assert.deepStrictEqual(lines, expected)
      assert.deepStrictEqual(value, ["chat"])
    }))

  it.effect("prints the rest when the layer closes, and nothing when printing is off", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* printed(trace, { print: true })).lines, expected)
      assert.deepStrictEqual((yield* printed(trace, { print: false })).lines, [])
    }))

  it.effect("distinguishes a rescued trace from one that was sent without APM", () =>
    Effect.gen(function*() {
      const rejected = trace.pipe(
        LLMObs.extract({ "x-datadog-trace-id": "1", "x-datadog-parent-id": "2", "x-datadog-sampling-priority": "-1" })
      )
      assert.include((yield* printed(rejected, { print: true })).lines[0], "rescued: the trace was sampled out")
      assert.include((yield* printed(trace, { print: true, apm: "off" })).lines[0], "to the intake by itself")
    }))
})

describe("docs/terminal.svg", () => {
  it("shows what a program prints: npm run terminal-picture writes it", async () => {
    assert.strictEqual(readFileSync(TerminalPicture.file, "utf8"), await TerminalPicture.picture())
  })

  it("draws lines that fit the terminal, and nothing that a terminal obeys", async () => {
    const lines = await TerminalPicture.printed(60)
    const widths = lines.map((line) => stripVTControlCharacters(line).length)
    assert.strictEqual(Math.max(...widths), 60)
    assert.notInclude(TerminalPicture.draw([...lines, "\u001b[31m<b>&\u001b[39m"], 60), "\u001b")
    assert.include(TerminalPicture.draw(["\u001b[31m<b>&\u001b[39m"], 60), ">&lt;b&gt;&amp;</text>")
  })
})
