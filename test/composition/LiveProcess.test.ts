import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { root } from "../../scripts/SourceFile.ts"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Observed from "../layers/Observed.ts"
import * as Ports from "../layers/Ports.ts"

/** A program in a process of its own: what it printed, once it ended by itself. One that hangs is ended, and fails. */
const run = (program: string, argument: string) =>
  Effect.callback<string>((resume) => {
    execFile(
      process.execPath,
      ["--conditions=effect-llmobs-source", "--input-type=module", "--eval", imports + program, argument],
      { cwd: Path.resolve(root), timeout: 120_000 },
      (error, stdout, stderr) =>
        resume(error === null ? Effect.succeed(stdout) : Effect.die(new Error(stderr, { cause: error })))
    )
  })

const imports = `
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as LLMObs from "effect-llmobs/LLMObs"
const agentUrl = process.argv[1]
const chat = Effect.void.pipe(LLMObs.llm("chat"))
`

const idle = `
const runtime = ManagedRuntime.make(LLMObs.layer({ agentUrl }))
await runtime.runPromise(Effect.void)
console.log("built")
`

describe("the process of a program with a layer", () => {
  it.live("ends the process after the program ends, with everything sent", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const printed = yield* run(
        `await Effect.runPromise(chat.pipe(Effect.provide(LLMObs.layer({ agentUrl }))))
        console.log("done")`,
        agent.url
      )
      assert.match(printed, /^\[[^\n]* Started: [^\n]*\ndone\n$/)
      assert.deepStrictEqual(Observed.names(agent), ["chat"])
    }))

  it.live("lets the process end with an open layer: idle, after delivering, or without an Agent", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const port = yield* Ports.reserve
      const [found, delivered, alone] = yield* Effect.all([
        run(idle, agent.url),
        run(`${idle}; await runtime.runPromise(Effect.andThen(chat, LLMObs.flush))`, agent.url),
        run(idle, `http://127.0.0.1:${port}`)
      ], { concurrency: 3 })
      for (const printed of [found, delivered, alone]) {
        assert.deepStrictEqual(printed.split("\n").filter((line) => !line.includes(" Started: ")), ["built", ""])
      }
      assert.deepStrictEqual(Observed.names(agent), ["chat"])
    }))

  it.live("reports the lost events when the process ends while its layer is open", () =>
    Effect.gen(function*() {
      const port = yield* Ports.reserve
      const printed = yield* run(
        `const runtime = ManagedRuntime.make(LLMObs.layer({ agentUrl }))
        await runtime.runPromise(Effect.andThen(chat, chat))
        process.exit()`,
        `http://127.0.0.1:${port}`
      )
      assert.include(printed, "2 events could not be sent before the end and are lost")
    }))

  it.live("reports the events kept in a file instead of a loss", () =>
    Effect.gen(function*() {
      const port = yield* Ports.reserve
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "exit-"))),
        (folder) => Effect.sync(() => Fs.rmSync(folder, { recursive: true }))
      )
      const printed = yield* run(
        `const runtime = ManagedRuntime.make(LLMObs.layer({ agentUrl, durable: { directory: "${folder}" } }))
        await runtime.runPromise(Effect.andThen(chat, chat))
        process.exit()`,
        `http://127.0.0.1:${port}`
      )
      assert.include(printed, "2 events stay in the durable outbox")
      assert.notInclude(printed, "lost")
    }))

  it.live("ends the process when the Agent that its events wait for never answers", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make({ latencyMillis: 60_000 })
      const printed = yield* run(
        `await Effect.runPromise(chat.pipe(Effect.provide(LLMObs.layer({ agentUrl, flushTimeout: 100 }))))
        console.log("done")`,
        agent.url
      )
      assert.isTrue(printed.endsWith("done\n"), printed)
      assert.include(printed, "1 event could not be sent")
    }))
})
