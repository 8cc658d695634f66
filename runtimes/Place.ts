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

const manifest = (): { readonly devDependencies: { readonly [name: string]: string } } =>
  JSON.parse(Fs.readFileSync(Path.join(root, "package.json"), "utf8"))

/** Packs the library, as it was built, into a folder: the name of the file. */
const pack = (folder: string): string => {
  const [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root)
  ) as [{ readonly filename: string }]
  return packed.filename
}

/** An empty folder. */
export const empty = (): Place => {
  const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "runtimes-"))
  return { folder, remove: () => Fs.rmSync(folder, { recursive: true, force: true }) }
}

/** Copies the programs into a folder. */
export const copyPrograms = ({ folder }: Place): void =>
  Fs.cpSync(Path.join(import.meta.dirname, "programs"), folder, { recursive: true })

/** Installs the packed library, Effect and a compiler from the registry, by the commands of the quick start. */
export const install = (place: Place): Promise<void> => {
  const { devDependencies } = manifest()
  const [effect, typescript, types] = ["effect", "typescript", "@types/node"].map((name) =>
    `${name}@${devDependencies[name]}`
  ) as [string, string, string]
  const npm = ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"]
  return [
    ["npm", "init", "-y"],
    ["npm", "pkg", "set", "type=module", "name=shop"],
    [...npm, `./${pack(place.folder)}`, effect],
    [...npm, "--save-dev", typescript, types]
  ].reduce((before, command) => before.then(() => start(command, place, {})).then(() => {}), Promise.resolve())
}

/** Packs the library and lays it out beside `effect`, as an installation would, with the programs. */
export const laidOut = (): Place => {
  const place = empty()
  const { folder } = place
  const modules = Path.join(folder, "node_modules")
  const installed = Path.join(modules, "effect-llmobs")
  Fs.mkdirSync(installed, { recursive: true })
  run("tar", ["-xzf", pack(folder), "-C", installed, "--strip-components=1"], folder)
  Fs.symlinkSync(Path.join(import.meta.dirname, "node_modules", "effect"), Path.join(modules, "effect"), "junction")
  copyPrograms(place)
  Fs.writeFileSync(Path.join(folder, "package.json"), JSON.stringify({ name: "shop", private: true, type: "module" }))
  return place
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
      { cwd: folder, env: { HOME, PATH, ...env }, encoding: "utf8", timeout: 300_000 },
      (error, stdout, stderr) =>
        error === null
          ? resolve(stdout + stderr)
          : reject(new Error(`${command.join(" ")}: ${error.signal ?? error.code}\n${stdout}${stderr}`))
    )
  })
