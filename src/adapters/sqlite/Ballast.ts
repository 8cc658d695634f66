/**
 * A file that is given up when the disk is full: to delete an event SQLite has to write to its log first.
 */
import * as Fs from "node:fs"
import * as Path from "node:path"
import { DatabaseSync } from "node:sqlite"

// As much as a log can hold that was not brought into its file, or an eighth of a small disk.
const mostBytes = 4 * 1024 * 1024
const leastBytes = 128 * 1024

const pathIn = (folder: string): string => Path.join(folder, "ballast")

const isThere = (folder: string): boolean => Fs.lstatSync(pathIn(folder), { throwIfNoEntry: false }) !== undefined

/** Makes the ballast of a folder if there is none, and room for one. It fails in silence: a ballast is a precaution. */
export const make = (folder: string): void => {
  try {
    if (isThere(folder)) return
    const { bavail, bsize } = Fs.statfsSync(folder)
    const bytes = Math.min(mostBytes, Math.floor(bavail * bsize / 8))
    if (bytes < leastBytes) return
    // Only SQLite opens a file of the folder, and random bytes are compressed by no file system.
    const database = new DatabaseSync(pathIn(folder))
    try {
      database.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
        CREATE TABLE ballast AS SELECT randomblob(${bytes}) AS bytes`)
      Fs.chmodSync(pathIn(folder), 0o600)
    } finally {
      database.close()
    }
  } catch {
    // Another process was faster, or the disk has filled up.
  }
}

/** Gives the ballast up. */
export const release = (folder: string): void => {
  try {
    Fs.rmSync(pathIn(folder), { force: true })
  } catch {
    // It stays for the next time.
  }
}
