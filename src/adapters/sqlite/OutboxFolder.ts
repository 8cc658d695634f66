/**
 * The folder of a durable outbox: its place, the names in it, and what `lstat` says of them.
 *
 * **Gotchas**
 *
 * On POSIX systems any `close` of a file ends every lock that the process holds on it, from
 * whichever thread, so only SQLite opens a file of the folder: names and inodes come from `lstat`. A test holds every
 * file of this adapter to that. `copyOfUnlocked` is the one exception: it reads a folder that SQLite cannot write to, and
 * only files that SQLite has just found unlocked.
 */

// Not imported, so that a bundle loads in a runtime that has no such module.
const Fs = process.getBuiltinModule("node:fs")
const Os = process.getBuiltinModule("node:os")
const Path = process.getBuiltinModule("node:path")

// The root of a container's volume is often writable for everybody and another user's, so the files do not lie in the
// directory itself.
const subfolder = "effect-llmobs"

/** The folder of the outbox in a directory. */
export const of = (directory: string): string => Path.join(Path.resolve(directory), subfolder)

/** Why a folder is refused. `message` has the path and what to do. */
export class RefusedFolder extends Error {}

/**
 * Makes the folder (0700) if need be. Throws what the system throws, and `RefusedFolder` for a link, for anything else
 * that is no folder, and for a folder of another user.
 */
export const prepare = (folder: string): void => {
  makeFolder(folder)
  const found = Fs.lstatSync(folder)
  const refused = (reason: string) => new RefusedFolder(`${folder} ${reason}. Give durable.directory another directory`)
  if (found.isSymbolicLink()) throw refused("is a link")
  if (!found.isDirectory()) throw refused("is no folder")
  if (!isOurs(found.uid)) throw refused(`belongs to another user (uid ${found.uid})`)
  if (process.platform !== "win32" && (found.mode & 0o777) !== 0o700 && isWritable(folder)) Fs.chmodSync(folder, 0o700)
}

const isOurs = (uid: number): boolean => process.getuid === undefined || uid === process.getuid()

