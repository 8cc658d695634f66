/** Processes of a fleet: some that make events, and relays. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Path from "node:path"
import type { Ledger } from "../../../src/domain/delivery/Ledger.ts"
import type { QueueStatus } from "../../../src/ports/RelayQueue.ts"

export interface Process {
  /** Its output, when it has ended by itself. */
  readonly ended: Effect.Effect<string>
  readonly exitCode: Effect.Effect<number | null>
  /** Ends it with a signal, and waits for its end. */
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Stops it where it is, or lets it go on. */
  readonly signal: (signal: "SIGSTOP" | "SIGCONT") => Effect.Effect<void>
}

const main = Path.join(import.meta.dirname, "../../../src/command/Main.ts")

const spawn = (
  program: string,
  args: ReadonlyArray<string>,
  env: { readonly [name: string]: string }
): Effect.Effect<Process, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = ChildProcess.spawn(
        process.execPath,
        ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning", program, ...args],
        { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], ...env } }
      )
      let printed = ""
      const keep = (part: Buffer) => {
        printed += part.toString()
      }
      child.stdout.on("data", keep)
      child.stderr.on("data", keep)
      const closed = new Promise<string>((resolve) => child.once("close", () => resolve(printed)))
      return {
        ended: Effect.promise(() => closed),
        exitCode: Effect.map(Effect.promise(() => closed), () => child.exitCode),
        kill: (signal: NodeJS.Signals) =>
          Effect.suspend(() => {
            child.kill(signal)
            return Effect.asVoid(Effect.promise(() => closed))
          }),
        signal: (signal: "SIGSTOP" | "SIGCONT") =>
          Effect.sync(() => {
            child.kill(signal)
          })
      }
    }),
    ({ kill }) => kill("SIGKILL")
  )

/** Makes events, hands them to Redis, and prints its books when nothing is pending. */
export const producer = (redis: string, events: number) =>
  spawn(Path.join(import.meta.dirname, "Producer.ts"), [redis, String(events)], {})

/** Others find its batches so many milliseconds after its death, or after it stood still for as long. */
export const relay = (redis: string, agent: string, lockMillis = 1_000) =>
  spawn(main, ["relay"], {
    EFFECT_LLMOBS_REDIS_URL: redis,
    EFFECT_LLMOBS_RELAY_LOCK_MILLIS: String(lockMillis),
    DD_TRACE_AGENT_URL: agent
  })

/** The books that a relay printed when it ended in order. */
export const books = (printed: string): Ledger => JSON.parse(/the books of this relay: (\{.*\})$/m.exec(printed)![1]!)

/** Runs the command to its end. */
export const command = (args: ReadonlyArray<string>, env: { readonly [name: string]: string } = {}) =>
  Effect.flatMap(spawn(main, args, env), (asked) => Effect.zip(asked.ended, asked.exitCode))

/** Asks for the state of the queue, as an operator would. */
export const status = (redis: string) =>
  Effect.map(command(["relay", "--status"], { EFFECT_LLMOBS_REDIS_URL: redis }), ([printed]) => printed)

/** A status without its ages, which no test can know. */
export const counts = (status: QueueStatus | undefined) =>
  status && { waiting: status.waiting, claimed: status.claimed, setAside: status.setAside, limit: status.limit }
