/**
 * The folder of a program that has installed the packed library, and processes that run in it.
 */
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

const root = Path.resolve(import.meta.dirname, "..")

export interface Place {
  /** The folder, in which `node_modules` and the programs are. */
  readonly folder: string
  readonly remove: () => void
}

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string =>
  ChildProcess.execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

/** Packs the library as it was built, and lays it out beside `effect`, as an installation would. */
export const make = (): Place => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "runtimes-"))
  const modules = Path.join(folder, "node_modules")
  const installed = Path.join(modules, "effect-llmobs")
  Fs.mkdirSync(installed, { recursive: true })
  const [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root)
  ) as [{ readonly filename: string }]
  run("tar", ["-xzf", packed.filename, "-C", installed, "--strip-components=1"], folder)
  Fs.symlinkSync(Path.join(import.meta.dirname, "node_modules", "effect"), Path.join(modules, "effect"), "junction")
  Fs.cpSync(Path.join(import.meta.dirname, "programs"), folder, { recursive: true })
  Fs.writeFileSync(Path.join(folder, "package.json"), JSON.stringify({ name: "shop", private: true, type: "module" }))
  return { folder, remove: () => Fs.rmSync(folder, { recursive: true, force: true }) }
}

/** The output of a process that ended well. Rejects with all that it wrote, if it did not. */
export const start = (
  command: ReadonlyArray<string>,
  { folder }: Place,
  env: { readonly [name: string]: string }
): Promise<string> =>
  new Promise((resolve, reject) => {
    const [file = "", ...args] = command
    // No variable of this process, since DD_* ones may be among them.
    const { HOME = "/", PATH = "" } = process.env
    ChildProcess.execFile(
      file,
      args,
      { cwd: folder, env: { HOME, PATH, ...env }, encoding: "utf8", timeout: 40_000 },
      (error, stdout, stderr) =>
        error === null
          ? resolve(stdout + stderr)
          : reject(new Error(`${command.join(" ")}: ${error.signal ?? error.code}\n${stdout}${stderr}`))
    )
  })
