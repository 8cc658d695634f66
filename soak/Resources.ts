/**
 * The resources that a process holds: heap, open files, and handles that keep it alive.
 */
import * as Fs from "node:fs"

export interface Resources {
  /** Bytes of heap after a collection. */
  readonly heap: number
  readonly files: number
  readonly handles: number
}

const collect = (globalThis as { readonly gc?: () => void }).gc

/** Measures. Without `--expose-gc` the heap says nothing. */
export const measure = (): Resources => {
  collect?.()
  collect?.()
  return {
    heap: process.memoryUsage().heapUsed,
    files: Fs.existsSync("/proc/self/fd") ? Fs.readdirSync("/proc/self/fd").length : 0,
    handles: process.getActiveResourcesInfo().length
  }
}

/** Generous: a cache that fills, a connection that closes a little later. A leak of every round is above them soon. */
const allowed: Resources = { heap: 48 * 1024 * 1024, files: 16, handles: 16 }

/**
 * Whether the process holds at the end what it held after its first rounds. The least of several measurements counts: what
 * waits for its end by chance is no leak.
 */
export const growth = (
  measured: ReadonlyArray<Resources>
): ReadonlyArray<readonly [name: keyof Resources, early: number, late: number, flat: boolean]> => {
  const part = Math.max(1, Math.min(5, Math.floor(measured.length / 2)))
  return (["heap", "files", "handles"] as const).map((name) => {
    const least = (of: ReadonlyArray<Resources>) => Math.min(...of.map((each) => each[name]))
    const early = least(measured.slice(0, part))
    const late = least(measured.slice(-part))
    return [name, early, late, late - early <= allowed[name]] as const
  })
}
