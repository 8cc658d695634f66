/**
 * The runtimes and bundlers, and what is tried in each.
 */
import * as Assert from "node:assert/strict"
import * as Fs from "node:fs"
import { createRequire } from "node:module"
import * as Path from "node:path"
import type { DevAgent } from "../src/adapters/devagent/DevAgent.ts"
import type { Place } from "./Place.ts"
import { start } from "./Place.ts"
import type { Step } from "./Report.ts"

/** Tries one thing. Rejects with the reason if it does not hold. */
export type Trial = (place: Place, agent: DevAgent) => Promise<void>

export interface Row {
  readonly name: string
  /** The file without which the row is skipped. */
  readonly needs: string
  readonly trial: Trial
  /** Whether the Agent listens on a unix socket. */
  readonly onSocket?: boolean
}

const modules = Path.join(import.meta.dirname, "node_modules")

// Of a package that has a binary for each system, the one that was installed.
const binary = (scope: string, file: string): string => {
  const folder = Path.join(modules, scope)
  const [name = "missing"] = Fs.existsSync(folder) ? Fs.readdirSync(folder) : []
  return Path.join(folder, name, file)
}

const node22 = Path.join(modules, "node22", "bin", "node")
const node26 = Path.join(modules, "node26", "bin", "node")
const deno = binary("@deno", "deno")
// Its install script moves the binary.
const bun = [binary("@oven", "bin/bun"), Path.join(modules, "bun", "bin", "bun.exe")].find(Fs.existsSync) ?? "bun"

/** The events of `spans.mjs`, whole, each once. */
const expectSpans = (agent: DevAgent): void => {
  const spans = agent.spans()
  const of = (name: string) => {
    const found = spans.filter((span) => span.name === name)
    Assert.equal(found.length, 1, `${found.length} spans ${name}, of ${spans.map((span) => span.name).join(", ")}`)
    return found[0]!
  }
  const [support, chat, track] = [of("support"), of("chat"), of("track")]
  Assert.equal(spans.length, 3)
  Assert.deepEqual([support.kind, chat.kind, track.kind], ["workflow", "llm", "tool"])
  Assert.deepEqual([chat.parentId, track.parentId], [support.spanId, support.spanId])
  Assert.deepEqual([chat.model, chat.sessionId, track.status], ["gpt-5", "s-1", "error"])
  // Long enough for the pass over long texts, with characters that it escapes.
  Assert.equal(chat.input.messages?.[0]?.["content"], "When does \"parcel 7\" arrive?\nIt is late.")
  Assert.deepEqual(chat.output.messages, [{ role: "assistant", content: "Tomorrow." }])
}

type Environment = (agent: DevAgent) => { readonly [name: string]: string }

// An answer that comes late, because the machine is busy, is no fault of a row.
const patience = { _DD_LLMOBS_WRITER_TIMEOUT: "60", DD_TRACE_AGENT_TIMEOUT_SECONDS: "60" }

const toAgent = (agent: DevAgent) => ({ ...patience, DD_TRACE_AGENT_URL: agent.url, DD_SERVICE: "shop" })

/** A program that delivers, to the Agent if its environment does not say otherwise. */
const delivers =
  (command: ReadonlyArray<string>, environment: Environment = toAgent): Trial => async (place, agent) => {
    const written = await start(command, place, environment(agent))
    Assert.match(written, /effect-llmobs: Started: app shop/)
    expectSpans(agent)
  }

let folders = 0

/** A program that ends without an Agent, and the next one, which delivers what the first one left. */
const keeps = (command: ReadonlyArray<string>): Trial => async (place, agent) => {
  const OUTBOX = Path.join(place.folder, `outbox-${folders++}`)
  await start(command, place, { OUTBOX, FLUSH_TIMEOUT: "50 millis", DD_TRACE_AGENT_URL: "http://127.0.0.1:1" })
  Assert.deepEqual(agent.spans(), [])
  const written = await start(command, place, { ...toAgent(agent), OUTBOX, SPANS: "none" })
  Assert.doesNotMatch(written, /held in memory/)
  expectSpans(agent)
}

