/**
 * Rows in which a file keeps events: a process is killed while it writes them, the file is full, or cannot be written.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as DevAgents from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/Ledger.ts"
import type { Result, Row } from "./Row.ts"

/** What is older than this when a process is killed must have been committed: ten milliseconds, and a busy machine. */
const commitMillis = 250

const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "durable-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

/** Lets a program make events into a file for a random time, kills it, and gives the names that it had to have kept. */
const killed = (path: string): Effect.Effect<{ readonly made: number; readonly kept: number }> =>
  Effect.callback((resume) => {
    const child = ChildProcess.spawn(
      process.execPath,
      [
        "--conditions=effect-llmobs-source",
        "--disable-warning=ExperimentalWarning",
        Path.join(import.meta.dirname, "Scribe.ts"),
        path
      ],
      { stdio: ["ignore", "pipe", "ignore"] }
    )
    const times: Array<number> = []
    let timer: NodeJS.Timeout | undefined
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      for (const line of text.split("\n")) {
        if (line !== "") times.push(Number(line))
      }
      timer ??= setTimeout(() => child.kill("SIGKILL"), commitMillis + Math.random() * 500)
    })
    child.on("close", () => {
      clearTimeout(timer)
      const end = Date.now()
      resume(Effect.succeed({
        made: times.length,
        kept: times.filter((time) => time < end - commitMillis).length
      }))
    })
  })

/** Kills `times` processes, and delivers what each one left by another. */
export const run = (times: number): Effect.Effect<Result, never, Scope.Scope> =>
  Effect.gen(function*() {
    let kept = 0
    let arrived = 0
    let again = 0
    let law = true
    let missing = 0
    for (let round = 0; round < times; round++) {
      yield* Effect.scoped(Effect.gen(function*() {
        const path = Path.join(yield* folder, "events.db")
        const agent = yield* Effect.orDie(DevAgents.make())
        const victim = yield* killed(path)
        const books = yield* Effect.andThen(LLMObs.flush, LLMObs.ledger).pipe(
          Effect.provide(LLMObs.layer({ mlApp: "faults", agentUrl: agent.url, durable: { path } }))
        )
        const names = agent.events().map((received) => String(received.event["name"]))
        const unique = new Set(names)
        for (let index = 0; index < victim.kept; index++) {
          if (!unique.has(`event-${index}`)) missing++
        }
        kept += victim.kept
        arrived += unique.size
        again += names.length - unique.size
        law &&= Ledgers.balances(books) && Ledgers.pending(books) === 0
      }))
    }
    return {
      row: `kill -9 at ${times} random instants`,
      promised: "all, once",
      offered: kept,
      arrived,
      again,
      counted: 0,
      dropped: "",
      pending: 0,
      law,
      problem: missing > 0
        ? `${missing} that were committed did not arrive`
        : again > 0
        ? `${again} arrived again`
        : law
        ? kept > 0 ? undefined : "nothing was committed"
        : "the books do not balance"
    }
  })

const large = "0123456789".repeat(400)

const emitLarge = (events: number) =>
  Effect.forEach(
    Array.from({ length: events }),
    (_, index) => Effect.void.pipe(LLMObs.llm(`large-${index}`, { input: large + index })),
    { discard: true }
  )

/** Rows for the common harness, each with a file in `path`. */
export const rows = (path: string): ReadonlyArray<Row> => [
  {
    name: "the disk is full",
    promised: "counted, none left",
    options: { maxBytes: 400_000, durable: { path: Path.join(path, "full.db"), maxBytes: 400_000 } },
    lateAgent: true,
    run: ({ proxy, settle }) =>
      Effect.gen(function*() {
        yield* emitLarge(400)
        yield* proxy.up
        yield* settle(20_000)
      })
  },
  {
    name: "memory is full, the disk is not",
    promised: "all, once",
    options: { maxBytes: 400_000, durable: { path: Path.join(path, "overflow.db") } },
    lateAgent: true,
    run: ({ proxy, settle }) =>
      Effect.gen(function*() {
        yield* emitLarge(400)
        yield* proxy.up
        yield* settle(20_000)
      })
  },
  {
    name: "the disk cannot be written",
    promised: "all, once",
    options: { durable: { path: "/proc/self/no/such/file.db" } },
    run: ({ emit, settle }) => Effect.andThen(emit(20), settle(20_000))
  }
]
