/**
 * Brings what was committed to the disk, while the program goes on.
 *
 * **Details**
 *
 * SQLite would make the event loop wait for the disk at every commit. Here the write-ahead log is synchronised by the
 * thread pool, one call at a time: what is committed meanwhile is covered by the next. SQLite has no locks on the log
 * itself, so a descriptor of our own ends none.
 *
 * @since 0.1.0
 */
import * as Fs from "node:fs"

/**
 * @category models
 * @since 0.1.0
 */
export interface LogSync {
  /** Something was committed. */
  readonly request: () => void
  /** Synchronises before it returns, and ends. */
  readonly close: () => void
}

/**
 * Opens the log of a SQLite file, which is there from the first write on. Throws what the file system throws.
 *
 * @category constructors
 * @since 0.1.0
 */
export const open = (path: string, onFailure: (error: unknown) => void): LogSync => {
  const descriptor = Fs.openSync(`${path}-wal`, "r+")
  let running = false
  let requested = false
  let closed = false

  const run = (): void => {
    running = true
    requested = false
    Fs.fdatasync(descriptor, (error) => {
      running = false
      if (error !== null) onFailure(error)
      if (closed) Fs.closeSync(descriptor)
      else if (requested) run()
    })
  }

  return {
    request: () => {
      requested = true
      if (!running && !closed) run()
    },
    close: () => {
      if (closed) return
      closed = true
      try {
        Fs.fdatasyncSync(descriptor)
      } catch (error) {
        onFailure(error)
      }
      if (!running) Fs.closeSync(descriptor)
    }
  }
}
