/**
 * Rows in which a process of its own is told to end, by a signal, with events in its memory.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Path from "node:path"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import type { Result } from "./Row.ts"

const program = Path.join(import.meta.dirname, "Victim.ts")

const events = 50

/** Starts the program, sends the signal when it says that it has made its events, and waits for its end. */
const killed = (url: string, signal: NodeJS.Signals): Effect.Effect<string> =>
  Effect.callback((resume) => {
    const child = ChildProcess.spawn(
      process.execPath,
      ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning", program, url, String(events)],
      { stdio: ["ignore", "pipe", "ignore"] }
    )
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000)
    let printed = ""
    let sent = false
    child.stdout.on("data", (part: Buffer) => {
      printed += part.toString()
      if (sent || !printed.includes("made")) return
      sent = true
      child.kill(signal)
    })
    child.on("close", () => {
      clearTimeout(timer)
      resume(Effect.succeed(printed))
    })
  })

/** After this signal everything that the program had made must be at the Agent. */
export const run = (signal: "SIGTERM" | "SIGINT"): Effect.Effect<Result, never, Scope.Scope> =>
  Effect.gen(function*() {
    const agent = yield* Effect.orDie(DevAgents.make())
    const printed = yield* killed(agent.url, signal)
    const ids = agent.events().map((event) => event.spanId)
    const unique = new Set(ids).size
    const closed = printed.includes("pending 0")
    return {
      row: `${signal} with ${events} events in memory`,
      promised: "all, once",
      offered: events,
      arrived: unique,
      again: ids.length - unique,
      counted: 0,
      dropped: "",
      pending: 0,
      law: closed,
      problem: unique === events && ids.length === unique
        ? closed ? undefined : "the program did not see its books closed"
        : `${events - unique} did not arrive`
    }
  })
