/**
 * What the thread of the files does for one journal: it carries out one request after the other on the journal's file.
 *
 * **Details**
 *
 * It holds nothing that a journal could not tell another thread again: the file, and where the next event of each account
 * is written. A file in which SQLite finds damage is given another name, and a new one is begun.
 *
 * @since 0.1.0
 */
import * as EventFile from "./EventFile.ts"
import * as EventId from "./EventId.ts"
import * as Segments from "./Segments.ts"
import * as SetAsides from "./SetAsides.ts"
import type { Answer, Answers, NewRow, Opening, Request, Requests } from "./WorkerProtocol.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface FileKeeper {
  /** Takes rows for the next `write`. */
  readonly add: (rows: ReadonlyArray<NewRow>) => void
  readonly handle: (request: Request) => Answer
  readonly close: () => void
}

// Damaged files that are given another name, in the life of a journal.
const maxNewFiles = 3

// Events that one request counts or expires: others wait behind it.
const slice = 5_000

/** Where the next event is written. */
interface Writer {
  readonly segment: number
  readonly next: number
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (opening: Omit<Opening, "port" | "answers">): FileKeeper => {
  const segments = Segments.make(opening.holder, opening.token)
  const known = new Set([...opening.marks.map(([segment]) => segment), ...opening.adopted])
  let writers: ReadonlyMap<string, Writer> = new Map()
  let waiting: Array<NewRow> = []
  let file: EventFile.EventFile | undefined
  let { epoch } = opening
  let begunAnew = 0
  let tidied = false

  const openFile = (): EventFile.EventFile => {
    const opened = EventFile.open(opening)
    try {
      if (!tidied) EventFile.transaction(opened, () => takeOutUnanswered(opened))
      tidied = true
      return opened
    } catch (error) {
      opened.database.close()
      throw error
    }
  }

  // A thread before this one may have written what the journal was not told of any more, and so asks for again.
  const takeOutUnanswered = (opened: EventFile.EventFile): void => {
    for (const [segment, last] of opening.marks) {
      if (!segments.isOurs(opened, segment)) continue
      opened.database.prepare("DELETE FROM events WHERE id > ? AND id <= ?").run(last, EventId.lastOf(segment))
    }
  }

  const closeFile = (): void => {
    const closing = file
    file = undefined
    closing?.database.close()
  }

  const beginAnew = (): void => {
    epoch++
    writers = new Map()
    known.clear()
    closeFile()
    EventFile.setFileAside(opening.path, Date.now())
  }

  const fail = (error: unknown): EventFile.Failure => {
    const failure = EventFile.failureOf(error)
    if (failure !== "damaged") return failure
    if (begunAnew++ >= maxNewFiles) return "unusable"
    try {
      beginAnew()
      return failure
    } catch {
      return "unusable"
    }
  }

  const write = (file: EventFile.EventFile, request: Requests["write"]): Answers["write"] => {
    const { asides, removals } = request
    const rows = waiting
    const takeOut = (isOurs: (segment: number) => boolean) => {
      for (const id of removals) {
        if (isOurs(EventId.segmentOf(id))) file.remove.run(id)
      }
    }
    const attempt = (rows: ReadonlyArray<NewRow>): Answers["write"] => {
      const { moved, ...written } = EventFile.transaction(file, () => {
        const isOurs = lookingUp(file)
        takeOut(isOurs)
        SetAsides.add(file, asides)
        return insert(file, rows, isOurs)
      })
      writers = moved
      for (const { segment } of moved.values()) known.add(segment)
      return written
    }
    // What is left of the room is used: of rows that have none together, the first half may.
    for (let left = rows;; left = left.slice(0, left.length >> 1)) {
      try {
        return attempt(left)
      } catch (error) {
        if (EventFile.failureOf(error) !== "full") throw error
        if (left.length > 1) continue
        // What makes room can still be written, and must not wait for what needs some.
        EventFile.transaction(file, () => takeOut(lookingUp(file)))
        return { ids: [], bytes: [] }
      }
    }
  }

  const insert = (
    file: EventFile.EventFile,
    rows: ReadonlyArray<NewRow>,
    isOurs: (segment: number) => boolean
  ): Answers["write"] & { readonly moved: ReadonlyMap<string, Writer> } => {
    const moved = new Map(writers)
    const ids: Array<number> = []
    const bytes: Array<number> = []
    for (const { at, record, route, spilled } of rows) {
      const key = `${spilled ? "spilled" : "copy"} ${route}`
      const found = moved.get(key)
      const writer = found !== undefined && found.next < EventId.segmentSize / 2 && isOurs(found.segment)
        ? found
        : { segment: segments.create(file, route), next: 1 }
      moved.set(key, { segment: writer.segment, next: writer.next + 1 })
      const id = writer.segment * EventId.segmentSize + writer.next
      ids.push(id)
      bytes.push(EventFile.write(file, id, at, record))
    }
    return { ids, bytes, moved }
  }

  const lookingUp = (file: EventFile.EventFile) => {
    const seen = new Map<number, boolean>()
    return (segment: number): boolean => {
      let ours = seen.get(segment)
      if (ours === undefined) {
        ours = segments.isOurs(file, segment)
        seen.set(segment, ours)
      }
      return ours
    }
  }

  const load = (
    file: EventFile.EventFile,
    { after, bytes, segment, upTo }: Requests["load"]
  ): Answers["load"] => {
    if (!segments.isOurs(file, segment)) return undefined
    const found = EventFile.read(file, after, upTo, bytes)
    const unreadable = found.filter(({ record }) => record === undefined)
    if (unreadable.length > 0) {
      EventFile.transaction(file, () => {
        for (const { id } of unreadable) file.remove.run(id)
        SetAsides.add(
          file,
          unreadable.map(({ at, body }) => ({ reason: "unreadable", status: undefined, at, event: body }))
        )
      })
    }
    const last = found.at(-1)?.id ?? upTo
    return {
      entries: found.flatMap(({ at, bytes, id, record }) => record === undefined ? [] : [{ id, at, bytes, record }]),
      after: last,
      count: found.length,
      bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
      unreadable: unreadable.length,
      end: found.length === 0 || last === upTo
    }
  }

  const count = (file: EventFile.EventFile, { after, segment }: Requests["count"]): Answers["count"] => {
    const found = EventFile.peek(file, after, EventId.lastOf(segment), slice)
    return { ...sumOf(found), upTo: found.at(-1)?.id ?? after, end: found.length < slice }
  }

  const expire = (
    file: EventFile.EventFile,
    { after, oldest, segment, upTo }: Requests["expire"]
  ): Answers["expire"] => {
    if (!segments.isOurs(file, segment)) return { count: 0, bytes: 0, after, more: false }
    const found = EventFile.peek(file, after, upTo, slice)
    const young = found.findIndex(({ at }) => at >= oldest)
    const expired = young === -1 ? found : found.slice(0, young)
    if (expired.length > 0) {
      EventFile.transaction(file, () => {
        for (const { id } of expired) file.remove.run(id)
      })
    }
    return { ...sumOf(expired), after: expired.at(-1)?.id ?? after, more: expired.length === slice }
  }

  const sweep = (file: EventFile.EventFile, { clock, done }: Requests["sweep"]): Answers["sweep"] => {
    segments.beat(file)
    const current = new Set([...writers.values()].map(({ segment }) => segment))
    for (const segment of done) {
      if (!current.has(segment)) segments.discard(file, segment)
    }
    segments.adopt(file, clock)
    const ours = segments.ours(file)
    const adopted = ours.filter(({ segment }) => !known.has(segment))
    for (const { segment } of adopted) known.add(segment)
    return { adopted, ours: ours.map(({ segment }) => segment) }
  }

  const answer = (file: EventFile.EventFile, asked: Request): Answers[keyof Requests] => {
    switch (asked.name) {
      case "open":
        return {}
      case "write":
        return write(file, asked.request)
      case "load":
        return load(file, asked.request)
      case "count":
        return count(file, asked.request)
      case "expire":
        return expire(file, asked.request)
      case "sweep":
        return sweep(file, asked.request)
      case "readSetAside":
        return SetAsides.read(file)
      case "release": {
        segments.release(file)
        closeFile()
        return {}
      }
    }
  }

  return {
    add: (rows) => {
      for (const row of rows) waiting.push(row)
    },
    handle: (asked) => {
      try {
        if (asked.epoch !== epoch) return { epoch, outcome: { trouble: "stale" } }
        file ??= openFile()
        return { epoch, outcome: { value: answer(file, asked) } }
      } catch (error) {
        const trouble = fail(error)
        return { epoch, outcome: { trouble } }
      } finally {
        if (asked.name === "write") waiting = []
      }
    },
    close: () => {
      try {
        closeFile()
      } catch {
        // A file that cannot be closed ends with the process.
      }
    }
  }
}

const sumOf = (found: ReadonlyArray<EventFile.Outline>): { readonly count: number; readonly bytes: number } => ({
  count: found.length,
  bytes: found.reduce((sum, { bytes }) => sum + bytes, 0)
})
