/** What must be there before a bench: the libraries, and ours as it is published. */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Path from "node:path"

const npm = (folder: string, args: ReadonlyArray<string>): void => {
  const ended = ChildProcess.spawnSync("npm", args, { cwd: folder, encoding: "utf8", timeout: 300_000 })
  if (ended.status !== 0) {
    throw new Error(
      `npm ${args.join(" ")} failed in ${folder}: ${
        ended.error?.message ?? (ended.stdout + ended.stderr).slice(-2_000)
      }`
    )
  }
}

const isOlder = (file: string, than: string): boolean =>
  !Fs.existsSync(file) || Fs.statSync(file).mtimeMs < Fs.statSync(than).mtimeMs

/** Installs the libraries, if that has not been done, and builds `dist`, if the sources have changed since. */
export const prepare = (bench: string, root: string): void => {
  const lock = Path.join(bench, "package-lock.json")
  if (isOlder(Path.join(bench, "node_modules", ".package-lock.json"), lock)) {
    npm(bench, ["ci", "--no-audit", "--no-fund"])
  }
  npm(root, ["run", "-s", "build:if-old"])
  // The libraries of the bench import ours by its name, as a user does: the export map leads to `dist`.
  const link = Path.join(bench, "node_modules", "effect-llmobs")
  if (!Fs.existsSync(link)) Fs.symlinkSync(Path.relative(Path.dirname(link), root), link, "dir")
}
