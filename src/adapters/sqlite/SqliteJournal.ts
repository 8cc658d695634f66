/**
 * A journal in a SQLite file.
 *
 * **Details**
 *
 * - *Commit window*: 5 ms after an event, or as soon as 2 MiB of estimated bytes wait. When somebody else holds the event
 *   loop up, the timer is late; an event that finishes meanwhile commits those that have waited for 8 ms.
 * - *One call*: at most 2 MiB of estimated bytes, or one event, are written by one call; at most 256 KiB are loaded.
 * - *Bounds*: the file by `maxBytes`; what is spilled and not yet committed by 8 MiB of estimated bytes.
 * - *Failure*: what cannot be written stays in memory, and is tried again every second; it is said once for each kind of
 *   failure. A damaged file is given another name, and a new one is begun with what memory holds.
 * - *Timers* do not keep a program alive. At the end of a process whose layer was not closed, the last commit is made in
 *   the `exit` event.
 * - *Loss of power*: with `durability: "power"` the log is brought to the disk after each commit, beside the program.
 *
 * @since 0.1.0
 */
import * as Crypto from "node:crypto"
import type { SpanRecord } from "../../domain/SpanRecord.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { JournalService, Stored } from "../../ports/Journal.ts"
import * as EventFile from "./EventFile.ts"
import { limits, sentences, silent } from "./JournalLimits.ts"
import * as LogSync from "./LogSync.ts"
import * as ProcessToken from "./ProcessToken.ts"
import * as Segments from "./Segments.ts"
import * as SpillQueue from "./SpillQueue.ts"
import * as WriteQueue from "./WriteQueue.ts"

