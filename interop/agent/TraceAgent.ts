/**
 * Datadog's trace-agent as a process: built from `../trace-agent`, started, stopped.
 *
 * @since 0.1.0
 */
import type { ChildProcess } from "node:child_process"
import * as ChildProcesses from "node:child_process"
import * as Path from "node:path"
import * as ReadLine from "node:readline"

const source = Path.join(import.meta.dirname, "..", "trace-agent")
const binary = Path.join(import.meta.dirname, "..", ".cache", "trace-agent")

const buildMillis = 900_000
const startMillis = 60_000
const stopMillis = 60_000

/**
 * Whether there is a Go to build with.
 *
 * @category guards
 * @since 0.1.0
 */
export const isGoInstalled = (): boolean =>
  ChildProcesses.spawnSync("go", ["version"], { timeout: 30_000 }).status === 0

/**
 * Builds the Agent. The first time takes about a minute and the network; later ones a few seconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const build = (): void => {
  const go = (...args: ReadonlyArray<string>): boolean =>
    ChildProcesses.spawnSync("go", args, {
      cwd: source,
      env: { ...process.env, CGO_ENABLED: "0" },
      stdio: ["ignore", "ignore", "inherit"],
      timeout: buildMillis
    }).status === 0
  const build = () => go("build", "-buildvcs=false", "-o", binary, ".")
  // Go does not ask its proxy again by itself.
  if (!build() && !build()) throw new Error("the trace-agent could not be built")
}

/**
 * A running Agent. `stop` lets it send what it holds, and fails when it did not come to that.
 *
 * @category models
 * @since 0.1.0
 */
export interface TraceAgent {
  readonly port: number
  readonly stop: () => Promise<void>
}

/**
 * Starts an Agent in front of an intake. `config` is laid over the Agent's defaults, by the names of its Go fields;
 * `port` 0 takes a free one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = async (options: {
  readonly intake: string
  readonly port: number
  readonly config: { readonly [field: string]: unknown }
}): Promise<TraceAgent> => {
  const child = ChildProcesses.spawn(
    binary,
    ["-port", String(options.port), "-intake", options.intake, "-config", JSON.stringify(options.config)],
    // It takes nothing from the environment but what a Go program needs: no proxy, no DD_* variable. It ends with its
    // standard input, so it cannot outlive this process.
    { env: { PATH: process.env["PATH"] }, stdio: ["pipe", "pipe", "inherit"] }
  )
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve))
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM")
    const timer = setTimeout(() => child.kill("SIGKILL"), stopMillis)
    const code = await exited
    clearTimeout(timer)
    if (code !== 0) throw new Error(`the trace-agent ended with ${code}`)
  }
  try {
    return { port: await readPort(child), stop }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}

const readPort = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the trace-agent does not start")), startMillis)
    const fail = (why: string) => {
      clearTimeout(timer)
      reject(new Error(`the trace-agent does not start: ${why}`))
    }
    child.once("error", (error) => fail(error.message))
    child.once("close", (code) => fail(`it ended with ${code}`))
    ReadLine.createInterface({ input: child.stdout! }).once("line", (line) => {
      clearTimeout(timer)
      resolve((JSON.parse(line) as { readonly port: number }).port)
    })
  })
