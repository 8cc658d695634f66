/**
 * Rows about the disk under the durable outbox: full, read-only, damaged. File systems are mounted where that is allowed.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import { eventually, until } from "./Eventually.ts"
import * as Mounts from "./Mounts.ts"
import type { Row, Stage } from "./Row.ts"
import { allBut, once } from "./Verdict.ts"

const events = 20
const large = { bytes: 4_000 }

/** Memory for some of the large events. */
const little = 400_000

const folder = ({ place }: Stage): string => Path.join(place, "effect-llmobs")

/** The files of the outbox and their logs. */
const files = (stage: Stage): ReadonlyArray<string> =>
  Fs.existsSync(folder(stage))
    ? Fs.readdirSync(folder(stage)).filter((name) => /\.db(-wal)?$/.test(name)).map((name) =>
      Path.join(folder(stage), name)
    )
    : []

const isWritten = (stage: Stage, name: string): boolean =>
  files(stage).some((path) => Fs.readFileSync(path).includes(name))

/** Waits until the thread of the outbox has written an event, and all those before it. A text says that it has not. */
const written = (stage: Stage, name: string): Effect.Effect<string | undefined> =>
  Effect.map(until(() => isWritten(stage, name)), (found) => found ? undefined : `${name} was not written`)

const last = `call-${events - 1}`
const lastAgain = `again-${events - 1}`

/** As SQLite sees all of them, while no process has them open. */
const query = (stage: Stage, sql: string): ReadonlyArray<{ readonly [column: string]: unknown }> =>
  files(stage).filter((path) => path.endsWith(".db")).flatMap((path) => {
    const database = new DatabaseSync(path)
    database.exec("PRAGMA locking_mode = EXCLUSIVE")
    const rows = database.prepare(sql).all()
    database.close()
    return rows
  })

const dropped = Effect.map(LLMObs.ledger, (books) => books.dropped.outboxFull)

/** The process ends with nobody there, and the next one finds somebody. */
const handedOn: Pick<Row, "lateAgent" | "next"> = {
  lateAgent: true,
  next: (stage) => ({ agentUrl: stage.agent.url, durable: { directory: stage.place } })
}

const own = (stage: Stage): Effect.Effect<void> => Effect.sync(() => Fs.mkdirSync(stage.place, { mode: 0o700 }))

const refused = (path: string): boolean => {
  try {
    Fs.closeSync(Fs.openSync(path, "a"))
    return false
  } catch {
    return true
  }
}

/** Writes over every occurrence of the text in a file, and tells how many there were. */
const overwrite = (path: string, text: string): number => {
  const bytes = Fs.readFileSync(path)
  let found = 0
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    bytes[at] = 0x21
    found++
  }
  Fs.writeFileSync(path, bytes)
  return found
}

const pageSize = 32_768

const scribble = (path: string, from = 0): void => {
  if (!Fs.existsSync(path)) return
  const fd = Fs.openSync(path, "r+")
  Fs.writeSync(fd, Buffer.alloc(Math.max(0, Fs.fstatSync(fd).size - from), 0xa5), 0, undefined, from)
  Fs.closeSync(fd)
}

// More than memory has room for, while nobody is there to take it.
const overflowing: Pick<Row, "lateAgent" | "run"> = {
  lateAgent: true,
  run: ({ emit, proxy, wait }) =>
    Effect.gen(function*() {
      // In parts, so that the thread can say between them that the disk is full.
      for (let part = 0; part < 40; part++) {
        yield* emit(10, large)
        yield* Effect.sleep(2)
      }
      yield* proxy.up
      yield* wait(30_000)
    })
}

