/**
 * The work of the thread of the files for one journal: it carries out one request after the other.
 *
 * **Details**
 *
 * It holds nothing that a journal could not tell another thread again: the files, and where the next event of each account
 * is written.
 */
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import * as OpenFiles from "./OpenFiles.ts"
import type { OpenFile } from "./OpenFiles.ts"
import * as OutboxFile from "./OutboxFile.ts"
import * as OutboxFolder from "./OutboxFolder.ts"
import type { Answer, Answers, NewRow, Opening, Outcome, Request, Requests } from "./WorkerProtocol.ts"

/**  */
export interface FileKeeper {
  /** Takes rows for the next `write`. */
  readonly add: (rows: ReadonlyArray<NewRow>) => void
  readonly handle: (request: Request) => Answer
  readonly close: () => void
}

// Events that one request expires: others wait behind it.
const slice = 5_000

// Events that one transaction takes out when the disk is full: their pages must fit the ballast.
const fewEvents = 16

// How often a write is begun anew in another file.
const attempts = 3

const boundMillis = 1_000

/** Where the next event is written. */
interface Writer {
  readonly stream: number
  readonly next: number
}

/**  */
export const make = (opening: Omit<Opening, "port" | "answers">): FileKeeper => {
  const files = OpenFiles.make(opening)
  let writers: { readonly file: number; readonly of: ReadonlyMap<string, Writer> } = { file: 0, of: new Map() }
  let waiting: Array<NewRow> = []
  let boundAt = 0

  // Damage concerns one file.
  const guarded = <A>(open: OpenFile, f: () => A): A => {
    try {
      return f()
    } catch (error) {
      if (OutboxFile.failureOf(error) === "damaged") files.damage(open)
      throw error
    }
  }

  const removeAll = ({ content }: OpenFile, ids: ReadonlyArray<number>): void =>
    OutboxFile.transaction(content, () => OutboxFile.remove(content, ids))

  // On a full disk in parts, each of which the log has room for once the ballast is gone.
  const remove = (open: OpenFile, ids: ReadonlyArray<number>): void => {
    try {
      removeAll(open, ids)
    } catch (error) {
      if (OutboxFile.failureOf(error) !== "full") throw error
      files.makeRoom()
      for (let at = 0; at < ids.length; at += fewEvents) {
        removeAll(open, ids.slice(at, at + fewEvents))
        open.content.database.exec("PRAGMA wal_checkpoint")
      }
    }
  }

  // Never throws: a file that another process left must not keep events from being written to our own.
  const removeFromOther = (open: OpenFile, ids: ReadonlyArray<number>): void => {
    open.late = open.late.concat(ids)
    try {
      guarded(open, () => {
        if (open.late.length > 0) remove(open, open.late)
        open.late = []
        files.check(open)
        if (OutboxFile.isEmpty(open.content)) files.finish(open)
      })
    } catch (error) {
      // A damaged file is reported by `guarded`; in any other case `tidy` tries again. Where a full disk lets nothing be
      // deleted, a file goes whole as soon as nothing in it is wanted any more.
      if (OutboxFile.failureOf(error) === "full" && OutboxFile.size(open.content) === open.late.length) {
        files.discard(open)
      }
    }
  }

  const isOwn = (open: OpenFile): boolean => open.own && open.reachable

  const write = ({ asides, removals }: Requests["write"]): Answers["write"] => {
    const rows = waiting
    let ownRemovals: ReadonlyArray<number> = []
    for (const [file, ids] of removals) {
      const open = files.get(file)
      if (open === undefined) continue
      if (isOwn(open)) ownRemovals = ids
      else removeFromOther(open, ids)
    }
    if (rows.length + asides.length + ownRemovals.length === 0) return { file: 0, ids: [], bytes: [] }
    for (let attempt = 1;; attempt++) {
      const open = files.own()
      try {
        const written = guarded(open, () => writeTo(open, rows, asides, attempt === 1 ? ownRemovals : []))
        if (files.check(open)) return { file: open.file, ...written }
      } catch (error) {
        if (files.get(open.file) === undefined || files.check(open)) throw error
      }
      if (attempt >= attempts) throw new Error("the file was taken away several times")
    }
  }

  const writeTo = (
    open: OpenFile,
    rows: ReadonlyArray<NewRow>,
    asides: ReadonlyArray<SetAside>,
    removals: ReadonlyArray<number>
  ): Omit<Answers["write"], "file"> => {
    const { content } = open
    if (performance.now() - boundAt > boundMillis) {
      boundAt = performance.now()
      files.bound()
    }
    // As much of the room is used as there is: of rows that have none together, the first half may.
    for (let left = rows;; left = left.slice(0, left.length >> 1)) {
      try {
        const { moved, ...written } = OutboxFile.transaction(content, () => {
          OutboxFile.remove(content, removals)
          OutboxFile.setAside(content, asides)
          return insert(open, left)
        })
        writers = { file: open.file, of: moved }
        return written
      } catch (error) {
        if (OutboxFile.failureOf(error) !== "full") throw error
        if (left.length > 1) continue
        // Deletions make room, and must not wait for events that need some.
        remove(open, removals)
        return { ids: [], bytes: [] }
      }
    }
  }

  const insert = (
    { content, file }: OpenFile,
    rows: ReadonlyArray<NewRow>
  ): Omit<Answers["write"], "file"> & { readonly moved: ReadonlyMap<string, Writer> } => {
    const moved = new Map(writers.file === file ? writers.of : [])
    const ids: Array<number> = []
    const bytes: Array<number> = []
    for (const { account, at, record, spilled } of rows) {
      const key = `${spilled ? "spilled" : "copy"} ${account}`
      const found = moved.get(key)
      const writer = found !== undefined && found.next < OutboxFile.streamSize / 2
        ? found
        : { stream: OutboxFile.beginStream(content, account), next: 1 }
      moved.set(key, { stream: writer.stream, next: writer.next + 1 })
      const id = writer.stream * OutboxFile.streamSize + writer.next
      ids.push(id)
      bytes.push(OutboxFile.write(content, id, at, record))
    }
    OutboxFile.count(content, ids, 1)
    return { ids, bytes, moved }
  }

  const load = (open: OpenFile, { after, bytes, upTo }: Requests["load"]): Answers["load"] => {
    const { content } = open
    const found = OutboxFile.read(content, after, upTo, bytes)
    const unreadable = found.filter(({ record }) => record === undefined)
    if (unreadable.length > 0) {
      try {
        OutboxFile.transaction(content, () => {
          OutboxFile.remove(content, unreadable.map(({ id }) => id))
          OutboxFile.setAside(
            content,
            unreadable.map(({ at, body }) => ({ reason: "unreadable", status: undefined, at, event: body }))
          )
        })
      } catch (error) {
        if (OutboxFile.failureOf(error) !== "full") throw error
        open.late = open.late.concat(unreadable.map(({ id }) => id))
      }
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

  const expire = (open: OpenFile, { after, oldest, upTo }: Requests["expire"]): Answers["expire"] => {
    const found = OutboxFile.peek(open.content, after, upTo, slice)
    const young = found.findIndex(({ at }) => at >= oldest)
    const expired = young === -1 ? found : found.slice(0, young)
    const ids = expired.map(({ id }) => id)
    if (isOwn(open)) remove(open, ids)
    else removeFromOther(open, ids)
    return { ...sumOf(expired), after: expired.at(-1)?.id ?? after, more: expired.length === slice }
  }

  const adopt = (): Answers["adopt"] => {
    const { file, notices } = files.adopt()
    return {
      file: file?.file,
      streams: file === undefined ? [] : guarded(file, () => OutboxFile.streams(file.content)),
      notices
    }
  }

  const tidy = (): void => {
    for (const open of files.all()) if (!isOwn(open)) removeFromOther(open, [])
    files.tidy()
  }

  // A file that is not open any more holds nothing that the journal has not been told of.
  const on = <A>(file: number, f: (open: OpenFile) => A, otherwise: A): A => {
    const open = files.get(file)
    return open === undefined ? otherwise : guarded(open, () => f(open))
  }

  const answer = (asked: Request): Answers[keyof Requests] => {
    switch (asked.name) {
      case "open": {
        files.own()
        return {}
      }
      case "write":
        return write(asked.request)
      case "load": {
        const { after, file } = asked.request
        const nothing = { entries: [], after, count: 0, bytes: 0, unreadable: 0, end: true }
        return on(file, (open) => load(open, asked.request), nothing)
      }
      case "expire": {
        const { after, file } = asked.request
        return on(file, (open) => expire(open, asked.request), { count: 0, bytes: 0, after, more: false })
      }
      case "adopt":
        return adopt()
      case "tidy": {
        tidy()
        return {}
      }
      case "readSetAside":
        return files.all().flatMap(({ content }) => OutboxFile.readSetAside(content)).sort((a, b) => a.at - b.at)
      case "release": {
        tidy()
        files.close()
        return {}
      }
    }
  }

  const attempt = (asked: Request): Outcome<Answers[keyof Requests]> => {
    try {
      return { value: answer(asked) }
    } catch (error) {
      return error instanceof OutboxFolder.RefusedFolder
        ? { trouble: "refused", detail: error.message }
        : { trouble: OutboxFile.failureOf(error) }
    } finally {
      if (asked.name === "write") waiting = []
    }
  }

  return {
    add: (rows) => {
      for (const row of rows) waiting.push(row)
    },
    handle: (asked) => {
      const outcome = attempt(asked)
      return { news: files.takeNews(), outcome }
    },
    close: () => {
      try {
        files.close()
      } catch {
        // A file that cannot be closed ends with the process.
      }
    }
  }
}

const sumOf = (found: ReadonlyArray<OutboxFile.Outline>): { readonly count: number; readonly bytes: number } => ({
  count: found.length,
  bytes: found.reduce((sum, { bytes }) => sum + bytes, 0)
})
