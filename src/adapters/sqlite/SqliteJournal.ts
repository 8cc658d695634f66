/**
 * A journal in a folder of SQLite files: the durable outbox of one layer.
 *
 * **Layout**
 *
 * - `<directory>/effect-llmobs/`: a folder of our own (0700), no link. Nothing but SQLite opens a file in it.
 * - `<host>-<journal><n>.db` with its `-wal`: the file of one journal, that is of one layer of one process or worker
 *   thread (0600). It is locked as long as it is open (`locking_mode = EXCLUSIVE`), so there is no `-shm` file, and the
 *   lock of a process that ends, in whatever way, is free at once.
 * - `….db.damaged`: a file in which SQLite found damage. `effect-llmobs rescue` reads it.
 * - `ballast`: room for deletions when the disk is full.
 *
 * | table | a row is |
 * | --- | --- |
 * | `streams` | a range of event ids of one account, copies or spilled ones, and how many events are in it |
 * | `events` | one event: `id = stream * 2^30 + n`, the time it was finished, the CRC-32 of its text, its text |
 * | `set_aside` | an event that the intake refused for good, or that could not be read |
 *
 * `application_id` is "llmo", `user_version` the form. Text is written and read by `RecordCodec` alone.
 *
 * **The life of a row**
 *
 * 1. An event that finishes waits in memory for 5 ms, or until 8 MiB of estimated bytes wait, and is posted to the
 *    thread. When the timer is late, an event that finishes meanwhile posts those that have waited for 8 ms.
 * 2. The thread writes all that was posted in one transaction, together with the deletions that are due. From this
 *    commit on the event outlives the process (`durability: "power"`: the machine).
 * 3. A copy is deleted when its event is settled; nothing is written for an event that is settled before step 2. A
 *    spilled event is read ahead in parts, and is a copy from then on.
 * 4. A file whose process has ended is opened by another journal, every 5 seconds and at the start: where the lock is
 *    free, its events enter the books there and are delivered from the file in place. Events are read from one such file
 *    at a time. The deletion of its last row is committed before the file is closed and removed.
 *
 * **Bounds**: `maxBytes` for all files of the folder together; 96 MiB of estimated bytes for spilled events that are not
 * written yet (from 48 MiB on a call waits a few milliseconds for the thread); an event above a quarter of `maxBytes`
 * stays in memory. A file of more than 16 MiB that has become empty is replaced by a new one.
 *
 * **Faults**
 *
 * | fault | effect |
 * | --- | --- |
 * | the process is killed | what was committed is delivered by the next process, or by another one that runs |
 * | a file was moved, replaced or removed | noticed at every commit and at close; memory writes what it holds to a new file, events that only the old one has are read from it as long as it is open, and do not count as kept |
 * | damage | the file is renamed, and concerns no other; memory writes what it holds to a new file; the rest counts as refused |
 * | a row that is not what was written | set aside, counted as refused |
 * | the disk, or the folder, is full | memory goes on alone; deletions have the ballast |
 * | the folder cannot be written | memory goes on alone, tried again every second; what lies there is delivered from a copy |
 * | a network or FUSE file system | said once; only files that carry this host's name are taken over |
 * | another user's file, a foreign file, a second name | named, and left as it is |
 * | the thread ends | a new one opens the same files |
 * | the program ends | the last commit is waited for, in `close` or in the `exit` event; neither timers nor the thread keep a program alive |
 */
import * as Crypto from "node:crypto"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { JournalService, Listener, Stored } from "../../ports/Journal.ts"
import { accountOf } from "../../ports/Outbox.ts"
import { limits } from "./JournalLimits.ts"
import type { Warning } from "./JournalWarnings.ts"
import * as JournalWarnings from "./JournalWarnings.ts"
import * as KnownFiles from "./KnownFiles.ts"
import type { Durability } from "./OutboxFile.ts"
import * as OutboxFolder from "./OutboxFolder.ts"
import * as RowPoster from "./RowPoster.ts"
import * as SpillBooks from "./SpillBooks.ts"
import * as SpillReader from "./SpillReader.ts"
import * as ThreadLine from "./ThreadLine.ts"
import type { Answers, News, Outcome } from "./WorkerProtocol.ts"
import type { Row } from "./WriteQueue.ts"
import * as WriteQueue from "./WriteQueue.ts"

