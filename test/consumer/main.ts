/**
 * Packs the package, installs the tarball into a program of its own, type-checks that program and runs it.
 *
 * What is published is not what the tests of this repository import: the export map, the built files and the declared
 * dependencies are only tried here.
 */
import * as Assert from "node:assert/strict"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

const root = Path.join(import.meta.dirname, "..", "..")
const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "consumer-"))

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string =>
  ChildProcess.execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: 180_000,
    stdio: ["ignore", "pipe", "pipe"]
  })

interface Packed {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

try {
  const [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root)
  ) as [Packed]
  const paths = packed.files.map((file) => file.path)
  const allowed = /^(?:dist\/|src\/|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/
  Assert.deepEqual(paths.filter((path) => !allowed.test(path)), [], "files that have no business in the package")
  for (const needed of ["dist/layers/LLMObs.js", "dist/layers/LLMObs.d.ts", "dist/domain/index.js", "LICENSE"]) {
    Assert.ok(paths.includes(needed), `${needed} is not in the package`)
  }

  const manifest = JSON.parse(Fs.readFileSync(Path.join(root, "package.json"), "utf8"))
  const consumer = Path.join(folder, "consumer")
  Fs.cpSync(Path.join(import.meta.dirname, "fixture"), consumer, { recursive: true })
  Fs.writeFileSync(
    Path.join(consumer, "package.json"),
    JSON.stringify({
      private: true,
      type: "module",
      dependencies: {
        effect: manifest.devDependencies.effect,
        "effect-llmobs": `file:../${packed.filename}`
      }
    })
  )
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts"], consumer)
  run(process.execPath, [Path.join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "."], consumer)
  const printed = run(process.execPath, ["program.ts"], consumer)
  Assert.deepEqual(JSON.parse(printed), { length: 20, delivered: 1, received: 1, rules: 8, tags: ["a:b"] })
  console.log(`packed ${paths.length} files, installed, type-checked and ran them: ${printed.trim()}`)
} finally {
  Fs.rmSync(folder, { recursive: true, force: true })
}
