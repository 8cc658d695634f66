/**
 * The files that the thread of one journal has open: its own, and those that it has taken over.
 */
import * as Path from "node:path"
import * as Ballast from "./Ballast.ts"
import * as OutboxFile from "./OutboxFile.ts"
import * as OutboxFolder from "./OutboxFolder.ts"
import type { KnownFile, News, Notice, Opening } from "./WorkerProtocol.ts"

/** `late` are ids of events that are settled, and whose deletion the disk had no room for. */
export interface OpenFile extends KnownFile {
  content: OutboxFile.OutboxFile
  reachable: boolean
  late: ReadonlyArray<number>
}

/**  */
export interface OpenFiles {
  /** The file that events are written to; a new one if there is none. Throws where none can be made. */
  readonly own: () => OpenFile
  readonly get: (file: number) => OpenFile | undefined
  readonly all: () => ReadonlyArray<OpenFile>
  /** Takes over the next file with events in it that another process left. */
  readonly adopt: () => { readonly file: OpenFile | undefined; readonly notices: ReadonlyArray<Notice> }
  /** Whether a file can still be found by its path. One of our own that cannot is followed by a new one. */
  readonly check: (open: OpenFile) => boolean
  /** Closes a file in which SQLite found damage, and gives it another name. */
  readonly damage: (open: OpenFile) => void
  /** Closes a file without events and takes it away, unless it holds the only copy of something set aside. */
  readonly finish: (open: OpenFile) => void
  /** Takes a file away with all that is in it. */
  readonly discard: (open: OpenFile) => void
  /** Brings the bound of our own file up to date with the size of the others. */
  readonly bound: () => void
  readonly tidy: () => void
  /** Gives up what was kept for a full disk, and says whether there was something. */
  readonly makeRoom: () => boolean
  readonly takeNews: () => ReadonlyArray<News>
  readonly close: () => void
}

// A new file can be taken by another process before it is locked.
const attempts = 5

// Files with damage, in the life of a journal, that are followed by a new one.
const mostDamaged = 3

// Events are read from one file at a time. Those that were read wait for their answers, with their file.
const mostAdopted = 16

// An empty file that is larger is given up for a new one.
const rotateBytes = 16 * 1024 * 1024

