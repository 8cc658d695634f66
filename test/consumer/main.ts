/**
 * Packs the package, looks at what is in it, installs the tarball into a program of its own, type-checks that program and
 * runs it; then rehearses a release.
 *
 * The published package differs from the sources that the tests of this repository import: the export map, the built
 * files and the declared dependencies are only tried here.
 */
import * as Assert from "node:assert/strict"
import * as ChildProcess from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { examplesOf } from "../../scripts/DocumentedExamples.ts"
import * as Sizes from "../../scripts/Sizes.ts"
import * as Core from "../../src/domain/index.ts"
import * as Wire from "../../src/layers/Wire.ts"
import * as Contents from "./Contents.ts"
import * as Release from "./Release.ts"

const root = Path.join(import.meta.dirname, "..", "..")
const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "consumer-"))
const consumer = Path.join(folder, "consumer")
const path = `${Path.dirname(process.execPath)}${Path.delimiter}${process.env["PATH"]}`

const attempt = (command: string, args: ReadonlyArray<string>, cwd: string) =>
  ChildProcess.spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: 180_000,
    stdio: ["ignore", "pipe", "pipe"],
    // No Agent listens there.
    env: { ...process.env, PATH: path, EFFECT_LLMOBS_REDIS_URL: "redis://127.0.0.1:1" }
  })

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  const ended = attempt(command, args, cwd)
  if (ended.status !== 0) {
    const why = ended.error?.message ?? `ended with ${ended.status ?? ended.signal}`
    throw new Error(`${command} ${args.join(" ")} ${why}\n${ended.stdout}${ended.stderr}`)
  }
  return ended.stdout
}

const install = (...packages: ReadonlyArray<string>): string =>
  run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", ...packages], consumer)

/** A file of a tool, from its manifest. */
const tool = (manifest: string, file: string): string => Path.join(Path.dirname(fileURLToPath(manifest)), file)

const attw = tool(import.meta.resolve("@arethetypeswrong/cli/package.json"), "dist/index.js")
const changeset = tool(import.meta.resolve("@changesets/cli/package.json"), "bin.js")
const tsc = tool(import.meta.resolve("typescript/package.json"), "bin/tsc")

/** The names of the values in each namespace of a module. */
const namesIn = (module: { readonly [namespace: string]: object }): ReadonlyArray<string> =>
  Object.entries(module)
    .flatMap(([namespace, values]) => Object.keys(values).map((name) => `${namespace}.${name}`))
    .toSorted()

/** Imports each entry in a process of its own program: what cannot be found, by entry. */
const missing = (specifiers: ReadonlyArray<string>): { readonly [specifier: string]: string } =>
  JSON.parse(run(process.execPath, ["entries.ts", ...specifiers], consumer))