/** `now` is Unix time in milliseconds. */
export interface Options {
  readonly directory: string
  readonly durability?: Durability | undefined
  /** The size of all files together at most. Default 1 GiB. */
  readonly maxBytes?: number | undefined
  /** Spilled events that are older are dropped. */
  readonly maxAgeMillis: number
  readonly now: () => number
  readonly diagnostics: DiagnosticsService
  /** The host's name in the names of files. Default: that of this machine. */
  readonly host?: string | undefined
  /** The `statfs` type of the folder's file system. Default: found out. */
  readonly fileSystem?: number | undefined
}

const silent: Listener = {
  onAdopted: () => {},
  onExpired: () => {},
  onUnreadable: () => {},
  onTaken: () => {},
  onReady: () => {}
}

/** Opens a journal. It never fails: a folder that cannot be used is said once, tried again, and done without. */
export const open = (options: Options): JournalService => {
  const { maxBytes = limits.maxBytes, now } = options
  // An event that has no room in an empty file would be tried for ever, and hold up the others.
  const largest = maxBytes / 4
  const clock = () => performance.now()
  const folder = OutboxFolder.of(options.directory)
  const journal = Crypto.randomBytes(6).toString("hex")
  const queue = WriteQueue.empty()
  const books = SpillBooks.empty()
  const files = KnownFiles.empty()
  /** The events that memory holds. */
  const held = new Map<SpanRecord, Row>()
  /** Accounts whose events were asked for while a file was being looked for. */
  const curious = new Set<string>()
  let looking = false
  let places = 0
  let listener = silent
  let closing = false
  let closed = false
  let sweepTimer: NodeJS.Timeout | undefined

  const warn = (warning: Warning, detail?: string): void =>
    JournalWarnings.warn(options.diagnostics, warning, folder, detail)

  const line = ThreadLine.make({
    opening: () => ({
      folder,
      host: options.host ?? OutboxFolder.hostName(),
      journal,
      durability: options.durability ?? "process",
      maxBytes,
      fileSystem: options.fileSystem,
      ...KnownFiles.opening(files)
    }),
    onNews: (news) => {
      for (const one of news) hear(one)
    },
    onWarning: warn,
    onRest: () => poster.schedule(0)
  })

  const onTrouble = (outcome: Outcome<unknown>): void => {
    if ("trouble" in outcome) line.fail(outcome.trouble, outcome.detail)
  }

  const poster: RowPoster.RowPoster = RowPoster.make({
    queue,
    books,
    line,
    onWritten: (row, file, id) => {
      KnownFiles.mark(files, file, id)
      if (row.spilled || row.state === "settled") return
      row.state = "written"
      row.file = file
      row.id = id
    },
    onReady: (account) => reader.ready(account)
  })

  const hear = (news: News): void => {
    if (news._tag === "opened") return KnownFiles.add(files, news.known)
    const { _tag, file } = news
    const wasReachable = files.reachable.has(file)
    const path = KnownFiles.pathOf(files, file)
    // The files of a journal that closes stay where they are.
    if (_tag === "closed" && closing) return
    KnownFiles.lose(files, file, _tag === "moved")
    if (_tag === "closed") return
    writeAnew(file, _tag === "taken")
    if (_tag === "moved") return warn("moved")
    if (_tag === "damaged") warn("damaged", path === undefined ? "" : `${path}.damaged`)
    const lost = SpillBooks.drop(books, file)
    if (lost === 0) return
    // Another process delivers from a file that it took; a file that could not be found by its path is lost.
    if (_tag === "taken" && wasReachable) listener.onTaken(lost)
    else listener.onUnreadable(lost)
  }

  // Memory writes again what it holds of a file that is lost. Events that were read ahead are with the other process if
  // that has the file.
  const writeAnew = (file: number, taken: boolean): void => {
    const again: Array<Row> = []
    for (const row of held.values()) {
      if (row.id === 0 || row.file !== file) continue
      WriteQueue.takeOut(queue, file, row.id)
      row.id = 0
      again.push(row)
    }
    WriteQueue.giveBack(queue, again, clock())
    for (const account of books.accounts.values()) {
      const kept: Array<Row> = []
      for (const row of SpillBooks.takeAhead(books, account)) {
        if (row.file !== file) {
          kept.push(row)
          continue
        }
        if (taken) {
          listener.onTaken(1)
          continue
        }
        WriteQueue.takeOut(queue, file, row.id)
        row.id = 0
        WriteQueue.add(queue, row, clock())
        SpillBooks.add(books, row)
      }
      SpillBooks.readAhead(books, account, kept)
    }
    poster.schedule(limits.windowMillis)
  }

  const makeRow = (record: SpanRecord, text: SpanRecord, spilled: boolean): Row => ({
    record,
    text,
    account: accountOf(record),
    at: now(),
    place: ++places,
    bytes: record.bytes,
    spilled,
    file: 0,
    id: 0,
    state: "waiting"
  })

  const take = (row: Row): void => {
    WriteQueue.add(queue, row, clock())
    if (row.spilled) SpillBooks.add(books, row)
    else held.set(row.record, row)
    poster.postWhenDue()
  }

  const reader: SpillReader.SpillReader = SpillReader.make({
    books,
    line,
    listener: () => listener,
    oldest: () => now() - options.maxAgeMillis,
    rowOf: ({ account }, file, { at, bytes, id, record }) => ({
      record,
      text: record,
      account,
      at,
      place: ++places,
      bytes,
      spilled: true,
      file,
      id,
      state: "written"
    }),
    onTrouble,
    onUnreadable: (events) => {
      warn("unreadable")
      listener.onUnreadable(events)
    },
    onLater: (account) => {
      setTimeout(() => {
        if (!closed) reader.ready(account)
      }, limits.retryMillis).unref()
    },
    onEmptied: () => adopt()
  })

  // Looks for the next file of an ended process, unless events of one are still to be read.
  const adopt = (then: () => void = () => {}): void => {
    if (closed || looking || SpillBooks.isAdopting(books) || !line.isOpen()) return then()
    looking = true
    line.ask("adopt", {}, (outcome) => {
      looking = false
      if ("value" in outcome) enter(outcome.value)
      else onTrouble(outcome)
      for (const account of curious) reader.ready(SpillBooks.accountOf(books, account))
      curious.clear()
      then()
    })
  }

  const enter = ({ file, notices, streams }: Answers["adopt"]): void => {
    for (const { about, detail } of notices) warn(about, detail)
    if (file === undefined) return
    for (const stream of streams) {
      const account = SpillBooks.adopt(books, file, stream)
      listener.onAdopted(stream.events)
      reader.ready(account)
      reader.expire(account)
    }
  }

  // What the disk has no room for is still in memory: it can leave from there, or a full disk would keep it for ever.
  const takeQueued = (account: SpillBooks.Account, bytes: number): ReadonlyArray<Row> => {
    const rows: Array<Row> = []
    let room = bytes
    for (const row of account.queued) {
      room -= row.bytes
      if (rows.length > 0 && room < 0) break
      rows.push(row)
    }
    for (const row of rows) SpillBooks.unqueue(books, row)
    return rows
  }

  const load = (name: string, bytes: number, patient: boolean): ReadonlyArray<Stored> => {
    if (closed) return []
    if (patient && looking && (books.accounts.get(name)?.count ?? 0) === 0) waitFor(() => !looking)
    const account = books.accounts.get(name)
    if (account === undefined || account.count === 0) return []
    let rows = SpillBooks.takeAhead(books, account)
    const onlyQueued = !account.busy && account.posted === 0 && SpillBooks.first(account) === undefined
    if (rows.length === 0 && onlyQueued) rows = takeQueued(account, bytes)
    account.wanted = bytes
    // Set before processing answers; otherwise `onReady` is skipped.
    account.hungry = rows.length === 0
    reader.read(account)
    if (rows.length === 0 && patient && account.busy) {
      waitFor(() => account.ahead.length > 0)
      rows = SpillBooks.takeAhead(books, account)
      if (rows.length > 0) account.hungry = false
    }
    for (const row of rows) {
      row.spilled = false
      held.set(row.record, row)
    }
    return rows.map(({ at, bytes, record }) => ({ record, offeredAt: at, bytes }))
  }

  const waitFor = (done: () => boolean): void => {
    const until = clock() + limits.patienceMillis
    line.wait(limits.patienceMillis, () => done() || clock() >= until)
  }

  const settle = (record: SpanRecord): void => {
    const row = held.get(record)
    if (row === undefined) return
    held.delete(record)
    WriteQueue.remove(queue, row)
    row.state = "settled"
    if (row.id === 0) return
    WriteQueue.takeOut(queue, row.file, row.id)
    poster.schedule(limits.windowMillis)
  }

  const sweep = (): void => {
    if (!line.isOpen()) return
    line.ask("tidy", {}, onTrouble)
    adopt()
    for (const account of books.accounts.values()) {
      reader.expire(account)
    }
  }

  // The program lives until there is an answer, for a time: nothing else of a journal keeps it alive.
  const answer = <K extends "open" | "readSetAside">(name: K): Promise<Answers[K] | undefined> =>
    new Promise((resolve) => {
      if (!line.isOpen()) return resolve(undefined)
      const timer = setTimeout(() => resolve(undefined), limits.endMillis)
      line.ask(name, {}, (outcome) => {
        clearTimeout(timer)
        onTrouble(outcome)
        resolve("value" in outcome ? outcome.value : undefined)
      })
    })

  const opened = answer("open").then(() => {})
  process.on("exit", poster.commit)

  return {
    opened,
    start: (told) => {
      listener = told
      sweepTimer = setInterval(sweep, limits.sweepMillis).unref()
      return new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limits.endMillis)
        adopt(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    },
    append: (record, text = record) => {
      if (!closed && record.bytes <= largest) take(makeRow(record, text, false))
    },
    spill: (record) => {
      if (closed || record.bytes > largest) return false
      if (clock() < Math.max(line.restsUntil(), line.fullUntil())) return false
      if (books.unwritten >= limits.unwrittenBytes) poster.waitForRoom()
      if (books.unwritten >= limits.mostUnwrittenBytes) return false
      take(makeRow(record, record, true))
      return true
    },
    load,
    remove: settle,
    setAside: (record, entry) => {
      settle(record)
      if (closed) return
      queue.asides.push(entry)
      if (queue.asides.length > WriteQueue.maxAsides) queue.asides.shift()
      poster.schedule(limits.windowMillis)
    },
    readSetAside: async () => {
      poster.postAll()
      return await answer("readSetAside") ?? [...queue.asides]
    },
    spilled: (account) => account === undefined ? books.count : books.accounts.get(account)?.count ?? 0,
    readAhead: () => books.ahead,
    spilledBytes: (account) => {
      const bytes = books.accounts.get(account)?.bytes ?? 0
      if (bytes > 0 || !looking) return bytes
      // Something may come: a lane that is asked to send everything waits for the answer.
      curious.add(account)
      return 1
    },
    kept: () => {
      let copies = 0
      for (const { file, id } of held.values()) if (id !== 0 && files.reachable.has(file)) copies++
      return copies + SpillBooks.kept(books, (file) => files.reachable.has(file))
    },
    commit: poster.commit,
    close: () => {
      if (closed) return
      line.forgive()
      // A file that is gone is noticed here at the latest, and memory writes anew what it holds.
      for (let round = 0; round < limits.rewrites; round++) {
        poster.commit()
        if (!line.isOpen()) break
        line.ask("tidy", {}, onTrouble)
        line.wait(limits.endMillis, () => false)
        if (WriteQueue.size(queue) === 0) break
      }
      closing = true
      if (line.isOpen()) {
        line.ask("release", {}, () => {})
        line.wait(limits.endMillis, () => false)
      }
      closed = true
      poster.close()
      clearInterval(sweepTimer)
      process.off("exit", poster.commit)
      line.close()
    }
  }
}
