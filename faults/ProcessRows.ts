/**
 * Rows in which a process of its own is told to end, or killed, and the next one delivers what it left.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as DevAgents from "../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../src/domain/delivery/Ledger.ts"
import * as FaultProxy from "./FaultProxy.ts"
import * as Mounts from "./Mounts.ts"
import * as Programs from "./Programs.ts"
import { adopted, settle } from "./Row.ts"
import type { Promised, Result } from "./Verdict.ts"
import { allBut, judge, once } from "./Verdict.ts"
import type { Orders } from "./Victim.ts"

interface ProcessRow {
  readonly name: string
  readonly run: Effect.Effect<Result | string, never, Scope.Scope>
}

/**
 * An event after which a killed process made so many others, about one a millisecond, must have been committed: the window
 * is ten milliseconds. Events are counted and not the time, in which the process may not have run.
 */
const committedAfter = 100

const nobody = "http://127.0.0.1:1"

const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "durable-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

/** Another process's layer, in this one, delivers what is in the directory. */
const deliver = (directory: string, agentUrl: string, left: number): Effect.Effect<Ledgers.Ledger> =>
  Effect.gen(function*() {
    yield* adopted(left)
    yield* settle(20_000)
    return yield* LLMObs.ledger
  }).pipe(
    Effect.provide(LLMObs.layer({ mlApp: "faults", agentUrl, apm: "off", durable: { directory } }))
  )

const namesAt = (agent: DevAgents.DevAgent): ReadonlyArray<string> =>
  agent.events().map((received) => String(received.event["name"]))

interface Round {
  readonly made: number
  readonly arrived: number
  readonly again: number
  readonly possible: number
  /** The mistake in the ledger of the process that delivered. */
  readonly books: string | undefined
  /** How many events its process made after the first one that died with it. */
  readonly afterLost: number
}

/** One process writes events, is killed at a random instant, and a next one delivers. */
const kill = (options: { readonly delivers: boolean }): Effect.Effect<Round, never, Scope.Scope> =>
  Effect.gen(function*() {
    const directory = yield* folder
    const agent = yield* Effect.orDie(DevAgents.make({ latencyMillis: 5 }))
    const last = Math.random() * 400
    let made = 0
    const victim = yield* Programs.run({
      program: "Scribe.ts",
      args: [directory, options.delivers ? agent.url : nobody],
      signal: "SIGKILL",
      when: () => ++made < last ? undefined : Math.random() * 20
    })
    // The last few of one that was killed were not committed.
    const books = yield* deliver(directory, agent.url, Math.max(0, victim.lines.length - 50))
    const names = namesAt(agent)
    const unique = new Set(names)
    const firstLost = victim.lines.findIndex((_, index) => !unique.has(`event-${index}`))
    // The last one can be there and not have been spoken of.
    return {
      made: Math.max(victim.lines.length, unique.size),
      arrived: unique.size,
      again: names.length - unique.size,
      possible: options.delivers ? books.redelivered + books.possibleDuplicates : books.possibleDuplicates,
      books: Ledgers.balances(books) && Ledgers.pending(books) === 0 ? undefined : JSON.stringify(books),
      afterLost: firstLost === -1 ? 0 : victim.lines.length - 1 - firstLost
    }
  })

const kills = (name: string, times: number, delivers: boolean): ProcessRow => ({
  name: `kill -9 at ${times} random instants${name}`,
  run: Effect.gen(function*() {
    const rounds = yield* Effect.forEach(
      Array.from({ length: times }),
      () => Effect.scoped(kill({ delivers })),
      { concurrency: 2 }
    )
    const sum = (of: (round: Round) => number) => rounds.reduce((total, round) => total + of(round), 0)
    const died = sum((round) => round.made - round.arrived)
    const after = Math.max(...rounds.map((round) => round.afterLost))
    const again = sum((round) => round.again)
    const possible = sum((round) => round.possible)
    const wrong = rounds.find((round) => round.books !== undefined)
    return {
      row: `kill -9 at ${times} random instants${name}`,
      promised: `committed, ${delivers ? "at least once" : "once"}`,
      offered: sum((round) => round.made),
      delivered: sum((round) => round.arrived),
      duplicates: again,
      possible,
      dropped: died === 0 ? "" : `died ${died}`,
      pending: 0,
      law: wrong === undefined,
      problem: wrong !== undefined
        ? `the books of one who delivered did not balance, or had not ended: ${wrong.books}`
        : rounds.every((round) => round.arrived === 0)
        ? "nothing was committed"
        : after > committedAfter
        ? `an event was lost although the process made ${after} others after it`
        : again > possible
        ? `${again} arrived again, and ${possible} were counted`
        : !delivers && again > 0
        ? `${again} arrived again`
        : undefined
    }
  })
})

