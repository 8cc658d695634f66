/**
 * The work of the thread of the files for one journal: it carries out one request after the other.
 *
 * **Details**
 *
 * It holds nothing that a journal could not tell another thread again: the files, and where the next event of each account
 * is written.
 */
import type { SetAside } from "../../domain/delivery/SetAside.ts"
import type { OpenFile } from "./OpenFiles.ts"
import { OpenFiles } from "./OpenFiles.ts"
import * as OutboxFile from "./OutboxFile.ts"
import * as OutboxFolder from "./OutboxFolder.ts"
import type { Answer, Answers, NewRow, Opening, Outcome, Request, Requests } from "./WorkerProtocol.ts"

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

/** The work for one journal. */
export class FileKeeper {
  private readonly files: OpenFiles
  private writers: { readonly file: number; readonly of: ReadonlyMap<string, Writer> } = { file: 0, of: new Map() }
  private waiting: Array<NewRow> = []
  private boundAt = 0

  // Damage concerns one file.
  private readonly guarded = <A>(open: OpenFile, f: () => A): A => {
    try {
      return f()
    } catch (error) {
      if (OutboxFile.failureOf(error) === "damaged") this.files.damage(open)
      throw error
    }
  }

  private readonly removeAll = ({ content }: OpenFile, ids: ReadonlyArray<number>): void =>
    OutboxFile.transaction(content, () => OutboxFile.remove(content, ids))

  // On a full disk in parts, each of which the log has room for once the ballast is gone.
  private readonly remove = (open: OpenFile, ids: ReadonlyArray<number>): void => {
    try {
      this.removeAll(open, ids)
    } catch (error) {
      if (OutboxFile.failureOf(error) !== "full") throw error
      this.files.makeRoom()
      for (let at = 0; at < ids.length; at += fewEvents) {
        this.removeAll(open, ids.slice(at, at + fewEvents))
        open.content.database.exec("PRAGMA wal_checkpoint")
      }
    }
  }

  // Never throws: a file that another process left must not keep events from being written to our own.
  private readonly removeFromOther = (open: OpenFile, ids: ReadonlyArray<number>): void => {
    open.late = open.late.concat(ids)
    try {
      this.guarded(open, () => {
        if (open.late.length > 0) this.remove(open, open.late)
        open.late = []
        this.files.check(open)
        if (OutboxFile.isEmpty(open.content)) this.files.finish(open)
      })
    } catch (error) {
      // A damaged file is reported by `guarded`; in any other case `tidy` tries again. Where a full disk lets nothing be
      // deleted, a file goes whole as soon as nothing in it is wanted any more.
      if (OutboxFile.failureOf(error) === "full" && OutboxFile.size(open.content) === open.late.length) {
        this.files.discard(open)
      }
    }
  }

  private readonly isOwn = (open: OpenFile): boolean => open.own && open.reachable

  private readonly write = ({ asides, removals }: Requests["write"]): Answers["write"] => {
    const rows = this.waiting
    let ownRemovals: ReadonlyArray<number> = []
    for (const [file, ids] of removals) {
      const open = this.files.get(file)
      if (open === undefined) continue
      if (this.isOwn(open)) ownRemovals = ids
      else this.removeFromOther(open, ids)
    }
    if (rows.length + asides.length + ownRemovals.length === 0) return { file: 0, ids: [], bytes: [] }
    for (let attempt = 1;; attempt++) {
      const open = this.files.own()
      try {
        const written = this.guarded(open, () => this.writeTo(open, rows, asides, attempt === 1 ? ownRemovals : []))
        if (this.files.check(open)) return { file: open.file, ...written }
      } catch (error) {
        if (this.files.get(open.file) === undefined || this.files.check(open)) throw error
      }
      if (attempt >= attempts) throw new Error("the file was taken away several times")
    }
  }

  private readonly writeTo = (
    open: OpenFile,
    rows: ReadonlyArray<NewRow>,
    asides: ReadonlyArray<SetAside>,
    removals: ReadonlyArray<number>
  ): Omit<Answers["write"], "file"> => {
    const { content } = open
    if (performance.now() - this.boundAt > boundMillis) {
      this.boundAt = performance.now()
      this.files.bound()
    }
    // As much of the room is used as there is: of rows that have none together, the first half may.
    for (let left = rows;; left = left.slice(0, left.length >> 1)) {
      try {
        const { moved, ...written } = OutboxFile.transaction(content, () => {
          OutboxFile.remove(content, removals)
          OutboxFile.setAside(content, asides)
          return this.insert(open, left)
        })
        this.writers = { file: open.file, of: moved }
        return written
      } catch (error) {
        if (OutboxFile.failureOf(error) !== "full") throw error
        if (left.length > 1) continue
        // Deletions make room, and must not wait for events that need some.
        this.remove(open, removals)
        return { ids: [], bytes: [] }
      }
    }
  }

