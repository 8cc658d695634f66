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
 * | `origin` | the one moment of the file's maker: wall clock, start of the machine, time since then |
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
 *    at a time; those of an account that the process has not named yet wait in theirs. The deletion of its last row is committed before the file is closed and removed.
 *
 * **Age**: times in a file advance with the monotonic clock of its maker from the `origin`. As long as the machine has
 * not been restarted, the wall clock does not count, also in another process (`EventAge.between`).
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
import type { Moment } from "../../domain/delivery/EventAge.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { JournalService, Listener, Stored } from "../../ports/Journal.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import { accountOf } from "../../ports/Outbox.ts"
import type { Warning } from "./JournalWarnings.ts"
import * as JournalWarnings from "./JournalWarnings.ts"
import type { Durability } from "./OutboxFile.ts"
import { streamOf } from "./OutboxFile.ts"
import * as OutboxFolder from "./OutboxFolder.ts"
import { mostUnwrittenBytes, patienceMillis, RowPoster, unwrittenBytes, windowMillis } from "./RowPoster.ts"
import * as SpillBooks from "./SpillBooks.ts"
import * as SpillReader from "./SpillReader.ts"
import * as ThreadLine from "./ThreadLine.ts"
import type { Answers, KnownFile, News, Outcome } from "./WorkerProtocol.ts"
import type { Row } from "./WriteQueue.ts"
import * as WriteQueue from "./WriteQueue.ts"

const defaultMaxBytes = 1024 * 1024 * 1024

// How often the folder is searched for files of ended processes.
const sweepMillis = 5_000

// How often a journal that closes writes anew what was in a file that is gone.
const rewrites = 3

/** The options of a journal. */
export interface Options {
  readonly directory: string
  readonly durability?: Durability | undefined
  /** The size of all files together at most. Default 1 GiB. */
  readonly maxBytes?: number | undefined
  /** Spilled events that are older are dropped. */
  readonly maxAgeMillis: number
  /** The present moment. Its `unixMillis` must advance with its `uptimeMillis`. */
  readonly now: () => Moment
  /** Calls a function when the process ends. Returns a function that cancels that. */
  readonly onExit: (f: () => void) => () => void
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

/** One journal. */
class SqliteJournal implements JournalService {
  readonly opened: Promise<void>
  readonly commit: () => void
  private readonly options: Options
  private readonly maxBytes: number
  private readonly folder: string
  private readonly journal = crypto.randomUUID().slice(-12)
  private readonly queue = WriteQueue.empty()
  private readonly books = SpillBooks.empty()
  /** The files that the thread has open, as far as it has told. */
  private readonly files = new Map<number, KnownFile>()
  /** Those that another process would find. */
  private readonly reachable = new Set<number>()
  private nextFile = 1
  private ownFile = 0
  /** The last id in each stream of our own file. */
  private marks = new Map<number, number>()
  /** The events that memory holds. */
  private readonly held = new Map<PendingRecord, Row>()
  /** Accounts whose events were asked for while a file was being looked for. */
  private readonly curious = new Set<string>()
  private readonly line: ThreadLine.ThreadLine
  private readonly poster: RowPoster
  private readonly reader: SpillReader.SpillReader
  private looking = false
  private places = 0
  private listener = silent
  private closing = false
  private closed = false
  private readonly leaveExit: () => void
  private sweepTimer: NodeJS.Timeout | undefined