/** Each event counted as delivered arrived once. Only the events in memory were lost when the process died. */
const killedWithMemory: ProcessRow = {
  name: "kill -9 with events in memory only",
  run: Effect.gen(function*() {
    const agent = yield* Effect.orDie(DevAgents.make())
    const victim = yield* Programs.run({
      program: "Scribe.ts",
      args: ["", agent.url],
      signal: "SIGKILL",
      when: (line) => Number(line) > 0 ? Math.random() * 500 : undefined
    })
    const names = namesAt(agent)
    const unique = new Set(names).size
    const claimed = Math.max(0, ...victim.lines.map(Number))
    const died = victim.lines.length - unique
    return {
      row: "kill -9 with events in memory only",
      promised: "delivered, once",
      offered: Math.max(victim.lines.length, unique),
      delivered: unique,
      duplicates: names.length - unique,
      possible: 0,
      dropped: died > 0 ? `died ${died}` : "",
      pending: 0,
      law: true,
      problem: claimed === 0
        ? "nothing was delivered"
        : names.length > unique
        ? "something arrived again"
        : unique < claimed
        ? `${claimed} were said to be delivered, and ${unique} arrived`
        : undefined
    }
  })
}

const events = 50

const order = (orders: Orders): string => JSON.stringify(orders)

/**
 * A program under `NodeRuntime.runMain` with events in memory. `agent`: it takes everything, hangs, or is not there.
 */
const signalled = (
  signal: "SIGTERM" | "SIGINT",
  name: string,
  promised: Promised,
  agentIs: "there" | "hanging" | "away",
  durable = false
): ProcessRow => ({
  name: `${signal}${name}`,
  run: Effect.gen(function*() {
    const agent = yield* Effect.orDie(DevAgents.make())
    const proxy = yield* FaultProxy.make(agent)
    const directory = yield* folder
    const ended = yield* Programs.run({
      program: "Victim.ts",
      args: [order({
        agentUrl: agentIs === "away" ? nobody : proxy.url,
        events,
        bytes: 10,
        greets: agentIs === "hanging",
        // On a busy machine it can take a while to send; but not to give up.
        options: {
          flushTimeout: agentIs === "there" ? "10 seconds" : "1 second",
          ...(durable ? { durable: { directory } } : {})
        }
      })],
      signal,
      when: (line) => {
        if (line !== "made") return undefined
        if (agentIs === "hanging") proxy.behave({ _tag: "hang" })
        return 0
      }
    })
    const printed = ended.lines.find((line) => line.startsWith("{"))
    const own = printed === undefined ? Ledgers.empty : JSON.parse(printed) as Ledgers.Ledger
    const left = Ledgers.pending(own)
    const books = durable ? [own, yield* deliver(directory, agent.url, left)] : [own]
    const said = ended.lines.some((line) => line.includes(`${own.dropped.shutdown} events could not be sent`))
    return judge(`${signal}${name}`, promised, {
      books,
      ids: agent.events().map((event) => event.spanId),
      problem: printed === undefined
        ? `it did not print its books (exit ${ended.code}, ${ended.signal})`
        : own.enqueued !== events + (agentIs === "hanging" ? 1 : 0)
        ? `it offered ${own.enqueued}`
        : own.dropped.shutdown > 0 && !said
        ? "what was lost at the end was not spoken of"
        : !durable && left > 0
        ? `${left} are pending after the end`
        : durable && left !== events
        ? `${left} stayed on disk`
        : ended.tookMillis > 12_000
        ? `it took ${ended.tookMillis} ms to end`
        : undefined
    })
  })
})

/**
 * A program fills the file system, and memory, and ends in order; when there is room again the next one finds the rest.
 * If the file system `stays` full, the next one delivers from it in place.
 */
const full = (name: string, stays: boolean): ProcessRow => ({
  name,
  run: Effect.gen(function*() {
    const at = yield* folder
    const place = Path.join(at, "small")
    const problem = yield* Mounts.tmpfs("size=1536k")({ place })
    if (typeof problem === "string") return problem
    const agent = yield* Effect.orDie(DevAgents.make())
    let wasFull = false
    const ended = yield* Programs.run({
      program: "Victim.ts",
      args: [order({
        agentUrl: nobody,
        events: 1_000,
        bytes: 4_000,
        greets: false,
        options: { maxBytes: 400_000, flushTimeout: "200 millis", durable: { directory: place } }
      })],
      signal: "SIGTERM",
      when: (line) => {
        if (line !== "made") return undefined
        wasFull = Mounts.isFull(place)
        return 0
      }
    })
    const printed = ended.lines.find((line) => line.startsWith("{"))
    const own = printed === undefined ? Ledgers.empty : JSON.parse(printed) as Ledgers.Ledger
    if (stays) fill(place)
    else yield* Mounts.remount(place, "size=32m")
    return judge(name, allBut("outboxFull", "shutdown"), {
      books: [own, yield* deliver(place, agent.url, Ledgers.pending(own))],
      ids: agent.events().map((event) => event.spanId),
      problem: !wasFull
        ? "the file system was not full"
        : Ledgers.pending(own) === 0
        ? "nothing was on disk"
        : undefined
    })
  })
})

