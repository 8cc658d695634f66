/**
 * The files that the thread of one journal has open: its own, and those that it has taken over.
 */
import * as OutboxFile from "./OutboxFile.ts"
import * as OutboxFolder from "./OutboxFolder.ts"
import type { KnownFile, News, Notice, Opening } from "./WorkerProtocol.ts"

// Not imported, so that a bundle loads in a runtime that has no such module.
const Path = process.getBuiltinModule("node:path")

/** `late` are ids of events that are settled, and whose deletion the disk had no room for. */
export interface OpenFile extends KnownFile {
  content: OutboxFile.OutboxFile
  reachable: boolean
  late: ReadonlyArray<number>
}

// A new file can be taken by another process before it is locked.
const attempts = 5

// Files with damage, in the life of a journal, that are followed by a new one.
const mostDamaged = 3

// Events are read from one file at a time. Those that were read wait for their answers, with their file.
const mostAdopted = 16

// An empty file that is larger is given up for a new one.
const rotateBytes = 16 * 1024 * 1024

/** The files of one journal. */
export class OpenFiles {
  private readonly opening: Omit<Opening, "port" | "answers">
  private readonly files = new Map<number, OpenFile>()
  // Inodes that are not looked at again.
  private readonly ignored = new Set<string>()
  private news: Array<News> = []
  private next: number
  private current: OpenFile | undefined
  private damaged = 0

  private readonly register = (
    content: OutboxFile.OutboxFile,
    file: number,
    isOwn: boolean,
    copyOf?: string
  ): OpenFile => {
    const { identity, path } = content
    const known: KnownFile = { file, path, identity, own: isOwn, copyOf }
    const open = { ...known, content, reachable: true, late: [] }
    this.files.set(file, open)
    if (isOwn) this.current = open
    this.news.push({ _tag: "opened", known })
    return open
  }

  private readonly forget = (open: OpenFile, tag: "closed" | "damaged"): void => {
    this.files.delete(open.file)
    if (this.current === open) this.current = undefined
    this.news.push({ _tag: tag, file: open.file })
    open.content.database.close()
  }

  private readonly makeOwn = (): OpenFile => {
    if (this.damaged > mostDamaged) throw new Error("several files were damaged, one after the other")
    OutboxFolder.prepare(this.opening.folder)
    for (let attempt = 1;; attempt++) {
      const file = this.next++
      const path = OutboxFolder.pathOf(this.opening.folder, this.opening.host, this.opening.journal, file)
      try {
        const content = OutboxFile.create(path, this.opening.durability, this.opening.origin)
        if (OutboxFile.isReachable(content)) return this.register(content, file, true)
        content.database.close()
      } catch (error) {
        const taken = OutboxFile.failureOf(error) === "busy" || OutboxFolder.identityOf(path) === undefined
        if (!taken || attempt >= attempts) {
          if (!taken) { for (const end of ["", "-journal", "-wal"]) OutboxFolder.remove(path + end) }
          throw error
        }
      }
    }
  }

  /** The file that events are written to; a new one if there is none. Throws where none can be made. */
  readonly own = (): OpenFile => {
    if (this.current !== undefined) return this.current
    const made = this.makeOwn()
    this.bound()
    OutboxFolder.makeBallast(this.opening.folder)
    return made
  }

  /** Brings the bound of our own file up to date with the size of the others. */
  readonly bound = (): void => {
    if (this.current === undefined) return
    let others = 0
    for (const { bytes, path } of OutboxFolder.list(this.opening.folder)) {
      if (path !== this.current.path) others += bytes
    }
    OutboxFile.bound(this.current.content, this.opening.maxBytes - others)
  }

  /** Whether a file can still be found by its path. One of our own that cannot is followed by a new one. */
  readonly check = (open: OpenFile): boolean => {
    if (!open.reachable) return false
    if (OutboxFile.isReachable(open.content) || this.reopened(open)) return true
    if (!this.files.has(open.file)) return false
    open.reachable = false
    if (this.current === open) this.current = undefined
    // Another file at the path must not be read together with our log.
    const log = `${open.path}-wal`
    if (OutboxFolder.identityOf(log) === open.content.logIdentity) OutboxFolder.remove(log)
    this.news.push({ _tag: "moved", file: open.file })
    return false
  }