  constructor(options: Options) {
    this.options = options
    this.maxBytes = options.maxBytes ?? defaultMaxBytes
    this.folder = OutboxFolder.of(options.directory)
    this.line = ThreadLine.make({
      opening: () => ({
        folder: this.folder,
        host: this.options.host ?? OutboxFolder.hostName(),
        journal: this.journal,
        durability: this.options.durability ?? "process",
        maxBytes: this.maxBytes,
        fileSystem: this.options.fileSystem,
        origin: this.options.now(),
        nextFile: this.nextFile,
        files: [...this.files.values()],
        marks: [...this.marks]
      }),
      onNews: (news) => {
        for (const one of news) this.hear(one)
      },
      onWarning: this.warn,
      onRest: () => this.poster.schedule(0)
    })
    this.poster = new RowPoster({
      queue: this.queue,
      books: this.books,
      line: this.line,
      onWritten: (row, file, id) => {
        if (file === this.ownFile) this.marks.set(streamOf(id), id)
        if (row.spilled || row.state === "settled") return
        row.state = "written"
        row.file = file
        row.id = id
      },
      onReady: (account) => this.reader.ready(account)
    })
    this.reader = SpillReader.make({
      books: this.books,
      line: this.line,
      listener: () => this.listener,
      maxAgeMillis: options.maxAgeMillis,
      now: options.now,
      rowOf: ({ account }, file, { at, bytes, id, record }) => ({
        key: record,
        copy: record,
        account,
        at,
        place: ++this.places,
        bytes,
        spilled: true,
        file,
        id,
        state: "written"
      }),
      onTrouble: this.onTrouble,
      onUnreadable: (events) => {
        this.warn("unreadable")
        this.listener.onUnreadable(events)
      },
      onLater: (account) => {
        setTimeout(() => {
          if (!this.closed) this.reader.ready(account)
        }, ThreadLine.retryMillis).unref()
      },
      onEmptied: () => this.adopt()
    })
    this.commit = this.poster.commit
    this.opened = this.answer("open").then(() => {})
    this.leaveExit = options.onExit(this.commit)
  }

  private readonly warn = (warning: Warning, detail?: string): void =>
    JournalWarnings.warn(this.options.diagnostics, warning, this.folder, detail)

  private readonly onTrouble = (outcome: Outcome<unknown>): void => {
    if ("trouble" in outcome) this.line.fail(outcome.trouble, outcome.detail)
  }

  private readonly hear = (news: News): void => {
    if (news._tag === "opened") {
      const { file, own } = news.known
      this.files.set(file, news.known)
      this.reachable.add(file)
      this.nextFile = Math.max(this.nextFile, file + 1)
      if (own) [this.ownFile, this.marks] = [file, new Map()]
      return
    }
    const { _tag, file } = news
    const path = this.files.get(file)?.path
    // The files of a journal that closes stay where they are.
    if (_tag === "closed" && this.closing) return
    const wasReachable = this.reachable.delete(file)
    // A file that was moved can still be read.
    if (_tag !== "moved") this.files.delete(file)
    if (_tag === "closed") return
    this.writeAnew(file, _tag === "taken")
    if (_tag === "moved") return this.warn("moved")
    if (_tag === "damaged") this.warn("damaged", path === undefined ? "" : `${path}.damaged`)
    const lost = SpillBooks.drop(this.books, file)
    if (lost === 0) return
    // Another process delivers from a file that it took; a file that could not be found by its path is lost.
    if (_tag === "taken" && wasReachable) this.listener.onTaken(lost)
    else this.listener.onUnreadable(lost)
  }

  // Memory writes again what it holds of a file that is lost. Events that were read ahead are with the other process if
  // that has the file.
  private readonly writeAnew = (file: number, taken: boolean): void => {
    const again: Array<Row> = []
    for (const row of this.held.values()) {
      if (row.id === 0 || row.file !== file) continue
      WriteQueue.takeOut(this.queue, file, row.id)
      row.id = 0
      again.push(row)
    }
    WriteQueue.giveBack(this.queue, again, performance.now())
    for (const account of this.books.accounts.values()) {
      const kept: Array<Row> = []
      for (const row of SpillBooks.takeAhead(this.books, account)) {
        if (row.file !== file) {
          kept.push(row)
          continue
        }
        if (taken) {
          this.listener.onTaken(1)
          continue
        }
        WriteQueue.takeOut(this.queue, file, row.id)
        row.id = 0
        WriteQueue.add(this.queue, row, performance.now())
        SpillBooks.add(this.books, row)
      }
      SpillBooks.readAhead(this.books, account, kept)
    }
    this.poster.schedule(windowMillis)
  }

