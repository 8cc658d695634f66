/**
 * Which process a row belongs to, and whether that process still runs.
 *
 * **Details**
 *
 * A process id alone says little: it is given again, and containers have numbers of their own. So a token also names the
 * boot of the machine, the namespace of its process ids, and the moment the process started, as far as the system tells.
 *
 * @since 0.1.0
 */
import * as Fs from "node:fs"
import * as Os from "node:os"

/**
 * `started` is a text that two processes with the same id do not share; `""` where the system does not tell.
 *
 * @category models
 * @since 0.1.0
 */
export interface ProcessToken {
  readonly boot: string
  readonly namespace: string
  readonly pid: number
  readonly started: string
}

/**
 * - `gone`: the process has ended, or its machine has been started again
 * - `running`: it runs
 * - `unknown`: its id means nothing here, as it belongs to another container
 *
 * @category models
 * @since 0.1.0
 */
export type Liveness = "gone" | "running" | "unknown"

/**
 * The token of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const current = (): ProcessToken => ({
  boot: read(() => Fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) || Os.hostname(),
  namespace: read(() => Fs.readlinkSync("/proc/self/ns/pid")),
  pid: process.pid,
  started: startOf(process.pid)
})

/**
 * Whether the process of a token runs, as seen from `self`.
 *
 * @category accessors
 * @since 0.1.0
 */
export const liveness = (token: ProcessToken, self: ProcessToken): Liveness => {
  if (token.boot !== self.boot) return "gone"
  if (token.namespace !== self.namespace) return "unknown"
  if (!exists(token.pid)) return "gone"
  return token.started !== "" && token.started !== startOf(token.pid) ? "gone" : "running"
}

const read = (f: () => string): string => {
  try {
    return f()
  } catch {
    return ""
  }
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

// The 22nd field; the second is a name in parentheses that may hold anything.
const startOf = (pid: number): string =>
  read(() => {
    const stat = Fs.readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
  })
