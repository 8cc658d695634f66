/**
 * An Agent in a process of its own, which goes on while this one stands still.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Path from "node:path"
import type { Options } from "../src/adapters/devagent/DevAgent.ts"

export interface AgentProcess {
  readonly url: string
  /** The span ids of the events that arrived. */
  readonly ids: Effect.Effect<ReadonlyArray<string>>
  /** How many requests came, those for `/info` aside. */
  readonly requests: Effect.Effect<number>
}

/** The report of the process. */
export interface Report {
  readonly url: string
  readonly ids: ReadonlyArray<string>
  readonly requests: number
}

const program = Path.join(import.meta.dirname, "AgentMain.ts")

export const make = (options: Options): Effect.Effect<AgentProcess, never, Scope.Scope> =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        ChildProcess.fork(program, [JSON.stringify(options)], {
          execArgv: ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning"],
          stdio: ["ignore", "ignore", "ignore", "ipc"]
        })
      ),
      (child) =>
        Effect.callback<void>((resume) => {
          if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
          child.once("exit", () => resume(Effect.void))
          child.kill("SIGKILL")
        })
    )
    const next = Effect.callback<Report>((resume) => {
      child.once("message", (report) => resume(Effect.succeed(report as Report)))
    })
    const { url } = yield* next
    const ask = Effect.suspend(() => {
      child.send("report")
      return next
    })
    return {
      url,
      ids: Effect.map(ask, (report) => report.ids),
      requests: Effect.map(ask, (report) => report.requests)
    }
  })