/**
 * `now` is Unix time in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly path: string
  readonly durability?: EventFile.Durability | undefined
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
  const { diagnostics, maxBytes = limits.maxBytes, now, path } = options
  // An event that has no room in an empty file would be tried for ever, and hold up the others.
  const largest = maxBytes / 4
  const clock = () => performance.now()
  const segments = Segments.make(Crypto.randomUUID(), options.identity ?? ProcessToken.current())
  const queue = WriteQueue.empty()
  /** The events that memory holds. */
  const held = new Map<SpanRecord, WriteQueue.Row>()
  let copies = 0
  let removals: Array<number> = []
  let spills = SpillQueue.empty()
  let listener = silent
  let file: EventFile.EventFile | undefined
  let log: LogSync.LogSync | undefined
  let copySegment = 0
  let spillSegment = 0
  let nextCopy = 0
  let nextSpill = 0
  let restsUntil = 0
  let busyUntil = 0
  let newFiles = 0
  let fullUntil = 0
  let closed = false
  let commitTimer: NodeJS.Timeout | undefined
  let sweepTimer: NodeJS.Timeout | undefined
  let slice: NodeJS.Immediate | undefined

  // Runs something on the file, when there is one and it does not rest after a failure.
  const attempt = <A>(f: (file: EventFile.EventFile) => A): A | EventFile.Failure => {
    if (closed || clock() < restsUntil) return "unusable"
    try {
      return f(file ??= openFile())
    } catch (error) {
      return fail(error)
    }
  }

  const fail = (error: unknown): EventFile.Failure => {
    const failure = EventFile.failureOf(error)
    if (failure === "busy") {
      busyUntil = clock() + limits.busyMillis
      return failure
    }
    // What makes room can still be written, and what is there be read.
    if (failure === "full") fullUntil = clock() + limits.retryMillis
    else restsUntil = clock() + limits.retryMillis
    diagnostics.warnOnce(`outbox.${failure}`, sentences[failure])
    if (failure === "damaged" && newFiles++ < limits.newFiles) beginAnew()
    return failure
  }

  const openFile = (): EventFile.EventFile => {
    const opened = EventFile.open({
      path,
      durability: options.durability ?? "process",
      maxBytes
    })
    try {
      EventFile.transaction(opened, () => renewSegments(opened))
      if (options.durability === "power") log = LogSync.open(path, fail)
      return opened
    } catch (error) {
      opened.database.close()
      throw error
    }
  }

  const closeFile = (): void => {
    log?.close()
    log = undefined
    const closing = file
    file = undefined
    closing?.database.close()
  }

  const renewSegments = (file: EventFile.EventFile): void => {
    copySegment = segments.create(file)
    nextCopy = copySegment * EventFile.segmentSize + 1
    spillSegment = segments.create(file)
    nextSpill = spillSegment * EventFile.segmentSize + 1
    SpillQueue.add(spills, spillSegment)
  }

  // What memory holds is written again; what only the file held stays in it, under its new name.
  const beginAnew = (): void => {
    try {
      closeFile()
      EventFile.setFileAside(path, now())
      restsUntil = 0
    } catch (error) {
      diagnostics.defect("outbox.setFileAside", error)
    }
    const lost = spills.count
    spills = SpillQueue.empty()
    removals = []
    writeAgain()
    if (lost > 0) listener.onUnreadable(lost)
  }

  const writeAgain = (): void => {
    for (const row of held.values()) {
      if (row.id === 0) continue
      row.id = 0
      copies--
      WriteQueue.add(queue, row, clock())
    }
    schedule(limits.windowMillis)
  }

  const schedule = (millis: number): void => {
    if (commitTimer !== undefined || closed) return
    commitTimer = setTimeout(() => {
      commitTimer = undefined
      write()
    }, Math.max(millis, (removals.length > 0 ? restsUntil : Math.max(restsUntil, fullUntil)) - clock())).unref()
  }

  // One transaction: removals first, since they make room, then as many queued events as one call may write.
  const write = (): void => {
    if (queue.rows.size === 0 && removals.length === 0) return
    const gone = removals.slice(0, limits.removals)
    const written: Array<readonly [row: WriteQueue.Row, bytes: number]> = []
    const done = attempt((file) =>
      EventFile.transaction(file, () => {
        for (const id of gone) file.remove.run(id)
        if (clock() >= fullUntil) insertQueued(file, written)
        return true
      })
    )
    if (done === true) settleWritten(gone, written)
    if (queue.rows.size > 0 || removals.length > 0) {
      schedule(done === true && written.length > 0 ? 0 : limits.windowMillis)
    }
  }

  const insertQueued = (
    file: EventFile.EventFile,
    written: Array<readonly [row: WriteQueue.Row, bytes: number]>
  ): void => {
    let copyId = nextCopy
    let spillId = nextSpill
    let bytes = 0
    for (const row of queue.rows) {
      bytes += row.record.bytes
      if (written.length > 0 && bytes > limits.callBytes) break
      written.push([row, EventFile.write(file, row.spilled ? spillId++ : copyId++, row.at, row.text)])
    }
  }

  const settleWritten = (
    gone: ReadonlyArray<number>,
    written: ReadonlyArray<readonly [row: WriteQueue.Row, bytes: number]>
  ): void => {
    removals = removals.slice(gone.length)
    const before = spills.count
    for (const [row, bytes] of written) {
      WriteQueue.remove(queue, row)
      if (row.spilled) SpillQueue.push(spills, spillSegment, nextSpill++, bytes)
      else {
        row.id = nextCopy++
        copies++
      }
    }
    queue.since = clock()
    log?.request()
    if (before === 0 && spills.count > 0) listener.onReady()
  }

  const take = (record: SpanRecord, text: SpanRecord, spilled: boolean): void => {
    const row: WriteQueue.Row = { record, text, at: now(), spilled, id: 0 }
    if (!spilled) held.set(record, row)
    const time = clock()
    WriteQueue.add(queue, row, time)
    const due = queue.bytes >= limits.callBytes || time - queue.since > limits.longestWindowMillis
    if (due && time >= Math.max(restsUntil, busyUntil, fullUntil)) write()
    else schedule(limits.windowMillis)
  }

  const loadFrom = (file: EventFile.EventFile, source: SpillQueue.Source, room: number): ReadonlyArray<Stored> => {
    if (!stillOurs(file, source.segment)) return []
    const entries = EventFile.read(file, source.after, source.upTo, Math.min(room, limits.loadBytes))
    const stored: Array<Stored> = []
    for (const { at, bytes, id, record } of entries) {
      if (record === undefined) continue
      held.set(record, { record, text: record, at, spilled: false, id })
      copies++
      stored.push({ record, offeredAt: at, bytes })
    }
    const unreadable = entries.filter((entry) => entry.record === undefined).map((entry) => entry.id)
    // Where nothing is although something was counted, it cannot be delivered from here, whatever became of it.
    const missing = SpillQueue.pass(spills, source.segment, entries)
    if (unreadable.length > 0) {
      diagnostics.warnOnce("outbox.unreadable", sentences.unreadable)
      attempt((file) => EventFile.setAside(file, unreadable))
    }
    if (unreadable.length + missing > 0) listener.onUnreadable(unreadable.length + missing)
    return stored
  }

  // What the file has no room for is still in memory: it can leave from there, or a full file would keep it for ever.
  const loadQueued = (room: number): ReadonlyArray<Stored> => {
    const stored: Array<Stored> = []
    let bytes = 0
    for (const row of queue.rows) {
      if (!row.spilled) continue
      if (stored.length > 0 && bytes + row.record.bytes > room) break
      bytes += row.record.bytes
      WriteQueue.remove(queue, row)
      held.set(row.record, { ...row, spilled: false, id: 0 })
      stored.push({ record: row.record, offeredAt: row.at, bytes: row.record.bytes })
    }
    return stored
  }

  // Another process can have taken this one for dead, after a pause of minutes: what it took it delivers.
  const stillOurs = (file: EventFile.EventFile, segment: number): boolean => {
    if (segments.isOurs(file, segment)) return true
    const taken = SpillQueue.drop(spills, segment)
    if (segment === copySegment || segment === spillSegment) {
      EventFile.transaction(file, () => renewSegments(file))
      writeAgain()
    }
    if (taken > 0) listener.onTaken(taken)
    return false
  }

  const sweep = (): void => {
    attempt((file) => {
      segments.beat(file)
      stillOurs(file, copySegment)
      for (const segment of spills.sources.map((source) => source.segment)) stillOurs(file, segment)
      const half = EventFile.segmentSize / 2
      if (nextCopy % EventFile.segmentSize > half || nextSpill % EventFile.segmentSize > half) {
        EventFile.transaction(file, () => renewSegments(file))
      }
      for (const segment of segments.adopt(file, clock())) SpillQueue.adopt(spills, segment)
      for (const segment of SpillQueue.takeEmpty(spills, spillSegment)) segments.discard(file, segment)
    })
    slices()
  }

  // To count or to expire a million events in one call would take too long.
  const slices = (): void => {
    const more = [enterSlice(), expireSlice()].includes(true)
    if (more && !closed) {
      slice ??= setImmediate(() => {
        slice = undefined
        slices()
      }).unref()
    }
  }

  // Enters a part of what was adopted into the books, and says whether there is more.
  const enterSlice = (): boolean => {
    const before = spills.count
    for (let room: number = limits.slice; room > 0;) {
      const source = SpillQueue.uncounted(spills)
      if (source === undefined) break
      const found = attempt((file) => EventFile.peek(file, source.upTo, source.end, room))
      if (typeof found === "string") break
      SpillQueue.enter(spills, source.segment, found, found.length < room)
      if (found.length > 0) listener.onAdopted(found.length)
      room -= Math.max(1, found.length)
    }
    if (before === 0 && spills.count > 0) listener.onReady()
    return SpillQueue.uncounted(spills) !== undefined && clock() >= restsUntil
  }

  const expireSlice = (): boolean => {
    const source = SpillQueue.first(spills)
    if (source === undefined) return false
    const oldest = now() - options.maxAgeMillis
    const found = attempt((file) => EventFile.peek(file, source.after, source.upTo, limits.slice))
    if (typeof found === "string") return false
    const young = found.findIndex((event) => event.at >= oldest)
    const expired = young === -1 ? found : found.slice(0, young)
    if (expired.length === 0) return false
    for (const { id } of expired) removals.push(id)
    SpillQueue.pass(spills, source.segment, expired)
    schedule(limits.windowMillis)
    listener.onExpired(expired.length)
    return true
  }

  const commit = (): void => {
    const work = () => queue.rows.size + removals.length
    for (let left = work(), misses = 0; left > 0 && misses < limits.misses;) {
      write()
      misses = work() < left ? 0 : misses + 1
      left = work()
    }
  }

  const onExit = (): void => {
    commit()
    log?.close()
  }

  // To open the file costs a few milliseconds: better now than at the first event. A damaged one is begun anew at once.
  if (attempt(() => true) === "damaged") attempt(() => true)
  process.on("exit", onExit)

  return {
    start: (told) => {
      listener = told
      sweepTimer = setInterval(sweep, limits.sweepMillis).unref()
      sweep()
    },
    append: (record, text = record) => {
      if (!closed && record.bytes <= largest) take(record, text, false)
    },
    spill: (record) => {
      if (queue.spillBytes > limits.uncommittedSpillBytes) write()
      if (closed || record.bytes > largest || clock() < Math.max(restsUntil, fullUntil)) return false
      if (queue.spillBytes > limits.uncommittedSpillBytes) return false
      take(record, record, true)
      return true
    },
    load: (room) => {
      if (spills.count === 0 && queue.spills > 0) write()
      const source = SpillQueue.first(spills)
      if (source === undefined) return loadQueued(room)
      const stored = attempt((file) => loadFrom(file, source, room))
      if (typeof stored !== "string") return stored
      setTimeout(() => listener.onReady(), limits.retryMillis).unref()
      return []
    },
    remove: (record) => {
      const row = held.get(record)
      if (row === undefined) return
      held.delete(record)
      WriteQueue.remove(queue, row)
      if (row.id === 0) return
      copies--
      removals.push(row.id)
      schedule(limits.windowMillis)
    },
    spilled: () => spills.count + queue.spills,
    spilledBytes: () => spills.bytes + queue.spillBytes,
    kept: () => copies + spills.count,
    commit,
    close: () => {
      if (closed) return
      restsUntil = 0
      fullUntil = 0
      commit()
      attempt((file) => segments.release(file))
      closed = true
      clearTimeout(commitTimer)
      clearInterval(sweepTimer)
      clearImmediate(slice)
      process.off("exit", onExit)
      closeFile()
    }
  }
}
