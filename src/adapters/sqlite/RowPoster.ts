/**
 * Posts events that wait to be written to the thread of the files, and enters the outcome into the books.
 */
import * as LongestWait from "../../domain/delivery/LongestWait.ts"
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import * as HeldContents from "../../domain/event/HeldContent.ts"
import * as RecordCodec from "../../domain/event/RecordCodec.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import * as SpillBooks from "./SpillBooks.ts"
import type { ThreadLine } from "./ThreadLine.ts"
import { endMillis } from "./ThreadLine.ts"
import type { Answers, Outcome } from "./WorkerProtocol.ts"
import type { Row } from "./WriteQueue.ts"
import * as WriteQueue from "./WriteQueue.ts"

/** The commit window. */
export const windowMillis = 5

// After so long an event is posted by the next one, when the program holds its timers up.
const longestWindowMillis = 8

// One call posts, and one transaction writes, at most so much; one message to the thread carries a part. Bytes of events
// that are not written yet are estimated ones, six times too large for text.
const callBytes = 8 * 1024 * 1024
const messageBytes = 512 * 1024

// Transactions that are asked for before the first is done: later events are written together.
const batches = 2

/** Above so many bytes of spilled events that are not written yet, a call waits for the thread. */
export const unwrittenBytes = 48 * 1024 * 1024

/** Above so many it refuses. */
export const mostUnwrittenBytes = 96 * 1024 * 1024

/** How long a call waits. */
export const patienceMillis = 6

// After so many waits in vain a call does not wait.
const vainWaits = 40

// Attempts without success at the end of a process.
const mostMisses = 8

interface Options {
  readonly queue: WriteQueue.WriteQueue
  readonly books: SpillBooks.SpillBooks
  readonly line: ThreadLine
  /** A row is in a file. */
  readonly onWritten: (row: Row, file: number, id: number) => void
  /** Spilled events of an account can be loaded that could not before. */
  readonly onReady: (account: SpillBooks.Account) => void
}

/** The poster of one journal. */
export class RowPoster {
  private readonly options: Options
  private underWay = 0
  // Whether the last rows could not be written.
  private failing = false
  private vain = 0
  private closed = false
  private timer: NodeJS.Timeout | undefined

  /** Posts within `millis`, or after the rest that the file takes. */
  readonly schedule = (millis: number): void => {
    if (this.timer !== undefined || this.closed || WriteQueue.size(this.options.queue) === 0) return
    const onlyRows = this.options.queue.removals.size + this.options.queue.asides.length === 0
    const until = Math.max(this.options.line.restsUntil(), onlyRows ? this.options.line.fullUntil() : 0)
    this.timer = setTimeout(() => {
      this.timer = undefined
      this.post(batches)
    }, LongestWait.bounded(Math.max(millis, until - performance.now()))).unref()
  }

  // Posts what waits while fewer than `most` batches are under way. One posted row is one object for the other thread.
  private readonly post = (most: number): void => {
    while (this.underWay < most && WriteQueue.size(this.options.queue) > 0) {
      if (!this.options.line.isOpen()) return this.schedule(windowMillis)
      const rows = performance.now() < this.options.line.fullUntil()
        ? []
        : WriteQueue.take(this.options.queue, callBytes)
      const { asides, removals } = this.options.queue
      if (rows.length + removals.size + asides.length === 0) return this.schedule(windowMillis)
      this.options.queue.removals = new Map()
      this.options.queue.asides = []
      for (const row of rows) if (row.spilled) SpillBooks.post(this.options.books, row)
      this.send(rows, removals, asides)
    }
  }

  private readonly send = (
    rows: ReadonlyArray<Row>,
    removals: Map<number, Array<number>>,
    asides: Array<SetAside>
  ): void => {
    const settle = (outcome: Outcome<Answers["write"]>): void => {
      this.underWay--
      if ("value" in outcome) {
        const written = outcome.value.ids.length
        this.settleWritten(rows.slice(0, written), outcome.value)
        this.giveBack(rows.slice(written))
        if (written < rows.length) this.options.line.fail("full")
        this.failing = written < rows.length
      } else {
        this.failing = true
        this.giveBack(rows)
        for (const [file, ids] of removals) {
          this.options.queue.removals.set(file, ids.concat(this.options.queue.removals.get(file) ?? []))
        }
        this.options.queue.asides = asides.concat(this.options.queue.asides).slice(-WriteQueue.maxAsides)
        this.options.line.fail(outcome.trouble, outcome.detail)
      }
      // Events that had to wait for this one have waited long enough.
      if (this.isDue()) this.post(batches)
      else this.schedule(windowMillis)
    }
    const add = (part: ReadonlyArray<Row>, recordOf: (row: Row) => SpanRecord | string): void =>
      this.options.line.add(
        part.map((row) => ({ account: row.account, spilled: row.spilled, at: row.at, record: recordOf(row) }))
      )
    for (const part of partsOf(rows)) {
      try {
        add(part, (row) => HeldContents.plain(row.copy))
      } catch {
        add(part, (row) => RecordCodec.encode(row.copy))
      }
    }
    this.underWay++
    this.options.line.ask("write", { removals, asides }, settle)
  }