  // Where only the log is gone, closing brings all that is in it into the file.
  private readonly reopened = (open: OpenFile): boolean => {
    if (OutboxFolder.identityOf(open.path) !== open.identity) return false
    open.content.database.close()
    const content = this.adopted(open.path)
    if (content !== undefined && content.identity === open.identity) {
      open.content = content
      return true
    }
    content?.database.close()
    this.files.delete(open.file)
    if (this.current === open) this.current = undefined
    this.news.push({ _tag: "taken", file: open.file })
    return false
  }

  /** Closes a file in which SQLite found damage, and gives it another name. */
  readonly damage = (open: OpenFile): void => {
    if (open.own) this.damaged++
    this.forget(open, "damaged")
    this.setAside(open.path, open.identity)
  }

  private readonly setAside = (path: string, identity: string | undefined): void => {
    try {
      if (OutboxFolder.identityOf(path) === identity) OutboxFolder.setAside(path)
    } catch {
      if (identity !== undefined) this.ignored.add(identity)
    }
  }

  /** Closes a file without events and takes it away, unless it holds the only copy of something set aside. */
  readonly finish = (open: OpenFile): void => {
    const { content, copyOf, path } = open
    if (copyOf !== undefined) {
      this.ignored.add(copyOf)
      this.forget(open, "closed")
      return OutboxFolder.removeCopy(path)
    }
    const isKept = this.check(open) && OutboxFile.readSetAside(content).length > 0 && !this.moveSetAside(open)
    // The deletion of its rows was committed, so another process that opens it now finds nothing.
    this.forget(open, "closed")
    if (open.reachable && !isKept && OutboxFolder.identityOf(path) === open.identity) OutboxFolder.remove(path)
  }

  // Our own file is left as it is, to the next process or to the next look of this one.
  private readonly moveSetAside = (open: OpenFile): boolean => {
    if (open.own) return false
    try {
      const { content } = this.own()
      OutboxFile.transaction(content, () => OutboxFile.setAside(content, OutboxFile.readSetAside(open.content)))
      return true
    } catch {
      return false
    }
  }

  private readonly take = (
    entry: OutboxFolder.Entry,
    writable: boolean,
    notices: Array<Notice>
  ): OpenFile | undefined => {
    let path: string | undefined
    const leave = (about: Notice["about"]): undefined => {
      this.ignored.add(entry.identity)
      notices.push({ about, detail: entry.path })
    }
    try {
      if (!writable) {
        if (OutboxFile.isLocked(entry.path)) return undefined
        notices.push({ about: "readOnly", detail: this.opening.folder })
        path = OutboxFolder.copyOfUnlocked(entry.path)
      }
      const found = OutboxFile.adopt(path ?? entry.path, this.opening.durability)
      if (found === "foreign") return leave("foreign")
      if (found === "unfinished") {
        if (writable) OutboxFolder.remove(entry.path)
        return undefined
      }
      // Another process emptied the file and took it away before the lock was ours.
      if (writable && found.identity !== entry.identity) return void found.database.close()
      const open = this.register(found, this.next++, false, writable ? undefined : entry.identity)
      path = undefined
      if (!OutboxFile.isEmpty(found)) return open
      this.finish(open)
      return undefined
    } catch (error) {
      if (OutboxFile.isNoDatabase(error)) return leave("foreign")
      if (OutboxFile.failureOf(error) !== "damaged") return undefined
      if (writable) this.setAside(entry.path, entry.identity)
      return leave("damaged")
    } finally {
      if (path !== undefined) OutboxFolder.removeCopy(path)
    }
  }