  private readonly insert = (
    { content, file }: OpenFile,
    rows: ReadonlyArray<NewRow>
  ): Omit<Answers["write"], "file"> & { readonly moved: ReadonlyMap<string, Writer> } => {
    const moved = new Map(this.writers.file === file ? this.writers.of : [])
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

  private readonly load = (open: OpenFile, { after, bytes, now, upTo }: Requests["load"]): Answers["load"] => {
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
      entries: found.flatMap(({ at, bytes, id, record }) => {
        if (record === undefined) return []
        return [{ id, at: Math.round(now.unixMillis - OutboxFile.ageOf(content, at, now)), bytes, record }]
      }),
      after: last,
      ...sumOf(found),
      unreadable: unreadable.length,
      end: found.length === 0 || last === upTo
    }
  }

  private readonly expire = (
    open: OpenFile,
    { after, maxAgeMillis, now, upTo }: Requests["expire"]
  ): Answers["expire"] => {
    const found = OutboxFile.peek(open.content, after, upTo, slice)
    const young = found.findIndex(({ at }) => OutboxFile.ageOf(open.content, at, now) <= maxAgeMillis)
    const expired = young === -1 ? found : found.slice(0, young)
    const ids = expired.map(({ id }) => id)
    if (this.isOwn(open)) this.remove(open, ids)
    else this.removeFromOther(open, ids)
    return { ...sumOf(expired), after: expired.at(-1)?.id ?? after, more: expired.length === slice }
  }

  private readonly adopt = (): Answers["adopt"] => {
    const { file, notices } = this.files.adopt()
    return {
      file: file?.file,
      streams: file === undefined ? [] : this.guarded(file, () => OutboxFile.streams(file.content)),
      notices
    }
  }

  private readonly tidy = (): void => {
    for (const open of this.files.all()) if (!this.isOwn(open)) this.removeFromOther(open, [])
    this.files.tidy()
  }

  // A file that is not open any more holds nothing that the journal has not been told of.
  private readonly on = <A>(file: number, f: (open: OpenFile) => A, otherwise: A): A => {
    const open = this.files.get(file)
    return open === undefined ? otherwise : this.guarded(open, () => f(open))
  }

  private readonly answer = (asked: Request): Answers[keyof Requests] => {
    switch (asked.name) {
      case "open": {
        this.files.own()
        return {}
      }
      case "write":
        return this.write(asked.request)
      case "load": {
        const { after, file } = asked.request
        const nothing = { entries: [], after, count: 0, bytes: 0, unreadable: 0, end: true }
        return this.on(file, (open) => this.load(open, asked.request), nothing)
      }
      case "expire": {
        const { after, file } = asked.request
        return this.on(file, (open) => this.expire(open, asked.request), { count: 0, bytes: 0, after, more: false })
      }
      case "adopt":
        return this.adopt()
      case "tidy": {
        this.tidy()
        return {}
      }
      case "readSetAside":
        return this.files.all().flatMap(({ content }) => OutboxFile.readSetAside(content)).sort((a, b) => a.at - b.at)
      case "release": {
        this.tidy()
        this.files.close()
        return {}
      }
    }
  }

  private readonly attempt = (asked: Request): Outcome<Answers[keyof Requests]> => {
    try {
      return { value: this.answer(asked) }
    } catch (error) {
      return error instanceof OutboxFolder.RefusedFolder
        ? { trouble: "refused", detail: error.message }
        : { trouble: OutboxFile.failureOf(error) }
    } finally {
      if (asked.name === "write") this.waiting = []
    }
  }

  constructor(opening: Omit<Opening, "port" | "answers">) {
    this.files = new OpenFiles(opening)
  }

  /** Takes rows for the next `write`. */
  readonly add = (rows: ReadonlyArray<NewRow>): void => {
    for (const row of rows) this.waiting.push(row)
  }

  readonly handle = (asked: Request): Answer => {
    const outcome = this.attempt(asked)
    return { news: this.files.takeNews(), outcome }
  }

  readonly close = (): void => {
    try {
      this.files.close()
    } catch {
      // A file that cannot be closed ends with the process.
    }
  }
}

const sumOf = (found: ReadonlyArray<{ readonly bytes: number }>) => ({
  count: found.length,
  bytes: found.reduce((sum, { bytes }) => sum + bytes, 0)
})
