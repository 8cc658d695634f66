/**
 * A journal in a SQLite file, which a thread of its own reads and writes.
 *
 * **Details**
 *
 * - *Commit window*: what finished is posted to the thread after 5 ms, or as soon as 8 MiB of estimated bytes wait, and
 *   written in one transaction. When somebody else holds the event loop up, the timer is late; an event that finishes
 *   meanwhile posts those that have waited for 8 ms.
 * - *Here*, an event costs its copy for the other thread. Its text, its checksum and the file are the other thread's work.
 * - *Bounds*: the file by `maxBytes`; what is spilled and not yet written by 96 MiB of estimated bytes; beyond that it is
 *   refused. From 48 MiB on, a call waits a few milliseconds for the thread.
 * - *Failure*: what cannot be written stays in memory, and is tried again every second; it is said once for each kind of
 *   failure. A thread that ends is started again. A damaged file is given another name, and a new one is begun with what
 *   memory holds.
 * - *The end*: neither timers nor the thread keep a program alive. When it ends, the last commit is waited for, in `close`
 *   or in the `exit` event.
 *
 * @since 0.1.0
 */
import * as Crypto from "node:crypto"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { JournalService, Stored } from "../../ports/Journal.ts"
import { accountOf } from "../../ports/Outbox.ts"
import type { Durability } from "./EventFile.ts"
import { segmentOf } from "./EventId.ts"
import * as FileLine from "./FileLine.ts"
import { limits, silent } from "./JournalLimits.ts"
import * as ProcessToken from "./ProcessToken.ts"
import * as RowPoster from "./RowPoster.ts"
import * as SpillBooks from "./SpillBooks.ts"
import * as SpillReader from "./SpillReader.ts"
import type { Answers } from "./WorkerProtocol.ts"
import type { Row } from "./WriteQueue.ts"
import * as WriteQueue from "./WriteQueue.ts"

/**
 * `now` is Unix time in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly path: string
  readonly durability?: Durability | undefined
  /** The size of the file at most. Default 1 GiB. */
  readonly maxBytes?: number | undefined
  /** Spilled events that are older are dropped. */
  readonly maxAgeMillis: number
  readonly now: () => number
  readonly diagnostics: DiagnosticsService
  /** Who the rows belong to. Default: this process. */
  readonly identity?: ProcessToken.ProcessToken | undefined
}