/** Writes each example of the packed pages that needs no other package into a file of the program: how many. */
const documented = (readme: string, pages: string): number => {
  const paths = [
    readme,
    ...Fs.readdirSync(pages).filter((name) => name.endsWith(".md")).map((name) => Path.join(pages, name))
  ]
  const known = /^(?:effect|effect-llmobs|@effect\/platform-node|@opentelemetry\/api)(?:\/|$)|^node:/
  let count = 0
  for (const path of paths) {
    for (const { code } of examplesOf(Fs.readFileSync(path, "utf8"))) {
      if (![...code.matchAll(/ from "([^"]+)"/g)].every(([, specifier]) => known.test(specifier!))) continue
      Fs.writeFileSync(Path.join(consumer, `example${++count}.ts`), code)
    }
  }
  return count
}

try {
  const [packed] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root)
  ) as [{ readonly filename: string }]
  const manifest = JSON.parse(Fs.readFileSync(Path.join(root, "package.json"), "utf8"))
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
  install()
  const installed = Path.join(consumer, "node_modules", "effect-llmobs")
  Assert.deepEqual(Contents.faults(installed, root), [])
  const lock = JSON.parse(Fs.readFileSync(Path.join(consumer, "package-lock.json"), "utf8"))
  const scripted = Object.entries<{ readonly hasInstallScript?: boolean }>(lock.packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript === true)
    .map(([path]) => path)
  Assert.deepEqual(scripted, [], "the packages whose install scripts would run")
  const files = Contents.list(installed)
  const specifiers = Contents.entries(manifest, files)
    .map((entry) => entry.specifier)
    .filter((specifier) => !specifier.endsWith(".json"))
  console.log(`packed ${files.length} files behind ${specifiers.length} entries, all of them there`)

  const sizes = await Sizes.measure()
  console.table(Object.fromEntries(sizes.map(({ path, ...size }) => [path, size])))
  Assert.deepEqual(Sizes.withEffect(), [])
  Assert.deepEqual(Sizes.beyond(Fs.readFileSync(Path.join(root, Sizes.page), "utf8"), sizes), [])
  console.log("no entry is larger than docs/runtimes.md says")

  for (const [stem, source] of [["domain/index", Core], ["layers/Wire", Wire]] as const) {
    const built = await import(Path.join(installed, "dist", `${stem}.js`))
    Assert.deepEqual(namesIn(built), namesIn(source))
  }
  console.log("the namespaces that the build makes hold what their modules export")

  // Patterns are not filled in by the tool itself.
  const inside = specifiers.map((specifier) => specifier.slice("effect-llmobs/".length) || ".")
  run(process.execPath, [
    attw,
    Path.join(folder, packed.filename),
    "--profile",
    "esm-only",
    "--format",
    "ascii",
    "--include-entrypoints",
    ...inside
  ], root)
  console.log("the types are right for each of them")

  run(process.execPath, [tsc, "-p", "."], consumer)
  const printed = run(process.execPath, ["program.ts"], consumer)
  Assert.deepEqual(JSON.parse(printed.trim().split("\n").at(-1)!), {
    length: 20,
    delivered: 1,
    received: 1,
    rules: 8,
    tags: ["a:b"]
  })
  console.log(`installed, type-checked and ran a program: ${printed.trim()}`)

  const kept = run(process.execPath, ["durable.ts", Path.join(folder, "outbox")], consumer)
  // Logs come before it.
  Assert.deepEqual(JSON.parse(kept.trim().split("\n").at(-1)!), { redelivered: 1, intake: 1 })
  console.log("what one process left in a file, the next one delivered")

  // Only these need what the manifest calls optional.
  Assert.deepEqual(missing(specifiers), {
    "effect-llmobs/RedisOutbox": "@effect/platform-node",
    "effect-llmobs/Relay": "@effect/platform-node"
  })
  const optional = Object.keys(manifest.peerDependenciesMeta)
  install(...[...optional, "@types/node"].map((name) => `${name}@${manifest.devDependencies[name]}`))
  Assert.deepEqual(missing(specifiers), {})
  Fs.writeFileSync(
    Path.join(consumer, "everything.ts"),
    specifiers.map((specifier) => `export * as _${specifier.replaceAll(/\W/g, "_")} from "${specifier}"\n`).join("")
  )
  const examples = documented(Path.join(installed, "README.md"), Path.join(installed, "docs"))
  run(process.execPath, [tsc, "-p", "tsconfig.everything.json"], consumer)
  console.log(`every entry loads; ${optional.join(" and ")} are needed only where they should be`)
  console.log(`${examples} examples of the documentation compile as a reader would copy them`)

  const command = (...args: ReadonlyArray<string>) =>
    attempt("npm", ["exec", "--no", "--", "effect-llmobs", ...args], consumer)
  const usage = command()
  Assert.equal(usage.status, 2, usage.stderr)
  Assert.match(usage.stderr, /^Usage: effect-llmobs relay/m)
  const status = command("relay", "--status")
  Assert.equal(status.status, 1, status.stderr)
  Assert.equal(status.stdout.trim(), "null", "what is said of a Redis that cannot be reached")
  console.log("the command runs")

  const rehearsal = Fs.mkdtempSync(Path.join(folder, "release-"))
  const version = Release.rehearse(root, rehearsal, changeset, (tool, ...args) => run(tool, args, rehearsal))
  console.log(`rehearsed the release of ${version}: the change log has its section`)
} finally {
  Fs.rmSync(folder, { recursive: true, force: true })
}
