import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import * as Path from "node:path"
import * as Conversations from "../../examples/support-chat/Conversations.ts"

interface Finished {
  readonly code: number | null
  readonly output: string
  readonly lines: ReadonlyArray<string>
}

// `npm start` without npm. `onOutput` is called with the process at its first output.
const run = (onOutput: (kill: (signal: NodeJS.Signals) => void) => void = () => {}): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning", "examples/support-chat/main.ts"],
      {
        cwd: Path.resolve(import.meta.dirname, "../.."),
        env: { PATH: process.env["PATH"], NO_COLOR: "1" },
        timeout: 120_000
      }
    )
    let output = ""
    const add = (part: Buffer): void => {
      if (output === "") onOutput((signal) => child.kill(signal))
      output += part.toString("utf8")
    }
    child.stdout.on("data", add)
    child.stderr.on("data", add)
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, output, lines: output.trimEnd().split("\n") }))
  })

describe("examples/support-chat", () => {
  it("delivers three hundred events by two routes, and its books agree with the Agent", async () => {
    const { code, lines, output } = await run()
    assert.strictEqual(lines.at(-1), "delivered 300 · rode 200 · rescued 100 · dropped 0 · pending 0", output)
    assert.strictEqual(code, 0, output)
    assert.include(output, "support-chat · 5 spans · session 5f0c2d1e-1 · rescued: the trace was sampled out\n")
    assert.match(output, /^support-chat {2}workflow · session from rum +\d/m)
    assert.match(output, /^│ Where is my parcel PX-1001\? → Your parcel PX-1001/m)
    assert.match(output, /^└─ LanguageModel.streamText {2}llm · gpt-5-mini · \d+ → \d+ tokens/m)
    assert.include(output, "It was rescued if that\n")
    assert.isTrue(lines.every((line) => line.length <= 80 || line.includes("http://")), output)
    assert.notInclude(output, "\u001b[")
  })

  it("settles every started conversation when it is interrupted", async () => {
    const { code, lines, output } = await run((kill) => kill("SIGINT"))
    assert.match(output, /Stopped early: \d+ of 60 were answered/)
    assert.notInclude(output, "do not agree")
    assert.match(lines.at(-1)!, /^delivered \d+ · rode \d+ · rescued \d+ · dropped 0 · pending 0$/)
    assert.strictEqual(code, 130, output)
  })

  it("gives every kind of caller every decision about its trace once", () => {
    const pairs = Conversations.all.map(({ accountId, decision, session, userId }, index) =>
      JSON.stringify([index % 12, decision, session?.source, userId?.source, accountId?.source])
    )
    assert.strictEqual(new Set(pairs).size, 60)
    assert.strictEqual(Conversations.all.filter(({ rescued }) => rescued).length, 20)
  })
})