const fill = (place: string): void => {
  const fd = Fs.openSync(Path.join(place, "others"), "w")
  try {
    while (Fs.writeSync(fd, new Uint8Array(4_096)) > 0) { /* until there is no room */ }
  } catch { /* none is left */ }
  Fs.closeSync(fd)
}

/** Where the frame stands that was written last: what follows it in the file is of an earlier turn of the log. */
const lastFrame = (log: string): { readonly from: number; readonly to: number } | undefined => {
  const bytes = log.endsWith("-wal") ? Fs.readFileSync(log) : Buffer.alloc(0)
  if (bytes.byteLength < 32) return undefined
  const frame = 24 + bytes.readUInt32BE(8)
  const turn = bytes.subarray(16, 24)
  let to = 32
  while (to + frame <= bytes.byteLength && bytes.subarray(to + 8, to + 16).equals(turn)) to += frame
  return to === 32 ? undefined : { from: to - frame, to }
}

/** The last write of a killed process is cut in its middle; a twin of the file is whole. */
const torn: ProcessRow = {
  name: "a torn last write",
  run: Effect.gen(function*() {
    const at = yield* folder
    const directory = Path.join(at, "cut")
    const twin = Path.join(at, "whole")
    const whole = yield* Effect.orDie(DevAgents.make())
    const cut = yield* Effect.orDie(DevAgents.make())
    const inside = Path.join(directory, "effect-llmobs")
    const findLog = () =>
      Path.join(inside, Fs.existsSync(inside) ? Fs.readdirSync(inside).find((name) => name.endsWith("-wal")) ?? "" : "")
    // One that was killed right after its log had been brought into the file has nothing to cut.
    for (let attempt = 0; attempt < 5 && lastFrame(findLog()) === undefined; attempt++) {
      Fs.rmSync(directory, { recursive: true, force: true })
      let made = 0
      yield* Programs.run({
        program: "Scribe.ts",
        args: [directory, nobody],
        signal: "SIGKILL",
        when: () => ++made < 150 ? undefined : 0
      })
    }
    const log = findLog()
    const last = lastFrame(log)
    Fs.cpSync(directory, twin, { recursive: true })
    if (last !== undefined) Fs.truncateSync(log, last.from + 1 + Math.floor(Math.random() * (last.to - last.from - 2)))
    const all = yield* deliver(twin, whole.url, 1)
    const books = yield* deliver(directory, cut.url, 1)
    const names = namesAt(cut)
    const wanted = namesAt(whole)
    const lost = wanted.filter((name) => !names.includes(name))
    // The last commit is gone, and nothing before it: those who are missing are the youngest.
    const prefix = lost.every((name) => Number(name.slice(6)) >= wanted.length - lost.length)
    const law = Ledgers.balances(books) && Ledgers.balances(all) && Ledgers.pending(books) === 0
    const again = names.length - new Set(names).size
    return {
      row: "a torn last write",
      promised: "committed before it, once",
      offered: wanted.length,
      delivered: new Set(names).size,
      duplicates: again,
      possible: books.possibleDuplicates,
      dropped: lost.length === 0 ? "" : `torn ${lost.length}`,
      pending: Ledgers.pending(books),
      law,
      problem: last === undefined
        ? "there was no log to cut"
        : !law
        ? "the books did not balance"
        : names.length === 0
        ? "nothing arrived"
        : lost.length === 0
        ? "nothing was torn"
        : lost.length > committedAfter || !prefix
        ? `${lost.length} are missing, ${lost.slice(0, 5).join(", ")} among them`
        : again > 0
        ? `${again} arrived again`
        : undefined
    }
  })
}

export const rows = (short: boolean): ReadonlyArray<ProcessRow> => [
  kills("", short ? 5 : 50, false),
  kills(" of delivery", short ? 5 : 50, true),
  killedWithMemory,
  torn,
  full("the file system is full, the process ends", false),
  full("the file system stays full when the next process begins", true),
  signalled("SIGTERM", "", once, "there"),
  signalled("SIGINT", "", once, "there"),
  signalled("SIGTERM", ", nobody is there", allBut("shutdown"), "away"),
  signalled("SIGINT", ", nobody is there", allBut("shutdown"), "away"),
  signalled("SIGTERM", ", the Agent hangs", { once: false, drops: ["shutdown"] }, "hanging"),
  signalled("SIGTERM", ", nobody is there, a file is", once, "away", true),
  signalled("SIGINT", ", nobody is there, a file is", once, "away", true)
]