/**  */
export const make = (opening: Omit<Opening, "port" | "answers">): OpenFiles => {
  const { durability, folder, host, journal, maxBytes } = opening
  const files = new Map<number, OpenFile>()
  // Inodes that are not looked at again.
  const ignored = new Set<string>()
  let news: Array<News> = []
  let next = opening.nextFile
  let own: OpenFile | undefined
  let damaged = 0

  const register = (content: OutboxFile.OutboxFile, file: number, isOwn: boolean, copyOf?: string): OpenFile => {
    const { identity, path } = content
    const known: KnownFile = { file, path, identity, own: isOwn, copyOf }
    const open = { ...known, content, reachable: true, late: [] }
    files.set(file, open)
    if (isOwn) own = open
    news.push({ _tag: "opened", known })
    return open
  }

  const forget = (open: OpenFile, tag: "closed" | "damaged"): void => {
    files.delete(open.file)
    if (own === open) own = undefined
    news.push({ _tag: tag, file: open.file })
    open.content.database.close()
  }

  const makeOwn = (): OpenFile => {
    if (damaged > mostDamaged) throw new Error("several files were damaged, one after the other")
    OutboxFolder.prepare(folder)
    for (let attempt = 1;; attempt++) {
      const file = next++
      const path = OutboxFolder.pathOf(folder, host, journal, file)
      try {
        const content = OutboxFile.create(path, durability)
        if (OutboxFile.isReachable(content)) return register(content, file, true)
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

  const getOwn = (): OpenFile => {
    if (own !== undefined) return own
    const made = makeOwn()
    bound()
    Ballast.make(folder)
    return made
  }

  const bound = (): void => {
    if (own === undefined) return
    let others = 0
    for (const { bytes, path } of OutboxFolder.list(folder)) if (path !== own.path) others += bytes
    OutboxFile.bound(own.content, maxBytes - others)
  }

  const check = (open: OpenFile): boolean => {
    if (!open.reachable) return false
    if (OutboxFile.isReachable(open.content) || reopened(open)) return true
    if (!files.has(open.file)) return false
    open.reachable = false
    if (own === open) own = undefined
    // Whatever is at the path now must not be read together with our log.
    const log = `${open.path}-wal`
    if (OutboxFolder.identityOf(log) === open.content.logIdentity) OutboxFolder.remove(log)
    news.push({ _tag: "moved", file: open.file })
    return false
  }

  // Where only the log is gone, closing brings all that is in it into the file.
  const reopened = (open: OpenFile): boolean => {
    if (OutboxFolder.identityOf(open.path) !== open.identity) return false
    open.content.database.close()
    const content = adopted(open.path)
    if (content !== undefined && content.identity === open.identity) {
      open.content = content
      return true
    }
    content?.database.close()
    files.delete(open.file)
    if (own === open) own = undefined
    news.push({ _tag: "taken", file: open.file })
    return false
  }

  const damage = (open: OpenFile): void => {
    if (open.own) damaged++
    forget(open, "damaged")
    setAside(open.path, open.identity)
  }

  const setAside = (path: string, identity: string | undefined): void => {
    try {
      if (OutboxFolder.identityOf(path) === identity) OutboxFolder.setAside(path)
    } catch {
      if (identity !== undefined) ignored.add(identity)
    }
  }

  const finish = (open: OpenFile): void => {
    const { content, copyOf, path } = open
    if (copyOf !== undefined) {
      ignored.add(copyOf)
      forget(open, "closed")
      return OutboxFolder.removeCopy(path)
    }
    const isKept = check(open) && OutboxFile.readSetAside(content).length > 0 && !moveSetAside(open)
    // The deletion of its rows was committed, so another process that opens it now finds nothing.
    forget(open, "closed")
    if (open.reachable && !isKept && OutboxFolder.identityOf(path) === open.identity) OutboxFolder.remove(path)
  }

  // Our own file is left as it is, to the next process or to the next look of this one.
  const moveSetAside = (open: OpenFile): boolean => {
    if (open.own) return false
    try {
      const { content } = getOwn()
      OutboxFile.transaction(content, () => OutboxFile.setAside(content, OutboxFile.readSetAside(open.content)))
      return true
    } catch {
      return false
    }
  }

  const take = (entry: OutboxFolder.Entry, writable: boolean, notices: Array<Notice>): OpenFile | undefined => {
    let path: string | undefined
    const leave = (about: Notice["about"]): undefined => {
      ignored.add(entry.identity)
      notices.push({ about, detail: entry.path })
    }
    try {
      if (!writable) {
        if (OutboxFile.isLocked(entry.path)) return undefined
        notices.push({ about: "readOnly", detail: folder })
        path = OutboxFolder.copyOfUnlocked(entry.path)
      }
      const found = OutboxFile.adopt(path ?? entry.path, durability)
      if (found === "foreign") return leave("foreign")
      if (found === "unfinished") {
        if (writable) OutboxFolder.remove(entry.path)
        return undefined
      }
      // Another process emptied the file and took it away before the lock was ours.
      if (writable && found.identity !== entry.identity) return void found.database.close()
      const open = register(found, next++, false, writable ? undefined : entry.identity)
      path = undefined
      if (!OutboxFile.isEmpty(found)) return open
      finish(open)
      return undefined
    } catch (error) {
      if (OutboxFile.isNoDatabase(error)) return leave("foreign")
      if (OutboxFile.failureOf(error) !== "damaged") return undefined
      if (writable) setAside(entry.path, entry.identity)
      return leave("damaged")
    } finally {
      if (path !== undefined) OutboxFolder.removeCopy(path)
    }
  }

  const adopt: OpenFiles["adopt"] = () => {
    OutboxFolder.prepare(folder)
    const notices: Array<Notice> = []
    const others = new Map<number, Array<string>>()
    const shared = OutboxFolder.isShared(opening.fileSystem ?? OutboxFolder.fileSystemOf(folder))
    if (shared) notices.push({ about: "shared", detail: folder })
    const writable = OutboxFolder.isWritable(folder)
    const paths = new Set(Array.from(files.values(), ({ path }) => path))
    const copied = new Set(Array.from(files.values(), ({ copyOf }) => copyOf))
    let file: OpenFile | undefined
    for (const entry of OutboxFolder.list(folder)) {
      if (paths.has(entry.path) || copied.has(entry.identity) || ignored.has(entry.identity)) continue
      if (!entry.ours) {
        others.set(entry.uid, [...others.get(entry.uid) ?? [], Path.basename(entry.path)])
      } else if (!entry.regular) {
        ignored.add(entry.identity)
        notices.push({ about: "foreign", detail: entry.path })
      } else if (file === undefined && files.size <= mostAdopted && (!shared || entry.host === host)) {
        file = take(entry, writable, notices)
      }
    }
    for (const [uid, names] of others) {
      notices.push({ about: "otherUser", detail: `${names.length} of uid ${uid} (${names.slice(0, 3).join(", ")})` })
    }
    return { file, notices }
  }

  // A thread before this one may have written what the journal was not told of, and so asks for again.
  const reopen = (): void => {
    for (const known of opening.files) {
      const content = adopted(known.path)
      if (content === undefined || content.identity !== known.identity) {
        content?.database.close()
        news.push({ _tag: "taken", file: known.file })
        continue
      }
      const open: OpenFile = { ...known, content, reachable: true, late: [] }
      files.set(known.file, open)
      if (!known.own) continue
      if (own === undefined) own = open
      const marks = new Map(opening.marks)
      OutboxFile.transaction(content, () => {
        for (const { stream } of OutboxFile.streams(content)) {
          OutboxFile.removeAfter(content, stream, marks.get(stream) ?? stream * OutboxFile.streamSize)
        }
      })
    }
    const known = new Set(opening.files.map(({ path }) => path))
    for (const entry of OutboxFolder.list(folder)) {
      if (entry.journal !== journal || known.has(entry.path)) continue
      next = Math.max(next, entry.file + 1)
      const content = adopted(entry.path)
      content?.database.exec("DELETE FROM events; UPDATE streams SET events = 0")
      content?.database.close()
    }
  }

  const adopted = (path: string): OutboxFile.OutboxFile | undefined => {
    try {
      const found = OutboxFile.adopt(path, durability)
      return typeof found === "string" ? undefined : found
    } catch {
      return undefined
    }
  }

  if (opening.files.length > 0) reopen()

  return {
    own: getOwn,
    get: (file) => files.get(file),
    all: () => [...files.values()],
    adopt,
    check,
    damage,
    finish,
    discard: (open) => {
      // Taken away before it is unlocked, where the system can do that: another process that opened it then sees that
      // its path is gone.
      if (process.platform !== "win32" && check(open)) OutboxFolder.remove(open.path)
      forget(open, "closed")
      if (open.reachable) { for (const end of ["", "-wal"]) OutboxFolder.remove(open.path + end) }
    },
    bound,
    tidy: () => {
      for (const open of files.values()) check(open)
      if (own === undefined) return
      const isLarge = () =>
        own!.content.database.prepare("PRAGMA page_count").get()!["page_count"] as number *
            OutboxFile.pageSize > rotateBytes
      if (isLarge() && OutboxFile.isEmpty(own.content)) finish(own)
      else bound()
      Ballast.make(folder)
    },
    makeRoom: () => Ballast.release(folder),
    takeNews: () => {
      const taken = news
      news = []
      return taken
    },
    close: () => {
      for (const open of files.values()) {
        if (open.copyOf === undefined && OutboxFile.isEmpty(open.content)) finish(open)
        else {
          forget(open, "closed")
          if (open.copyOf !== undefined) OutboxFolder.removeCopy(open.path)
        }
      }
    }
  }
}