  private readonly makeRow = (key: PendingRecord, copy: SpanRecord, spilled: boolean): Row => ({
    key,
    copy,
    account: accountOf(copy),
    at: this.options.now().unixMillis,
    place: ++this.places,
    bytes: copy.bytes,
    spilled,
    file: 0,
    id: 0,
    state: "waiting"
  })

  private readonly take = (row: Row): void => {
    WriteQueue.add(this.queue, row, performance.now())
    if (row.spilled) SpillBooks.add(this.books, row)
    else this.held.set(row.key, row)
    this.poster.postWhenDue()
  }

  // Looks for the next file of an ended process, unless events of one are still to be read. Those of an account that nobody
  // has named here hold up no other file.
  private readonly adopt = (then: () => void = () => {}): void => {
    if (this.closed || this.looking || SpillBooks.isAdopting(this.books) || !this.line.isOpen()) return then()
    this.looking = true
    this.line.ask("adopt", {}, (outcome) => {
      this.looking = false
      if ("value" in outcome) this.enter(outcome.value)
      else this.onTrouble(outcome)
      for (const account of this.curious) this.reader.ready(SpillBooks.accountOf(this.books, account))
      this.curious.clear()
      then()
    })
  }

  private readonly enter = ({ file, notices, streams }: Answers["adopt"]): void => {
    for (const { about, detail } of notices) this.warn(about, detail)
    if (file === undefined) return
    for (const stream of streams) {
      const account = SpillBooks.adopt(this.books, file, stream)
      this.listener.onAdopted(stream.events)
      this.reader.ready(account)
      this.reader.expire(account)
    }
  }

  // Events for which the disk has no room are still in memory and leave from there, because a full disk would never take them.
  private readonly takeQueued = (account: SpillBooks.Account, bytes: number): ReadonlyArray<Row> => {
    const rows = WriteQueue.first(account.queued, bytes)
    for (const row of rows) SpillBooks.unqueue(this.books, row)
    return rows
  }

  readonly load = (name: string, bytes: number, patient: boolean): ReadonlyArray<Stored> => {
    if (this.closed) return []
    if (patient && this.looking && (this.books.accounts.get(name)?.count ?? 0) === 0) this.waitFor(() => !this.looking)
    const account = this.books.accounts.get(name)
    if (account === undefined || account.count === 0) return []
    account.named = true
    let rows = SpillBooks.takeAhead(this.books, account)
    const onlyQueued = !account.busy && account.posted === 0 && SpillBooks.first(account) === undefined
    if (rows.length === 0 && onlyQueued) rows = this.takeQueued(account, bytes)
    account.wanted = bytes
    // Set before processing answers; otherwise `onReady` is skipped.
    account.hungry = rows.length === 0
    this.reader.read(account)
    if (rows.length === 0 && patient && account.busy) {
      this.waitFor(() => account.ahead.length > 0)
      rows = SpillBooks.takeAhead(this.books, account)
      if (rows.length > 0) account.hungry = false
    }
    for (const row of rows) {
      row.spilled = false
      this.held.set(row.key, row)
    }
    return rows.map(({ at, bytes, copy }) => ({ record: copy, offeredAt: at, bytes }))
  }

  private readonly waitFor = (done: () => boolean): void => {
    const until = performance.now() + patienceMillis
    this.line.wait(patienceMillis, () => done() || performance.now() >= until)
  }

  readonly remove = (key: PendingRecord): void => {
    const row = this.held.get(key)
    if (row === undefined) return
    this.held.delete(key)
    WriteQueue.remove(this.queue, row)
    row.state = "settled"
    if (row.id === 0) return
    WriteQueue.takeOut(this.queue, row.file, row.id)
    this.poster.schedule(windowMillis)
  }