/** A program with a durable outbox that says why there is none, and delivers all the same. */
const explains = (command: ReadonlyArray<string>, reason: RegExp): Trial => async (place, agent) => {
  const written = await start(command, place, {
    ...toAgent(agent),
    OUTBOX: Path.join(place.folder, `outbox-${folders++}`)
  })
  Assert.match(written, reason)
  expectSpans(agent)
}

const onNode = (name: string, node: string): ReadonlyArray<Row> => [
  { name: `${name}: to the Agent`, needs: node, trial: delivers([node, "main.mjs"]) },
  { name: `${name}: durable`, needs: node, trial: keeps([node, "main.mjs"]) },
  { name: `${name}: require()`, needs: node, trial: delivers([node, "required.cjs"]) }
]

const load = async <A>(name: string): Promise<A> => {
  const manifest = createRequire(import.meta.url)
  return import(manifest.resolve(name)) as Promise<A>
}

interface Esbuild {
  readonly build: (options: { readonly [name: string]: unknown }) => Promise<unknown>
}

const external = /keep the package external/

/** Bundles with esbuild into one file, and runs that. */
const esbuilt = (format: "esm" | "cjs", trial: (command: ReadonlyArray<string>) => Trial): Trial =>
async (
  place,
  agent
) => {
  const { build } = await load<Esbuild>("esbuild")
  const outfile = Path.join(place.folder, "esbuild", format === "esm" ? "main.mjs" : "main.cjs")
  await build({
    absWorkingDir: place.folder,
    // The program awaits at its top, which CommonJS has not.
    entryPoints: [format === "esm" ? "main.mjs" : "required.cjs"],
    bundle: true,
    platform: "node",
    format,
    outfile,
    logLevel: "error"
  })
  await trial([process.execPath, outfile])(place, agent)
}

interface Vite {
  readonly build: (config: { readonly [name: string]: unknown }) => Promise<unknown>
}

/** Bundles with vite for a server, all packages included, and runs that. */
const vited = (trial: (command: ReadonlyArray<string>) => Trial): Trial => async (place, agent) => {
  const { build } = await load<Vite>("vite")
  await build({
    root: place.folder,
    logLevel: "error",
    configFile: false,
    ssr: { noExternal: true },
    build: { ssr: "main.mjs", outDir: "vite", emptyOutDir: false, target: "esnext" }
  })
  await trial([process.execPath, Path.join(place.folder, "vite", "main.js")])(place, agent)
}

interface Worker {
  readonly dispatchFetch: (url: string) => Promise<{ readonly status: number; readonly text: () => Promise<string> }>
  readonly dispose: () => Promise<void>
}

interface Miniflare {
  readonly Miniflare: new(options: { readonly [name: string]: unknown }) => Worker
}

/** The newest date that the installed workerd knows: it is the date of its version. */
const compatibilityDate = (): string => {
  const { version } = JSON.parse(Fs.readFileSync(Path.join(modules, "workerd", "package.json"), "utf8"))
  const [, year, month, day] = /^1\.(\d{4})(\d\d)(\d\d)\./.exec(version)!
  return `${year}-${month}-${day}`
}

