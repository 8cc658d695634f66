/**
 * The identity of this process: its runtime, its id, the name of its program, its container.
 */
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import * as Builtin from "./Builtin.ts"
import * as Hostname from "./Hostname.ts"

const Fs = Builtin.get("node:fs")
const Path = Builtin.get("node:path")

export interface ProcessIdentity {
  readonly pid: number
  /** A random id of this process, new at each start. */
  readonly runtimeId: string
  readonly languageVersion: string
  /** The name of the program's package, else `node`: the service when none is configured. */
  readonly programName: string
  readonly hostname: string
  /** The container's id, if the control groups name it. */
  readonly containerId: string | undefined
}

/** Reads the identity. The part of an unreadable file is left out. */
export const read = (): ProcessIdentity => ({
  pid: Builtin.current?.pid ?? 0,
  runtimeId: ProcessWide.get("RuntimeId/1", () => crypto.randomUUID()),
  languageVersion: Builtin.current?.version ?? "",
  programName: programName(),
  hostname: Hostname.read() ?? "",
  containerId: containerId()
})

/** The id of the machine's start, which containers share. `undefined` on a system that does not tell it: only Linux does. */
export const machineStart = (): string | undefined => {
  try {
    return Fs?.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() || undefined
  } catch {
    return undefined
  }
}

/** Whether a file exists at a path, such as the Agent's socket. `false` if the program may not know, as in Deno. */
export const exists = (path: string): boolean => {
  try {
    return Fs?.existsSync(path) ?? false
  } catch {
    return false
  }
}

const programName = (): string => {
  const program = Builtin.current?.argv?.[1]
  if (program === undefined || Path === undefined) return "node"
  let folder = Path.dirname(program)
  for (let depth = 0; depth < 16; depth++) {
    const name = packageName(Path.join(folder, "package.json"))
    if (name !== undefined) return name
    const parent = Path.dirname(folder)
    if (parent === folder) break
    folder = parent
  }
  return "node"
}

const packageName = (file: string): string | undefined => {
  try {
    const name: unknown = JSON.parse(Fs?.readFileSync(file, "utf8") ?? "{}").name
    return typeof name === "string" && name !== "" ? name : undefined
  } catch {
    return undefined
  }
}

const containerPattern = /([0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){4}|[0-9a-f]{32}-\d+)(?:\.scope)?\s*$/m

const containerId = (): string | undefined => {
  try {
    return containerPattern.exec(Fs?.readFileSync("/proc/self/cgroup", "utf8").slice(0, 65_536) ?? "")?.[1]
  } catch {
    return undefined
  }
}