// `recursive: true` does not end where a file system denies a folder that it has just shown, as `/proc` does.
const makeFolder = (path: string): void => {
  if (Fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) return
  const above = Path.dirname(path)
  if (above !== path) makeFolder(above)
  try {
    Fs.mkdirSync(path, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

/** Whether files can be made in the folder, as far as permissions and the mount say. */
export const isWritable = (folder: string): boolean => {
  try {
    Fs.accessSync(folder, Fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}

const longestHost = 64

/** The name of this host, as it stands in the names of files. */
export const hostName = (): string => Os.hostname().replaceAll(/[^\w.-]/g, "_").slice(0, longestHost) || "host"

/** The path of a new file: `<host>-<12 hexadecimal digits of the journal><4 of the file>.db`. */
export const pathOf = (folder: string, host: string, journal: string, file: number): string =>
  Path.join(folder, `${host}-${journal}${(file & 0xffff).toString(16).padStart(4, "0")}.db`)

const named = /^(.+)-([\da-f]{12})([\da-f]{4})\.db$/

/**
 * A file of the folder with a name that `pathOf` gives. `identity` names its inode. `bytes` are those of the file and its
 * log.
 */
export interface Entry {
  readonly path: string
  readonly host: string
  readonly journal: string
  readonly file: number
  readonly identity: string
  /** A regular file that has no other name. */
  readonly regular: boolean
  readonly uid: number
  readonly ours: boolean
  readonly bytes: number
  readonly changed: number
}

/** The files of the folder, those first that were changed first. Files with other names are passed over. */
export const list = (folder: string): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  for (const name of Fs.readdirSync(folder)) {
    const match = named.exec(name)
    if (match === null) continue
    const path = Path.join(folder, name)
    const found = Fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
    if (found === undefined) continue
    entries.push({
      path,
      host: match[1]!,
      journal: match[2]!,
      file: Number.parseInt(match[3]!, 16),
      identity: `${found.dev}:${found.ino}`,
      regular: found.isFile() && found.nlink === 1n,
      uid: Number(found.uid),
      ours: isOurs(Number(found.uid)),
      bytes: Number(found.size) + (Fs.lstatSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0),
      changed: Number(found.mtimeMs)
    })
  }
  return entries.sort((one, other) => one.changed - other.changed)
}

/** The inode that a path leads to, or `undefined`. */
export const identityOf = (path: string): string | undefined => {
  try {
    const found = Fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return found === undefined ? undefined : `${found.dev}:${found.ino}`
  } catch {
    return undefined
  }
}

/** Gives a damaged file, which is closed, a name that no outbox takes, and that name back. Its log goes with it. */
export const setAside = (path: string): string => {
  const name = `${path}.damaged`
  Fs.renameSync(path, name)
  if (identityOf(`${path}-wal`) !== undefined) Fs.renameSync(`${path}-wal`, `${name}-wal`)
  return name
}

/** Copies a file and its log to a new folder of their own, for a folder in which SQLite cannot write. */
export const copyOfUnlocked = (path: string): string => {
  const copy = Path.join(Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-llmobs-")), Path.basename(path))
  for (const end of ["", "-wal"]) {
    if (identityOf(path + end) === undefined) continue
    Fs.copyFileSync(path + end, copy + end)
    Fs.chmodSync(copy + end, 0o600)
  }
  return copy
}

/** Takes away what `copyOfUnlocked` made. */
export const removeCopy = (copy: string): void => Fs.rmSync(Path.dirname(copy), { recursive: true, force: true })

/** Takes a file away that is closed. */
export const remove = (path: string): void => Fs.rmSync(path, { force: true })

// As much as a log can hold that was not brought into its file, or an eighth of a small disk.
const mostBytes = 4 * 1024 * 1024
const leastBytes = 128 * 1024

const ballastIn = (folder: string): string => Path.join(folder, "ballast")

/**
 * Makes the ballast of a folder if there is none, and room for one: a file that is given up when the disk is full, because
 * SQLite writes to its log before it deletes an event. It fails in silence: a ballast is a precaution.
 */
export const makeBallast = (folder: string): void => {
  try {
    if (identityOf(ballastIn(folder)) !== undefined) return
    const { bavail, bsize } = Fs.statfsSync(folder)
    const bytes = Math.min(mostBytes, Math.floor(bavail * bsize / 8))
    if (bytes < leastBytes) return
    // Only SQLite opens a file of the folder, and random bytes are compressed by no file system.
    const database = new (process.getBuiltinModule("node:sqlite").DatabaseSync)(ballastIn(folder))
    try {
      database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
        CREATE TABLE ballast AS SELECT randomblob(${bytes}) AS bytes`)
      Fs.chmodSync(ballastIn(folder), 0o600)
    } finally {
      database.close()
    }
  } catch {
    // Another process was faster, or the disk has filled up.
  }
}

/** Gives the ballast up. */
export const releaseBallast = (folder: string): void => {
  try {
    Fs.rmSync(ballastIn(folder), { force: true })
  } catch {
    // It stays for the next time.
  }
}

// The magic numbers of `statfs(2)` on Linux.
const networks: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB 2
  0x65735546, // FUSE, virtiofs
  0x01021997, // 9P
  0x00c36400, // Ceph
  0x0bd00bd0, // Lustre
  0x5346414f, // AFS
  0x6b414653, // kAFS
  0x47504653, // GPFS
  0x01161970, // GFS 2
  0x7461636f, // OCFS 2
  0x73757245, // Coda
  0xaad7aaea // PanFS
])

/**
 * Whether a file system of this `statfs` type may belong to several hosts, or keeps locks that are unknown to others.
 */
export const isShared = (type: number): boolean => networks.has(type >>> 0)

/** The `statfs` type of the file system that a path is on; 0 where the system does not tell. */
export const fileSystemOf = (path: string): number => {
  try {
    return process.platform === "linux" ? Fs.statfsSync(path).type : 0
  } catch {
    return 0
  }
}