  /** Takes over the next file with events in it that another process left. */
  readonly adopt = (): { readonly file: OpenFile | undefined; readonly notices: ReadonlyArray<Notice> } => {
    OutboxFolder.prepare(this.opening.folder)
    const notices: Array<Notice> = []
    const others = new Map<number, Array<string>>()
    const shared = OutboxFolder.isShared(this.opening.fileSystem ?? OutboxFolder.fileSystemOf(this.opening.folder))
    if (shared) notices.push({ about: "shared", detail: this.opening.folder })
    const writable = OutboxFolder.isWritable(this.opening.folder)
    const paths = new Set(Array.from(this.files.values(), ({ path }) => path))
    const copied = new Set(Array.from(this.files.values(), ({ copyOf }) => copyOf))
    let file: OpenFile | undefined
    for (const entry of OutboxFolder.list(this.opening.folder)) {
      if (paths.has(entry.path) || copied.has(entry.identity) || this.ignored.has(entry.identity)) continue
      if (!entry.ours) {
        others.set(entry.uid, [...others.get(entry.uid) ?? [], Path.basename(entry.path)])
      } else if (!entry.regular) {
        this.ignored.add(entry.identity)
        notices.push({ about: "foreign", detail: entry.path })
      } else if (
        file === undefined && this.files.size <= mostAdopted && (!shared || entry.host === this.opening.host)
      ) {
        file = this.take(entry, writable, notices)
      }
    }
    for (const [uid, names] of others) {
      notices.push({ about: "otherUser", detail: `${names.length} of uid ${uid} (${names.slice(0, 3).join(", ")})` })
    }
    return { file, notices }
  }

  // A thread before this one may have written what the journal was not told of, and so asks for again.
  private readonly reopen = (): void => {
    for (const known of this.opening.files) {
      const content = this.adopted(known.path)
      if (content === undefined || content.identity !== known.identity) {
        content?.database.close()
        this.news.push({ _tag: "taken", file: known.file })
        continue
      }
      const open: OpenFile = { ...known, content, reachable: true, late: [] }
      this.files.set(known.file, open)
      if (!known.own) continue
      if (this.current === undefined) this.current = open
      const marks = new Map(this.opening.marks)
      OutboxFile.transaction(content, () => {
        for (const { stream } of OutboxFile.streams(content)) {
          OutboxFile.removeAfter(content, stream, marks.get(stream) ?? stream * OutboxFile.streamSize)
        }
      })
    }
    const known = new Set(this.opening.files.map(({ path }) => path))
    for (const entry of OutboxFolder.list(this.opening.folder)) {
      if (entry.journal !== this.opening.journal || known.has(entry.path)) continue
      this.next = Math.max(this.next, entry.file + 1)
      const content = this.adopted(entry.path)
      content?.database.exec("DELETE FROM events; UPDATE streams SET events = 0")
      content?.database.close()
    }
  }

  private readonly adopted = (path: string): OutboxFile.OutboxFile | undefined => {
    try {
      const found = OutboxFile.adopt(path, this.opening.durability)
      return typeof found === "string" ? undefined : found
    } catch {
      return undefined
    }
  }

  /** Takes a file away with all that is in it. */
  readonly discard = (open: OpenFile): void => {
    // Taken away before it is unlocked, where the system can do that: another process that opened it then sees that its
    // path is gone.
    if (process.platform !== "win32" && this.check(open)) OutboxFolder.remove(open.path)
    this.forget(open, "closed")
    if (!open.reachable) return
    for (const end of ["", "-wal"]) OutboxFolder.remove(open.path + end)
  }

  readonly tidy = (): void => {
    for (const open of this.files.values()) this.check(open)
    if (this.current === undefined) return
    if (OutboxFile.isEmpty(this.current.content) && OutboxFile.bytes(this.current.content) > rotateBytes) {
      this.finish(this.current)
    } else this.bound()
    OutboxFolder.makeBallast(this.opening.folder)
  }

  /** Gives up what was kept for a full disk. */
  readonly makeRoom = (): void => OutboxFolder.releaseBallast(this.opening.folder)

  readonly get = (file: number): OpenFile | undefined => this.files.get(file)

  readonly all = (): ReadonlyArray<OpenFile> => [...this.files.values()]

  readonly takeNews = (): ReadonlyArray<News> => {
    const taken = this.news
    this.news = []
    return taken
  }

  readonly close = (): void => {
    for (const open of this.files.values()) {
      if (open.copyOf === undefined && OutboxFile.isEmpty(open.content)) this.finish(open)
      else {
        this.forget(open, "closed")
        if (open.copyOf !== undefined) OutboxFolder.removeCopy(open.path)
      }
    }
  }

  constructor(opening: Omit<Opening, "port" | "answers">) {
    this.opening = opening
    this.next = opening.nextFile
    if (opening.files.length > 0) this.reopen()
  }
}