/**
 * Opens a journal. It never fails: a file that cannot be opened is said once, tried again, and done without.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = (options: Options): JournalService => {
  const { diagnostics, maxBytes = limits.maxBytes, now } = options
  // An event that has no room in an empty file would be tried for ever, and hold up the others.
  const largest = maxBytes / 4
  const clock = () => performance.now()
  const holder = Crypto.randomUUID()
  const token = options.identity ?? ProcessToken.current()
  const queue = WriteQueue.empty()
  const books = SpillBooks.empty()
  /** The events that memory holds. */
  const held = new Map<SpanRecord, Row>()
  /** Segments that were written here, with the last id in each. */
  const marks = new Map<number, number>()
  let copies = 0
  let places = 0
  let listener = silent
  let epoch = 1
  let closed = false
  let sweepTimer: NodeJS.Timeout | undefined

  const line = FileLine.make({
    opening: () => ({
      path: options.path,
      durability: options.durability ?? "process",
      maxBytes,
      holder,
      token,
      epoch,
      marks: [...marks],
      adopted: [...books.accounts.values()].flatMap(({ sources }) => sources.map(({ segment }) => segment))
    }),
    diagnostics,
    epoch: () => epoch,
    onAnew: (current) => beginAnew(current),
    onRest: () => poster.schedule(0)
  })

  const poster: RowPoster.RowPoster = RowPoster.make({
    queue,
    books,
    line,
    epoch: () => epoch,
    onWritten: (row, id) => {
      marks.set(segmentOf(id), id)
      if (row.spilled || row.state === "settled") return
      row.state = "written"
      row.id = id
      copies++
    },
    onReady: (account) => reader.ready(account)
  })

  // What memory holds is written again; what only the file held stays in it, under its new name.
  const beginAnew = (current: number): void => {
    epoch = current
    for (const account of books.accounts.values()) {
      for (const row of SpillBooks.takeAhead(books, account)) {
        row.id = 0
        WriteQueue.add(queue, row, clock())
        SpillBooks.add(books, row)
      }
    }
    const lost = letGo(() => true)
    if (lost > 0) listener.onUnreadable(lost)
  }

  const letGo = (isGone: (segment: number) => boolean): number => {
    for (const segment of marks.keys()) if (isGone(segment)) marks.delete(segment)
    queue.removals = queue.removals.filter((id) => !isGone(segmentOf(id)))
    const again: Array<Row> = []
    for (const row of held.values()) {
      if (row.id === 0 || !isGone(segmentOf(row.id))) continue
      row.id = 0
      copies--
      again.push(row)
    }
    WriteQueue.giveBack(queue, again, clock())
    poster.schedule(limits.windowMillis)
    return SpillBooks.drop(books, isGone, (row) => segmentOf(row.id))
  }

  // Another process can have taken this one for dead, after a pause of minutes: what it took it delivers.
  const onTaken = (isGone: (segment: number) => boolean): void => {
    const taken = letGo(isGone)
    if (taken > 0) listener.onTaken(taken)
  }

  const makeRow = (record: SpanRecord, text: SpanRecord, spilled: boolean): Row => ({
    record,
    text,
    route: accountOf(record),
    at: now(),
    place: ++places,
    bytes: record.bytes,
    spilled,
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
    line: line.get,
    listener: () => listener,
    diagnostics,
    oldest: () => now() - options.maxAgeMillis,
    rowOf: (account, { at, bytes, id, record }) => ({
      record,
      text: record,
      route: account.route,
      at,
      place: ++places,
      bytes,
      spilled: true,
      id,
      state: "written"
    }),
    onTrouble: line.fail,
    onTaken: (segment) => onTaken((other) => other === segment),
    onLater: (account) => {
      setTimeout(() => {
        if (!closed) reader.ready(account)
      }, limits.retryMillis).unref()
    }
  })

  // What the file has no room for is still in memory: it can leave from there, or a full file would keep it for ever.
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

  const load = (route: string, bytes: number, patient: boolean): ReadonlyArray<Stored> => {
    const account = books.accounts.get(route)
    if (account === undefined || account.count === 0 || closed) return []
    let rows = SpillBooks.takeAhead(books, account)
    const onlyQueued = !account.busy && account.posted === 0 && SpillBooks.first(account) === undefined
    if (rows.length === 0 && onlyQueued) rows = takeQueued(account, bytes)
    account.wanted = bytes
    // Before anything is heard: who asks for nothing is not told that there is something.
    account.hungry = rows.length === 0
    reader.read(account)
    if (rows.length === 0 && patient && account.busy) {
      const until = clock() + limits.patienceMillis
      line.current()?.wait(limits.patienceMillis, () => account.ahead.length > 0 || clock() >= until)
      rows = SpillBooks.takeAhead(books, account)
      if (rows.length > 0) account.hungry = false
    }
    for (const row of rows) {
      row.spilled = false
      held.set(row.record, row)
      if (row.id !== 0) copies++
    }
    return rows.map(({ at, bytes, record }) => ({ record, offeredAt: at, bytes }))
  }

  const settle = (record: SpanRecord): void => {
    const row = held.get(record)
    if (row === undefined) return
    held.delete(record)
    WriteQueue.remove(queue, row)
    row.state = "settled"
    if (row.id === 0) return
    copies--
    queue.removals.push(row.id)
    poster.schedule(limits.windowMillis)
  }

  const sweep = (then?: () => void): void => {
    const idle = [...books.accounts.values()].flatMap(({ sources }) =>
      sources.filter(({ count, counted }) => counted && count === 0)
    )
    line.get()?.ask("sweep", { clock: clock(), done: idle.map(({ segment }) => segment) }, (outcome) => {
      if ("trouble" in outcome) {
        setTimeout(sweep, limits.retryMillis).unref()
        line.fail(outcome.trouble)
        return then?.()
      }
      const ours = new Set(outcome.value.ours)
      onTaken((segment) => !ours.has(segment))
      for (const { route, segment } of outcome.value.adopted) {
        SpillBooks.adopt(SpillBooks.accountOf(books, route), segment)
      }
      for (const account of books.accounts.values()) {
        for (const source of account.sources) reader.count(account, source)
        reader.expire(account)
      }
      then?.()
    })
  }

  const isCounting = (): boolean =>
    [...books.accounts.values()].some(({ sources }) => sources.some(({ counting }) => counting))

  // Requests are answered in their order: when this one is, those before it are.
  const untilCounted = async (): Promise<void> => {
    const end = clock() + limits.endMillis
    while (isCounting() && clock() < end && await answer("open") !== undefined) {
      /* The next part is being counted. */
    }
  }

  // The program lives until there is an answer, for a time: nothing else of a journal keeps it alive.
  const answer = <K extends "open" | "readSetAside">(name: K): Promise<Answers[K] | undefined> =>
    new Promise((resolve) => {
      const open = line.get()
      if (open === undefined) return resolve(undefined)
      const timer = setTimeout(() => resolve(undefined), limits.endMillis)
      open.ask(name, {}, (outcome) => {
        clearTimeout(timer)
        if ("trouble" in outcome) line.fail(outcome.trouble)
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
        if (line.get() === undefined) return resolve()
        const timer = setTimeout(resolve, limits.endMillis)
        sweep(() => {
          clearTimeout(timer)
          resolve()
        })
      }).then(untilCounted)
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
    spilled: (route) => route === undefined ? books.count : books.accounts.get(route)?.count ?? 0,
    readAhead: () => books.ahead,
    spilledBytes: (route) => books.accounts.get(route)?.bytes ?? 0,
    kept: () => copies + books.inFile,
    commit: poster.commit,
    close: () => {
      if (closed) return
      line.forgive()
      poster.commit()
      line.get()?.ask("release", {}, () => {})
      line.current()?.wait(limits.endMillis, () => false)
      closed = true
      poster.close()
      clearInterval(sweepTimer)
      process.off("exit", poster.commit)
      line.close()
    }
  }
}
