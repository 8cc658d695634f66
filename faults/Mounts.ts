/**
 * Small file systems of a row's own, and files that nobody may write. Where the machine does not permit that, they say why.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"

/** Runs a program for five seconds at most. Gives what went wrong. */
const tried = (program: string, ...args: ReadonlyArray<string>): string | undefined => {
  const done = ChildProcess.spawnSync(program, args, { timeout: 5_000, encoding: "utf8" })
  if (done.status === 0) return undefined
  return (done.error?.message ?? done.stderr.split("\n", 1)[0]!).trim() || `${program} failed`
}

const unmount = (place: string) =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < 20; attempt++) {
      if (tried("umount", place) === undefined) return
      yield* Effect.sleep(50)
    }
    tried("umount", "-l", place)
  })

/** A file system in memory at the row's place, as long as the row. */
export const tmpfs = (options: string) =>
(
  { place }: { readonly place: string }
): Effect.Effect<string | void, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        Fs.mkdirSync(place)
        return tried("mount", "-t", "tmpfs", "-o", `mode=0700,${options}`, "faults", place)
      }),
      (problem) => problem === undefined ? unmount(place) : Effect.void
    ),
    (problem) => problem === undefined ? undefined : `no file system can be mounted here (${problem})`
  )

/** Mounts it again with other options, in its place. */
export const remount = (place: string, options: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const problem = tried("mount", "-o", `remount,${options}`, place)
    if (problem !== undefined) throw new Error(problem)
  })

const change = (files: ReadonlyArray<string>, on: boolean): string | undefined =>
  tried("chattr", on ? "+i" : "-i", ...files.filter((path) => Fs.existsSync(path)))

/** These files are refused to all writers, those who had them open among them; or no longer. */
export const setImmutable = (files: ReadonlyArray<string>, on: boolean): Effect.Effect<void> =>
  Effect.sync(() => {
    const problem = change(files, on)
    if (problem !== undefined) throw new Error(problem)
  })

/** Whether that can be done in a folder, and has an effect on files that are open. At the end it is undone for all. */
export const immutability = (folder: string): Effect.Effect<string | void, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const probe = Path.join(folder, "probe")
        const fd = Fs.openSync(probe, "w")
        try {
          const problem = change([probe], true)
          if (problem !== undefined) return problem
          Fs.writeSync(fd, "text")
          return "files that are open can be written"
        } catch {
          return undefined
        } finally {
          Fs.closeSync(fd)
          change([probe], false)
          Fs.rmSync(probe, { force: true })
        }
      }),
      () => Effect.sync(() => tried("chattr", "-R", "-i", folder))
    ),
    (problem) => problem === undefined ? undefined : `files cannot be made read-only here (${problem})`
  )

/** Whether a file system has no room for another 64 KiB. */
export const isFull = (place: string): boolean => {
  const probe = Path.join(place, "probe")
  try {
    Fs.writeFileSync(probe, new Uint8Array(65_536))
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOSPC"
  } finally {
    Fs.rmSync(probe, { force: true })
  }
}