  private readonly isDue = (): boolean =>
    this.options.queue.bytes >= callBytes ||
    (this.options.queue.rows.size > 0 && performance.now() - this.options.queue.since > longestWindowMillis)

  private readonly settleWritten = (rows: ReadonlyArray<Row>, { bytes, file, ids }: Answers["write"]): void => {
    const first = new Set<SpillBooks.Account>()
    for (const [i, row] of rows.entries()) {
      const id = ids[i]!
      if (row.spilled) {
        const account = SpillBooks.accountOf(this.options.books, row.account)
        if (SpillBooks.first(account) === undefined) first.add(account)
        SpillBooks.commit(this.options.books, row, file, id, bytes[i]!)
      } else if (row.state === "settled") WriteQueue.takeOut(this.options.queue, file, id)
      this.options.onWritten(row, file, id)
    }
    for (const account of first) this.options.onReady(account)
  }

  private readonly giveBack = (rows: ReadonlyArray<Row>): void => {
    WriteQueue.giveBack(this.options.queue, rows.filter((row) => row.state !== "settled"), performance.now())
    const waited = new Set<SpillBooks.Account>()
    for (const row of rows) {
      if (!row.spilled) continue
      SpillBooks.giveBack(this.options.books, row)
      const account = SpillBooks.accountOf(this.options.books, row.account)
      if (account.hungry) waited.add(account)
    }
    for (const account of waited) this.options.onReady(account)
  }

  /** Posts all that waits, and waits until the thread is done with it, as far as that gets on. */
  readonly commit = (): void => {
    for (let misses = 0; misses < mostMisses;) {
      const before = WriteQueue.size(this.options.queue) + this.underWay
      this.post(Infinity)
      this.options.line.wait(endMillis, () => false)
      const left = WriteQueue.size(this.options.queue) + this.underWay
      if (left === 0 || this.underWay > 0) return
      misses = left < before ? 0 : misses + 1
    }
  }

  // The thread may have answered long ago, unheard. Fruitless waits are counted instead of their time: on an overloaded
  // machine neither thread runs.
  /** Waits a few milliseconds for the thread to write spilled events, unless that seems to be in vain. */
  readonly waitForRoom = (): void => {
    const until = performance.now() + patienceMillis
    const before = this.options.line.heard()
    this.post(batches)
    this.options.line.wait(0, () => false)
    if (this.options.line.heard() > before) this.vain = 0
    if (this.failing || this.vain >= vainWaits) return
    this.options.line.wait(
      patienceMillis,
      () => this.options.books.unwritten < unwrittenBytes || performance.now() >= until
    )
    this.vain = this.options.line.heard() > before ? 0 : this.vain + 1
  }

  constructor(options: Options) {
    this.options = options
  }

  /** Posts now, if so much waits or has waited for so long that it is due. */
  readonly postWhenDue = (): void => {
    const { line } = this.options
    if (this.isDue() && performance.now() >= Math.max(line.restsUntil(), line.fullUntil())) this.post(batches)
    this.schedule(windowMillis)
  }

  /** Posts all that waits, however much is under way. */
  readonly postAll = (): void => this.post(Infinity)

  readonly close = (): void => {
    this.closed = true
    clearTimeout(this.timer)
  }
}

// Messages of a moderate size need no memory that the system must make for each of them.
function* partsOf(rows: ReadonlyArray<Row>): Generator<ReadonlyArray<Row>> {
  let part: Array<Row> = []
  let bytes = 0
  for (const row of rows) {
    part.push(row)
    bytes += row.copy.bytes
    if (bytes < messageBytes) continue
    yield part
    part = []
    bytes = 0
  }
  if (part.length > 0) yield part
}