  private readonly sweep = (): void => {
    if (!this.line.isOpen()) return
    this.line.ask("tidy", {}, this.onTrouble)
    this.adopt()
    for (const account of this.books.accounts.values()) {
      this.reader.expire(account)
    }
  }

  // The program lives until there is an answer, for a time: nothing else of a journal keeps it alive.
  private readonly answer = <K extends "open" | "readSetAside">(name: K): Promise<Answers[K] | undefined> =>
    new Promise((resolve) => {
      if (!this.line.isOpen()) return resolve(undefined)
      const timer = setTimeout(() => resolve(undefined), ThreadLine.endMillis)
      this.line.ask(name, {}, (outcome) => {
        clearTimeout(timer)
        this.onTrouble(outcome)
        resolve("value" in outcome ? outcome.value : undefined)
      })
    })

  readonly start: JournalService["start"] = (told) => {
    this.listener = told
    this.sweepTimer = setInterval(this.sweep, sweepMillis).unref()
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ThreadLine.endMillis)
      this.adopt(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  readonly append: JournalService["append"] = (key, copy) => {
    if (!this.closed && copy.bytes <= this.maxBytes / 4) this.take(this.makeRow(key, copy, false))
  }

  readonly spill: JournalService["spill"] = (record) => {
    // An event that has no room in an empty file would be tried for ever, and hold up the others.
    if (this.closed || record.bytes > this.maxBytes / 4) return false
    if (performance.now() < Math.max(this.line.restsUntil(), this.line.fullUntil())) return false
    if (this.books.unwritten >= unwrittenBytes) this.poster.waitForRoom()
    if (this.books.unwritten >= mostUnwrittenBytes) return false
    this.take(this.makeRow(record, record, true))
    return true
  }

  readonly setAside: JournalService["setAside"] = (key, entry) => {
    this.remove(key)
    if (this.closed) return
    this.queue.asides.push(entry)
    if (this.queue.asides.length > WriteQueue.maxAsides) this.queue.asides.shift()
    this.poster.schedule(windowMillis)
  }

  readonly readSetAside: JournalService["readSetAside"] = async () => {
    this.poster.postAll()
    return await this.answer("readSetAside") ?? [...this.queue.asides]
  }

  readonly spilled: JournalService["spilled"] = (account) =>
    account === undefined ? this.books.count : this.books.accounts.get(account)?.count ?? 0

  readonly readAhead: JournalService["readAhead"] = () => this.books.ahead

  readonly spilledBytes: JournalService["spilledBytes"] = (account) => {
    const known = this.books.accounts.get(account)
    if (known !== undefined) known.named = true
    const bytes = known?.bytes ?? 0
    if (bytes > 0 || !this.looking) return bytes
    // Something may come: a lane that is asked to send everything waits for the answer.
    this.curious.add(account)
    return 1
  }

  readonly kept: JournalService["kept"] = () => {
    let copies = 0
    for (const { file, id } of this.held.values()) if (id !== 0 && this.reachable.has(file)) copies++
    return copies + SpillBooks.kept(this.books, this.reachable)
  }

  readonly close: JournalService["close"] = () => {
    if (this.closed) return
    this.line.forgive()
    // A file that is gone is noticed here at the latest, and memory writes anew what it holds.
    for (let round = 0; round < rewrites; round++) {
      this.poster.commit()
      if (!this.line.isOpen()) break
      this.line.ask("tidy", {}, this.onTrouble)
      this.line.wait(ThreadLine.endMillis, () => false)
      if (WriteQueue.size(this.queue) === 0) break
    }
    this.closing = true
    if (this.line.isOpen()) {
      this.line.ask("release", {}, () => {})
      this.line.wait(ThreadLine.endMillis, () => false)
    }
    this.closed = true
    this.poster.close()
    clearInterval(this.sweepTimer)
    this.leaveExit()
    this.line.close()
  }
}

/** Opens a journal. It never fails: a folder that cannot be used is said once, tried again, and done without. */
export const open = (options: Options): JournalService => new SqliteJournal(options)