export const rows: ReadonlyArray<Row> = [
  {
    name: "the outbox may not grow any more",
    promised: allBut("outboxFull"),
    options: (stage) => ({ maxBytes: little, durable: { directory: stage.place, maxBytes: 400_000 } }),
    ...overflowing
  },
  {
    name: "memory is full, the disk is not",
    promised: once,
    options: (stage) => ({ maxBytes: little, durable: { directory: stage.place } }),
    ...overflowing
  },
  {
    name: "the file system fills up, and has room again",
    promised: allBut("outboxFull"),
    prepare: Mounts.tmpfs("size=1536k"),
    options: (stage) => ({ maxBytes: little, durable: { directory: stage.place } }),
    lateAgent: true,
    run: (stage) =>
      Effect.gen(function*() {
        const { emit, place, proxy, wait } = stage
        for (let part = 0; part < 50; part++) {
          yield* emit(20, large)
          yield* Effect.sleep(2)
        }
        if (!(yield* until(() => Mounts.isFull(place)))) return "the file system is not full"
        yield* Mounts.remount(place, "size=32m")
        // It is tried again every second.
        const probe = Effect.map(emit(1, { ...large, name: "probe" }), () => isWritten(stage, "probe-0"))
        if (!(yield* eventually(probe, 10_000))) return "nothing was written when there was room again"
        const before = yield* dropped
        yield* emit(200, { ...large, name: "again" })
        const problem = yield* written(stage, "again-199")
        if (problem !== undefined) return problem
        const after = yield* dropped
        yield* proxy.up
        yield* wait(30_000)
        return after > before ? `${after - before} were dropped although there was room again` : undefined
      })
  },
  {
    name: "the file system is full from the start",
    promised: once,
    prepare: (stage) =>
      Effect.tap(Mounts.tmpfs("size=2m")(stage), () =>
        Effect.sync(() => {
          const fd = Fs.openSync(Path.join(stage.place, "others"), "w")
          try {
            while (Fs.writeSync(fd, new Uint8Array(4_096)) > 0) { /* until there is no room */ }
          } catch { /* none is left */ }
          Fs.closeSync(fd)
        })),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: (stage) =>
      Effect.gen(function*() {
        yield* stage.emit(events, large)
        if (!Mounts.isFull(stage.place)) return "the file system is not full"
        Fs.rmSync(Path.join(stage.place, "others"))
        const problem = yield* written(stage, last)
        yield* stage.emit(events, { ...large, name: "again" })
        return problem ?? (yield* written(stage, lastAgain))
      })
  },
  {
    name: "the file system is read-only at first",
    promised: once,
    prepare: Mounts.tmpfs("size=4m,ro"),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: (stage) =>
      Effect.gen(function*() {
        yield* stage.emit(events)
        if (!refused(Path.join(stage.place, "probe"))) return "the file system can be written"
        yield* Mounts.remount(stage.place, "rw")
        const problem = yield* written(stage, last)
        yield* stage.emit(events, { name: "again" })
        return problem ?? (yield* written(stage, lastAgain))
      })
  },
  {
    name: "the file becomes read-only, and writable again",
    promised: once,
    prepare: (stage) => Effect.andThen(own(stage), Mounts.immutability(stage.place)),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: (stage) =>
      Effect.gen(function*() {
        const { emit } = stage
        yield* emit(events)
        const problem = yield* written(stage, last)
        const immutable = files(stage)
        yield* Mounts.setImmutable(immutable, true)
        yield* emit(events, { name: "refused" })
        const spoken = yield* until(() => stage.logged().some((line) => line.includes("cannot be written")))
        yield* Mounts.setImmutable(immutable, false)
        if (!spoken) return "nothing was said about the file"
        const later = yield* written(stage, `refused-${events - 1}`)
        yield* emit(events, { name: "again" })
        return problem ?? later ?? (yield* written(stage, lastAgain))
      })
  },
  {
    name: "the file can never be written",
    promised: once,
    options: { durable: { directory: "/proc/self/no/such" } },
    run: ({ emit, wait }) => Effect.andThen(emit(events), wait(20_000))
  },
  {
    name: "a row of the file is corrupted",
    promised: allBut("refused"),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: ({ emit }) => Effect.asVoid(emit(events)),
    between: (stage) =>
      Effect.sync(() => {
        const [path = "", ...others] = files(stage)
        if (others.length > 0) return `there are other files: ${others}`
        return overwrite(path, "call-7") === 0 ? "the event is not in the file" : undefined
      }),
    after: (stage) =>
      Effect.sync(() => {
        const found = query(stage, "SELECT reason FROM set_aside")
        return found.length === 1 ? undefined : `${found.length} are set aside`
      })
  },
  {
    name: "the file is damaged while it is used",
    promised: allBut("refused"),
    options: (stage) => ({ maxBytes: little, durable: { directory: stage.place } }),
    lateAgent: true,
    run: (stage) =>
      Effect.gen(function*() {
        const { emit, proxy, wait } = stage
        // More than memory takes: the file alone has the rest, and it is more than SQLite holds in its cache.
        yield* emit(2_000, large)
        const problem = yield* written(stage, "call-1999")
        if (problem !== undefined) return problem
        for (const path of files(stage)) scribble(path)
        yield* proxy.up
        yield* wait(20_000)
        yield* emit(events)
        yield* wait(20_000)
        return Fs.readdirSync(folder(stage)).some((name) => name.endsWith(".damaged"))
          ? undefined
          : "the damage was not noticed"
      })
  },
  {
    name: "a file is damaged between two processes",
    promised: allBut("refused"),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: ({ emit }) => Effect.asVoid(emit(400, large)),
    between: (stage) =>
      Effect.sync(() => {
        for (const path of files(stage)) scribble(path, 5 * pageSize)
      }),
    nextRun: ({ emit, wait }) => Effect.andThen(emit(events), wait(20_000)),
    after: (stage) =>
      Effect.sync(() =>
        Fs.readdirSync(folder(stage)).some((name) => name.endsWith(".damaged"))
          ? undefined
          : "the damage was not noticed"
      )
  },
  {
    name: "a file is damaged from its first byte on between two processes",
    promised: once,
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    run: ({ emit, wait }) => Effect.andThen(emit(events), wait(20_000)),
    between: (stage) =>
      Effect.sync(() => {
        // A file that nothing was left in is gone.
        Fs.writeFileSync(Path.join(folder(stage), "host-0123456789ab0001.db"), new Uint8Array(200_000).fill(0xa5))
      }),
    next: (stage) => ({ agentUrl: stage.agent.url, durable: { directory: stage.place } }),
    nextRun: ({ emit, wait }) => Effect.andThen(emit(events), wait(20_000)),
    after: (stage) => Effect.sync(() => files(stage).length === 1 ? undefined : "the file of nobody was not left alone")
  },
  {
    name: "the file is removed while it is used",
    promised: once,
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: (stage) =>
      Effect.gen(function*() {
        yield* stage.emit(events)
        const problem = yield* written(stage, last)
        for (const path of files(stage)) Fs.rmSync(path)
        yield* stage.emit(events, { name: "again" })
        return problem ?? (yield* written(stage, lastAgain))
      })
  },
  {
    name: "the file is removed right before the process ends",
    promised: once,
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: (stage) =>
      Effect.gen(function*() {
        yield* stage.emit(events)
        const problem = yield* written(stage, last)
        for (const path of files(stage)) Fs.rmSync(path)
        return problem
      })
  },
  {
    name: "the folder is moved away while it is used",
    promised: once,
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: (stage) =>
      Effect.gen(function*() {
        yield* stage.emit(events)
        const problem = yield* written(stage, last)
        Fs.renameSync(stage.place, `${stage.place}-moved`)
        yield* stage.emit(events, { name: "again" })
        return problem ?? (yield* written(stage, lastAgain))
      })
  },
  {
    name: "the file system is read-only when the next process begins",
    promised: once,
    prepare: Mounts.tmpfs("size=32m"),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { directory: stage.place } }),
    ...handedOn,
    run: ({ emit }) => Effect.asVoid(emit(events)),
    between: (stage) =>
      Effect.gen(function*() {
        yield* Mounts.remount(stage.place, "ro")
        return refused(Path.join(stage.place, "probe")) ? undefined : "the file system can be written"
      })
  }
]
