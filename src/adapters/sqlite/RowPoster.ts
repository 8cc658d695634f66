/**
 * Posts events that wait to be written to the thread of the files, and enters the outcome into the books.
 */
import * as LongestWait from "../../domain/delivery/LongestWait.ts"
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import * as RecordCodec from "../../domain/event/RecordCodec.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import { limits } from "./JournalLimits.ts"
import * as SpillBooks from "./SpillBooks.ts"
import type { ThreadLine } from "./ThreadLine.ts"
import type { Answers, Outcome } from "./WorkerProtocol.ts"
import type { Row } from "./WriteQueue.ts"
import * as WriteQueue from "./WriteQueue.ts"

/**  */
export interface RowPoster {
  /** Posts within `millis`, or after the rest that the file takes. */
  readonly schedule: (millis: number) => void
  /** Posts now, if so much waits or has waited for so long that it is due. */
  readonly postWhenDue: () => void
  /** Posts all that waits, however much is under way. */
  readonly postAll: () => void
  /** Posts all that waits, and waits until the thread is done with it, as far as that gets on. */
  readonly commit: () => void
  /** Waits a few milliseconds for the thread to write spilled events, unless that seems to be in vain. */
  readonly waitForRoom: () => void
  readonly close: () => void
}

/**  */
export const make = (options: {
  readonly queue: WriteQueue.WriteQueue
  readonly books: SpillBooks.SpillBooks
  readonly line: ThreadLine
  /** A row is in a file. */
  readonly onWritten: (row: Row, file: number, id: number) => void
  /** Spilled events of an account can be loaded that could not before. */
  readonly onReady: (account: SpillBooks.Account) => void
}): RowPoster => {
  const { books, line, queue } = options
  const clock = () => performance.now()
  let underWay = 0
  // Whether the last rows could not be written.
  let failing = false
  let vain = 0
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const schedule = (millis: number): void => {
    if (timer !== undefined || closed || WriteQueue.size(queue) === 0) return
    const onlyRows = queue.removals.size + queue.asides.length === 0
    const until = Math.max(line.restsUntil(), onlyRows ? line.fullUntil() : 0)
    timer = setTimeout(() => {
      timer = undefined
      post(limits.batches)
    }, LongestWait.bounded(Math.max(millis, until - clock()))).unref()
  }

  // Posts what waits while fewer than `batches` are under way. One posted row is one object for the other thread.
  const post = (batches: number): void => {
    while (underWay < batches && WriteQueue.size(queue) > 0) {
      if (!line.isOpen()) return schedule(limits.windowMillis)
      const rows = clock() < line.fullUntil() ? [] : WriteQueue.take(queue, limits.callBytes)
      const { asides, removals } = queue
      if (rows.length + removals.size + asides.length === 0) return schedule(limits.windowMillis)
      queue.removals = new Map()
      queue.asides = []
      for (const row of rows) if (row.spilled) SpillBooks.post(books, row)
      send(rows, removals, asides)
    }
  }

  const send = (
    rows: ReadonlyArray<Row>,
    removals: Map<number, Array<number>>,
    asides: Array<SetAside>
  ): void => {
    const settle = (outcome: Outcome<Answers["write"]>): void => {
      underWay--
      if ("value" in outcome) {
        const written = outcome.value.ids.length
        settleWritten(rows.slice(0, written), outcome.value)
        giveBack(rows.slice(written))
        if (written < rows.length) line.fail("full")
        failing = written < rows.length
      } else {
        failing = true
        giveBack(rows)
        for (const [file, ids] of removals) queue.removals.set(file, ids.concat(queue.removals.get(file) ?? []))
        queue.asides = asides.concat(queue.asides).slice(-WriteQueue.maxAsides)
        line.fail(outcome.trouble, outcome.detail)
      }
      // Events that had to wait for this one have waited long enough.
      if (isDue()) post(limits.batches)
      else schedule(limits.windowMillis)
    }
    const add = (part: ReadonlyArray<Row>, recordOf: (row: Row) => SpanRecord | string): void =>
      line.add(part.map((row) => ({ account: row.account, spilled: row.spilled, at: row.at, record: recordOf(row) })))
    for (const part of partsOf(rows)) {
      try {
        add(part, (row) => row.text)
      } catch {
        add(part, (row) => RecordCodec.encode(row.text))
      }
    }
    underWay++
    line.ask("write", { removals, asides }, settle)
  }

  const isDue = (): boolean =>
    queue.bytes >= limits.callBytes || (queue.rows.size > 0 && clock() - queue.since > limits.longestWindowMillis)

  const settleWritten = (rows: ReadonlyArray<Row>, { bytes, file, ids }: Answers["write"]): void => {
    const first = new Set<SpillBooks.Account>()
    for (const [i, row] of rows.entries()) {
      const id = ids[i]!
      if (row.spilled) {
        const account = SpillBooks.accountOf(books, row.account)
        if (SpillBooks.first(account) === undefined) first.add(account)
        SpillBooks.commit(books, row, file, id, bytes[i]!)
      } else if (row.state === "settled") WriteQueue.takeOut(queue, file, id)
      options.onWritten(row, file, id)
    }
    for (const account of first) options.onReady(account)
  }

  const giveBack = (rows: ReadonlyArray<Row>): void => {
    WriteQueue.giveBack(queue, rows.filter((row) => row.state !== "settled"), clock())
    const waited = new Set<SpillBooks.Account>()
    for (const row of rows) {
      if (!row.spilled) continue
      SpillBooks.giveBack(books, row)
      const account = SpillBooks.accountOf(books, row.account)
      if (account.hungry) waited.add(account)
    }
    for (const account of waited) options.onReady(account)
  }

  const commit = (): void => {
    for (let misses = 0; misses < limits.misses;) {
      const before = WriteQueue.size(queue) + underWay
      post(Infinity)
      line.wait(limits.endMillis, () => false)
      const left = WriteQueue.size(queue) + underWay
      if (left === 0 || underWay > 0) return
      misses = left < before ? 0 : misses + 1
    }
  }

  // The thread may have answered long ago, unheard. Fruitless waits are counted instead of their time: on an overloaded
  // machine neither thread runs.
  const waitForRoom = (): void => {
    const until = clock() + limits.patienceMillis
    const before = line.heard()
    post(limits.batches)
    line.wait(0, () => false)
    if (line.heard() > before) vain = 0
    if (failing || vain >= limits.vainWaits) return
    line.wait(limits.patienceMillis, () => books.unwritten < limits.unwrittenBytes || clock() >= until)
    vain = line.heard() > before ? 0 : vain + 1
  }

  return {
    schedule,
    postWhenDue: () => {
      if (isDue() && clock() >= Math.max(line.restsUntil(), line.fullUntil())) post(limits.batches)
      schedule(limits.windowMillis)
    },
    postAll: () => post(Infinity),
    commit,
    waitForRoom,
    close: () => {
      closed = true
      clearTimeout(timer)
    }
  }
}

// Messages of a moderate size need no memory that the system must make for each of them.
function* partsOf(rows: ReadonlyArray<Row>): Generator<ReadonlyArray<Row>> {
  let part: Array<Row> = []
  let bytes = 0
  for (const row of rows) {
    part.push(row)
    bytes += row.record.bytes
    if (bytes < limits.messageBytes) continue
    yield part
    part = []
    bytes = 0
  }
  if (part.length > 0) yield part
}
