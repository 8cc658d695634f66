/** The machine of a bench, and the versions that were measured. */
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly system: string
  readonly node: string
  readonly v8: string
  /** The load of the machine over the last minute, when the bench began. A bench on a busy machine says little. */
  readonly load: number
  readonly packages: { readonly [name: string]: string }
}

const measured = [
  "dd-trace",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/exporter-trace-otlp-http",
  "@langfuse/otel"
] as const

const versionOf = (folder: string, name: string): string =>
  (JSON.parse(Fs.readFileSync(Path.join(folder, "node_modules", name, "package.json"), "utf8")) as {
    readonly version: string
  }).version

export const read = (bench: string, root: string): Machine => ({
  processor: Os.cpus()[0]?.model ?? "unknown",
  cores: Os.availableParallelism(),
  memoryGigabytes: Math.round(Os.totalmem() / 1024 ** 3),
  system: `${Os.type()} ${Os.release()}`,
  node: process.versions.node,
  v8: process.versions.v8,
  load: Math.round(Os.loadavg()[0]! * 10) / 10,
  packages: Object.fromEntries([
    ["effect", versionOf(root, "effect")],
    ...measured.map((name) => [name, versionOf(bench, name)] as const)
  ])
})

/** The machine in one sentence. */
export const describe = (machine: Machine): string =>
  `${machine.processor}, ${machine.cores} cores, ${machine.memoryGigabytes} GB, ${machine.system}, Node ${machine.node} (V8 ${machine.v8}), load ${machine.load} at the start; ${
    Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`).join(", ")
  }.`
