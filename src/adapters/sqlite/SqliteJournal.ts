/**
 * A journal in a SQLite file, which a thread of its own reads and writes.
 *
 * **Details**
 *
 * - *Commit window*: what finished is posted to the thread after 5 ms, or as soon as 8 MiB of estimated bytes wait, and
 *   written in one transaction. When somebody else holds the event loop up, the timer is late; an event that finishes
 *   meanwhile posts those that have waited for 8 ms.
 * - *Here*, an event costs its copy for the other thread. Its text, its checksum and the file are the other thread's work.
 * - *Bounds*: the file by `maxBytes`; what is spilled and not yet written by 64 MiB of estimated bytes. Beyond that a call
 *   waits for a few milliseconds, and then refuses.
 * - *Failure*: what cannot be written stays in memory, and is tried again every second; it is said once for each kind of
 *   failure. A thread that ends is started again. A damaged file is given another name, and a new one is begun with what
 *   memory holds.
 * - *The end*: neither timers nor the thread keep a program alive. When it ends, the last commit is waited for, in `close`
 *   or in the `exit` event.
 *
 * @since 0.1.0
 */
import * as Crypto from "node:crypto"
import { isBuiltin } from "node:module"
import * as RecordCodec from "../../domain/RecordCodec.ts"
import type { SetAside } from "../../domain/SetAside.ts"
import type { SpanRecord } from "../../domain/SpanRecord.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { JournalService, Stored } from "../../ports/Journal.ts"
import type { Durability } from "./EventFile.ts"
import { segmentOf } from "./EventId.ts"
import * as Exchange from "./Exchange.ts"
import { limits, sentences, silent } from "./JournalLimits.ts"
import * as ProcessToken from "./ProcessToken.ts"
import * as SpillBooks from "./SpillBooks.ts"
import * as SpillReader from "./SpillReader.ts"
import type { Answers, Outcome, Trouble } from "./WorkerProtocol.ts"
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
  const available = isBuiltin("node:sqlite")
  const queue = WriteQueue.empty()
  const books = SpillBooks.empty()
  /** The events that memory holds. */
  const held = new Map<SpanRecord, Row>()
  /** Segments that were written here, with the last id in each. */
  const marks = new Map<number, number>()
  let copies = 0
  let places = 0
  let listener = silent
  let exchange: Exchange.Exchange | undefined
  let epoch = 1
  let underWay = 0
  let restsUntil = 0
  let threadRestsUntil = 0
  let busyUntil = 0
  let fullUntil = 0
  let closed = false
  let postTimer: NodeJS.Timeout | undefined
  let sweepTimer: NodeJS.Timeout | undefined

  const line = (): Exchange.Exchange | undefined => {
    if (closed || !available || clock() < Math.max(restsUntil, threadRestsUntil)) return undefined
    if (exchange?.isOpen() === true) return exchange
    const sources = [...books.accounts.values()].flatMap((account) => account.sources)
    try {
      exchange = Exchange.open({
        opening: {
          path: options.path,
          durability: options.durability ?? "process",
          maxBytes,
          holder,
          token,
          epoch,
          marks: [...marks],
          adopted: sources.map(({ segment }) => segment)
        },
        epoch: () => epoch,
        onAnew: beginAnew,
        onEnded: () => fail("ended")
      })
      return exchange
    } catch {
      fail("ended")
      return undefined
    }
  }

  const fail = (trouble: Trouble): void => {
    if (closed || trouble === "stale") return
    const again = clock() + limits.retryMillis
    if (trouble === "busy") busyUntil = clock() + limits.busyMillis
    // What makes room can still be written, and what is there be read.
    else if (trouble === "full") fullUntil = again
    else if (trouble === "ended") threadRestsUntil = again
    else if (trouble === "unusable") restsUntil = again
    if (trouble !== "busy") diagnostics.warnOnce(`outbox.${trouble}`, sentences[trouble])
    schedule(0)
  }

  const schedule = (millis: number): void => {
    if (postTimer !== undefined || closed || WriteQueue.size(queue) === 0) return
    const onlyRows = queue.removals.length + queue.asides.length === 0
    const until = Math.max(restsUntil, threadRestsUntil, busyUntil, onlyRows ? fullUntil : 0)
    postTimer = setTimeout(() => {
      postTimer = undefined
      post(limits.batches)
    }, Math.max(millis, until - clock())).unref()
  }

  // Posts what waits while fewer than `batches` are under way. One posted row is one object for the other thread.
  const post = (batches: number): void => {
    while (underWay < batches && WriteQueue.size(queue) > 0) {
      const open = line()
      if (open === undefined) return schedule(limits.windowMillis)
      const rows = clock() < fullUntil ? [] : WriteQueue.take(queue, limits.callBytes)
      const { asides, removals } = queue
      if (rows.length + removals.length + asides.length === 0) return schedule(limits.windowMillis)
      queue.removals = []
      queue.asides = []
      for (const row of rows) if (row.spilled) SpillBooks.post(books, row)
      send(open, rows, removals, asides)
    }
  }

  const send = (
    open: Exchange.Exchange,
    rows: ReadonlyArray<Row>,
    removals: Array<number>,
    asides: Array<SetAside>
  ): void => {
    const meant = epoch
    const settle = (outcome: Outcome<Answers["write"]>): void => {
      underWay--
      if ("value" in outcome) {
        const written = outcome.value.ids.length
        settleWritten(rows.slice(0, written), outcome.value)
        giveBack(rows.slice(written))
        if (written < rows.length) fail("full")
      } else {
        giveBack(rows)
        if (meant === epoch) queue.removals = removals.concat(queue.removals)
        queue.asides = asides.concat(queue.asides).slice(-maxAsides)
        fail(outcome.trouble)
      }
      // What had to wait for this one has waited long enough.
      if (isDue()) post(limits.batches)
      else schedule(limits.windowMillis)
    }
    const request = (recordOf: (row: Row) => SpanRecord | string) => ({
      rows: rows.map((row) => ({ route: row.route, spilled: row.spilled, at: row.at, record: recordOf(row) })),
      removals,
      asides
    })
    underWay++
    try {
      open.ask("write", request((row) => row.text), settle)
    } catch {
      open.ask("write", request((row) => RecordCodec.encode(row.text)), settle)
    }
  }

  const isDue = (): boolean =>
    queue.bytes >= limits.callBytes || (queue.rows.size > 0 && clock() - queue.since > limits.longestWindowMillis)

  const settleWritten = (rows: ReadonlyArray<Row>, { bytes, ids }: Answers["write"]): void => {
    const first = new Set<SpillBooks.Account>()
    for (const [i, row] of rows.entries()) {
      const id = ids[i]!
      marks.set(segmentOf(id), id)
      if (row.spilled) {
        const account = SpillBooks.accountOf(books, row.route)
        if (SpillBooks.first(account) === undefined) first.add(account)
        SpillBooks.commit(books, row, segmentOf(id), id, bytes[i]!)
      } else if (row.state === "settled") queue.removals.push(id)
      else {
        row.state = "written"
        row.id = id
        copies++
      }
    }
    for (const account of first) reader.ready(account)
  }

  const giveBack = (rows: ReadonlyArray<Row>): void => {
    WriteQueue.giveBack(queue, rows.filter((row) => row.state !== "settled"), clock())
    const waited = new Set<SpillBooks.Account>()
    for (const row of rows) {
      if (!row.spilled) continue
      SpillBooks.giveBack(books, row)
      const account = SpillBooks.accountOf(books, row.route)
      if (account.hungry) waited.add(account)
    }
    for (const account of waited) reader.ready(account)
  }

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
    schedule(limits.windowMillis)
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
    route: record.context.route ?? "",
    at: now(),
    place: ++places,
    bytes: record.bytes,
    spilled,
    id: 0,
    state: "waiting"
  })

  const take = (row: Row): void => {
    const time = clock()
    WriteQueue.add(queue, row, time)
    if (row.spilled) SpillBooks.add(books, row)
    else held.set(row.record, row)
    if (isDue() && time >= Math.max(restsUntil, busyUntil, fullUntil, threadRestsUntil)) post(limits.batches)
    schedule(limits.windowMillis)
  }

  const reader: SpillReader.SpillReader = SpillReader.make({
    books,
    line,
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
    onTrouble: fail,
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

  const load = (route: string, bytes: number): ReadonlyArray<Stored> => {
    const account = books.accounts.get(route)
    if (account === undefined || account.count === 0 || closed) return []
    let rows = SpillBooks.takeAhead(books, account)
    const onlyQueued = !account.busy && account.posted === 0 && SpillBooks.first(account) === undefined
    if (rows.length === 0 && onlyQueued) rows = takeQueued(account, bytes)
    for (const row of rows) {
      row.spilled = false
      held.set(row.record, row)
      if (row.id !== 0) copies++
    }
    account.hungry = rows.length === 0
    account.wanted = bytes
    reader.read(account)
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
    schedule(limits.windowMillis)
  }

  const sweep = (): void => {
    const idle = [...books.accounts.values()].flatMap(({ sources }) =>
      sources.filter(({ count, counted }) => counted && count === 0)
    )
    line()?.ask("sweep", { clock: clock(), done: idle.map(({ segment }) => segment) }, (outcome) => {
      if ("trouble" in outcome) {
        setTimeout(sweep, limits.retryMillis).unref()
        return fail(outcome.trouble)
      }
      const ours = new Set(outcome.value.ours)
      onTaken((segment) => !ours.has(segment))
      for (const { route, segment } of outcome.value.adopted) {
        const account = SpillBooks.accountOf(books, route)
        reader.count(account, SpillBooks.adopt(account, segment))
      }
      for (const account of books.accounts.values()) reader.expire(account)
    })
  }

  const commit = (): void => {
    for (let misses = 0; misses < limits.misses;) {
      const before = WriteQueue.size(queue) + underWay
      post(Infinity)
      exchange?.wait(limits.endMillis, () => false)
      const left = WriteQueue.size(queue) + underWay
      if (left === 0 || underWay > 0) return
      misses = left < before ? 0 : misses + 1
    }
  }

  const opened = new Promise<void>((resolve) => {
    if (!available) diagnostics.warnOnce("outbox.unavailable", sentences.unavailable)
    const open = line()
    if (open === undefined) return resolve()
    open.ask("open", {}, (outcome) => {
      if ("trouble" in outcome) fail(outcome.trouble)
      resolve()
    }, true)
  })
  process.on("exit", commit)

  return {
    opened,
    start: (told) => {
      listener = told
      sweepTimer = setInterval(sweep, limits.sweepMillis).unref()
      sweep()
      const end = clock() + limits.startMillis
      exchange?.wait(limits.startMillis, () => clock() >= end)
    },
    append: (record, text = record) => {
      if (!closed && record.bytes <= largest) take(makeRow(record, text, false))
    },
    spill: (record) => {
      if (closed || !available || record.bytes > largest) return false
      if (clock() < Math.max(restsUntil, fullUntil, threadRestsUntil)) return false
      if (books.unwritten >= limits.unwrittenBytes) waitForRoom()
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
      if (queue.asides.length > maxAsides) queue.asides.shift()
      schedule(limits.windowMillis)
    },
    readSetAside: () =>
      new Promise((resolve) => {
        post(Infinity)
        const open = line()
        if (open === undefined) return resolve([])
        open.ask("readSetAside", {}, (outcome) => {
          if ("trouble" in outcome) fail(outcome.trouble)
          resolve("value" in outcome ? outcome.value : [])
        }, true)
      }),
    spilled: (route) => route === undefined ? books.count : books.accounts.get(route)?.count ?? 0,
    readAhead: () => books.ahead,
    spilledBytes: (route) => books.accounts.get(route)?.bytes ?? 0,
    kept: () => copies + books.inFile,
    commit,
    close: () => {
      if (closed) return
      restsUntil = 0
      fullUntil = 0
      commit()
      line()?.ask("release", {}, () => {})
      exchange?.wait(limits.endMillis, () => false)
      closed = true
      clearTimeout(postTimer)
      clearInterval(sweepTimer)
      process.off("exit", commit)
      exchange?.close()
    }
  }

  // The thread may have answered long ago, and nobody listened.
  function waitForRoom(): void {
    const until = clock() + limits.patienceMillis
    post(limits.batches)
    exchange?.wait(0, () => false)
    if (exchange === undefined || clock() - exchange.heardAt() > limits.silenceMillis) return
    exchange.wait(limits.patienceMillis, () => books.unwritten < limits.unwrittenBytes || clock() >= until)
  }
}

// More are not kept in the file either.
const maxAsides = 1_000