/** Waits until so many events have come, for a minute at most. */
const arrival = (agent: DevAgent, count: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${agent.spans().length} of ${count} events came`)), 60_000)
    const stop = agent.onEvents(() => {
      if (agent.spans().length < count) return
      clearTimeout(timer)
      stop()
      resolve()
    })
  })

/** Bundles a Worker as wrangler does, and sends it two requests. */
const onWorkers = (
  flags: ReadonlyArray<string>,
  bindings: (agent: DevAgent) => { readonly [name: string]: string }
): Trial =>
async (place, agent) => {
  const { build } = await load<Esbuild>("esbuild")
  const outfile = Path.join(place.folder, "worker", "worker.mjs")
  await build({
    absWorkingDir: place.folder,
    entryPoints: ["worker.mjs"],
    bundle: true,
    platform: "browser",
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    outfile,
    logLevel: "error"
  })
  const script = Fs.readFileSync(outfile, "utf8")
  Assert.doesNotMatch(script, /^import /m)
  const { Miniflare } = await load<Miniflare>("miniflare")
  const worker = new Miniflare({
    modules: true,
    script,
    compatibilityDate: compatibilityDate(),
    compatibilityFlags: flags,
    bindings: bindings(agent)
  })
  try {
    // The second request meets what the first one has left in the isolate.
    for (let turn = 0; turn < 2; turn++) {
      agent.clear()
      const delivered = arrival(agent, 3)
      const response = await worker.dispatchFetch("http://worker.example/")
      const text = await response.text()
      Assert.equal(response.status, 200, text)
      await delivered
      expectSpans(agent)
    }
  } finally {
    await worker.dispose()
  }
}

const workerd = Path.join(modules, "miniflare", "package.json")

const toIntake = (agent: DevAgent) => ({
  ...patience,
  DD_API_KEY: "0123456789abcdef0123456789abcdef",
  DD_SITE: "datadoghq.eu",
  DD_LLMOBS_AGENTLESS_ENABLED: "1",
  DD_LLMOBS_OVERRIDE_ORIGIN: agent.url,
  DD_SERVICE: "shop"
})

export const rows: ReadonlyArray<Row> = [
  ...onNode("Node 22.19", node22),
  ...onNode("Node 24", process.execPath),
  ...onNode("Node 26", node26),
  {
    name: "Node 24, without WebAssembly: to the intake",
    needs: process.execPath,
    trial: delivers([process.execPath, "--jitless", "main.mjs"], toIntake)
  },
  { name: "Bun: to the intake", needs: bun, trial: delivers([bun, "main.mjs"], toIntake) },
  { name: "Deno: to the intake", needs: deno, trial: delivers([deno, "run", "-A", "main.mjs"], toIntake) },
  { name: "Bun: to the Agent", needs: bun, trial: delivers([bun, "main.mjs"]) },
  { name: "Bun: to the Agent on a unix socket", needs: bun, trial: delivers([bun, "main.mjs"]), onSocket: true },
  { name: "Bun: durable", needs: bun, trial: keeps([bun, "main.mjs"]) },
  { name: "Deno: to the Agent", needs: deno, trial: delivers([deno, "run", "-A", "main.mjs"]) },
  {
    name: "Deno: to the Agent, with two permissions",
    needs: deno,
    trial: delivers([deno, "run", "--no-prompt", "--allow-net", "--allow-env", "main.mjs"])
  },
  {
    name: "Deno: to the Agent on a unix socket",
    needs: deno,
    trial: delivers([deno, "run", "-A", "main.mjs"]),
    onSocket: true
  },
  { name: "Deno: durable", needs: deno, trial: keeps([deno, "run", "-A", "main.mjs"]) },
  { name: "Workers: to the intake", needs: workerd, trial: onWorkers([], toIntake) },
  { name: "Workers, nodejs_compat: to the intake", needs: workerd, trial: onWorkers(["nodejs_compat"], toIntake) },
  { name: "Workers, nodejs_compat: to an Agent", needs: workerd, trial: onWorkers(["nodejs_compat"], toAgent) },
  {
    name: "esbuild: to the Agent",
    needs: Path.join(modules, "esbuild", "package.json"),
    trial: esbuilt("esm", delivers)
  },
  {
    name: "esbuild, CommonJS: to the Agent",
    needs: Path.join(modules, "esbuild", "package.json"),
    trial: esbuilt("cjs", delivers)
  },
  {
    name: "esbuild: a durable outbox says to keep the package external",
    needs: Path.join(modules, "esbuild", "package.json"),
    trial: esbuilt("esm", (command) => explains(command, external))
  },
  { name: "vite: to the Agent", needs: Path.join(modules, "vite", "package.json"), trial: vited(delivers) },
  {
    name: "vite: a durable outbox says to keep the package external",
    needs: Path.join(modules, "vite", "package.json"),
    trial: vited((command) => explains(command, external))
  }
]

/** A row as a step of a report. */
export const stepOf = ({ name, needs, onSocket, trial }: Row, place: Place): Step => ({
  name,
  needs,
  agent: onSocket === true ? { socketPath: Path.join(place.folder, "agent.sock") } : {},
  run: (agent) => trial(place, agent)
})
