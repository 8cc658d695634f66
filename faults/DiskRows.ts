/**
 * Rows about the disk under the durable outbox: full, read-only, damaged. File systems are mounted where that is allowed.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Mounts from "./Mounts.ts"
import type { Row, Stage } from "./Row.ts"
import { allBut, once } from "./Verdict.ts"

const events = 20
const large = { bytes: 4_000 }

/** Memory for some of the large events. */
const little = 400_000

const file = ({ place }: Stage): string => Path.join(place, "events.db")

/** A full or read-only disk is tried again every second; other rows make this process stand still for as long again. */
const retryMillis = 3_000

const dropped = Effect.map(LLMObs.ledger, (books) => books.dropped.outboxFull)

/** The process ends with nobody there, and the next one finds somebody. */
const handedOn: Pick<Row, "lateAgent" | "next"> = {
  lateAgent: true,
  next: (stage) => ({ agentUrl: stage.agent.url, durable: { path: file(stage) } })
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

const scribble = (path: string): void => {
  if (!Fs.existsSync(path)) return
  const fd = Fs.openSync(path, "r+")
  Fs.writeSync(fd, Buffer.alloc(Fs.fstatSync(fd).size, 0xa5), 0, undefined, 0)
  Fs.closeSync(fd)
}

// More than memory has room for, while nobody is there to take it.
const overflowing: Pick<Row, "lateAgent" | "run"> = {
  lateAgent: true,
  run: ({ emit, proxy, wait }) =>
    Effect.gen(function*() {
      yield* emit(400, large)
      yield* proxy.up
      yield* wait(30_000)
    })
}

export const rows: ReadonlyArray<Row> = [
  {
    name: "the outbox may not grow any more",
    promised: allBut("outboxFull"),
    options: (stage) => ({ maxBytes: little, durable: { path: file(stage), maxBytes: 400_000 } }),
    ...overflowing
  },
  {
    name: "memory is full, the disk is not",
    promised: once,
    options: (stage) => ({ maxBytes: little, durable: { path: file(stage) } }),
    ...overflowing
  },
  {
    name: "the file system fills up, and has room again",
    promised: allBut("outboxFull"),
    prepare: Mounts.tmpfs("size=1536k"),
    options: (stage) => ({ maxBytes: little, durable: { path: file(stage) } }),
    lateAgent: true,
    run: ({ emit, place, proxy, wait }) =>
      Effect.gen(function*() {
        for (let part = 0; part < 50; part++) {
          yield* emit(20, large)
          yield* Effect.sleep(2)
        }
        if (!Mounts.isFull(place)) return "the file system is not full"
        yield* Mounts.remount(place, "size=32m")
        yield* Effect.sleep(retryMillis)
        const before = yield* dropped
        yield* emit(200, large)
        yield* Effect.sleep(50)
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
    options: (stage) => ({ flushTimeout: "200 millis", durable: { path: file(stage) } }),
    ...handedOn,
    run: ({ emit, place }) =>
      Effect.gen(function*() {
        yield* emit(events, large)
        if (!Mounts.isFull(place)) return "the file system is not full"
        Fs.rmSync(Path.join(place, "others"))
        yield* Effect.sleep(retryMillis)
        yield* emit(events, large)
        yield* Effect.sleep(50)
        return undefined
      })
  },
  {
    name: "the file system is read-only at first",
    promised: once,
    prepare: Mounts.tmpfs("size=4m,ro"),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { path: file(stage) } }),
    ...handedOn,
    run: ({ emit, place }) =>
      Effect.gen(function*() {
        yield* emit(events)
        if (!refused(Path.join(place, "probe"))) return "the file system can be written"
        yield* Mounts.remount(place, "rw")
        yield* Effect.sleep(retryMillis)
        yield* emit(events)
        yield* Effect.sleep(50)
        return undefined
      })
  },
  {
    name: "the file becomes read-only, and writable again",
    promised: once,
    prepare: (stage) => Effect.andThen(own(stage), Mounts.immutability(stage.place)),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { path: file(stage) } }),
    ...handedOn,
    run: (stage) =>
      Effect.gen(function*() {
        const { emit } = stage
        // Not the index of the log, which SQLite maps into memory.
        const files = [file(stage), `${file(stage)}-wal`]
        yield* emit(events)
        yield* Effect.sleep(50)
        yield* Mounts.setImmutable(files, true)
        if (!refused(file(stage))) return "the file can be written"
        yield* emit(events)
        yield* Effect.sleep(500)
        yield* Mounts.setImmutable(files, false)
        yield* Effect.sleep(retryMillis)
        yield* emit(events)
        yield* Effect.sleep(50)
        return undefined
      })
  },
  {
    name: "the file can never be written",
    promised: once,
    options: { durable: { path: "/proc/self/no/such/file.db" } },
    run: ({ emit, wait }) => Effect.andThen(emit(events), wait(20_000))
  },
  {
    name: "a row of the file is corrupted",
    promised: allBut("refused"),
    options: (stage) => ({ flushTimeout: "200 millis", durable: { path: file(stage) } }),
    ...handedOn,
    run: ({ emit }) => Effect.asVoid(emit(events)),
    between: (stage) =>
      Effect.sync(() => {
        if (Fs.existsSync(`${file(stage)}-wal`)) return "the log was not brought into the file"
        return overwrite(file(stage), "call-7") === 0 ? "the event is not in the file" : undefined
      }),
    after: (stage) =>
      Effect.sync(() => {
        const database = new DatabaseSync(file(stage), { readOnly: true })
        const { n } = database.prepare("SELECT count(*) AS n FROM set_aside").get() as { readonly n: number }
        database.close()
        return n === 1 ? undefined : `${n} are set aside`
      })
  },
  {
    name: "the file is damaged while it is used",
    promised: allBut("refused"),
    options: (stage) => ({ maxBytes: little, durable: { path: file(stage) } }),
    lateAgent: true,
    run: (stage) =>
      Effect.gen(function*() {
        const { emit, place, proxy, wait } = stage
        // More than memory takes: the file alone has the rest.
        yield* emit(400, large)
        yield* Effect.sleep(100)
        scribble(`${file(stage)}-wal`)
        scribble(file(stage))
        yield* proxy.up
        yield* wait(20_000)
        yield* emit(events)
        yield* wait(20_000)
        return Fs.readdirSync(place).some((name) => name.includes(".damaged-"))
          ? undefined
          : "the damage was not noticed"
      })
  },
  {
    name: "the file is damaged between two processes",
    promised: once,
    options: (stage) => ({ flushTimeout: "200 millis", durable: { path: file(stage) } }),
    run: ({ emit, wait }) => Effect.andThen(emit(events), wait(20_000)),
    between: (stage) => Effect.sync(() => scribble(file(stage))),
    next: (stage) => ({ agentUrl: stage.agent.url, durable: { path: file(stage) } }),
    nextRun: ({ emit, wait }) => Effect.andThen(emit(events), wait(20_000)),
    after: ({ place }) =>
      Effect.sync(() =>
        Fs.readdirSync(place).some((name) => name.includes(".damaged-")) ? undefined : "the damage was not noticed"
      )
  }
]
