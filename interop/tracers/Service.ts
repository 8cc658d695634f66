/**
 * The processes of a row: each is started, called over HTTP, and let go to end by itself.
 *
 * @since 0.1.0
 */
import type { ChildProcess } from "node:child_process"
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Plan } from "./Plan.ts"
import { variable } from "./Plan.ts"

/**
 * Whose tracer a service has.
 *
 * @category models
 * @since 0.1.0
 */
export type Tracer = "ours" | "datadog" | "opentelemetry"

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly url: string
  /** Lets the process send what it holds and end; the text says how it ended when that was not well. */
  readonly end: () => Promise<string | undefined>
  /** Ends the process at once, if it is still there. */
  readonly kill: () => void
}

const compiled = fileURLToPath(new URL("../.cache/node", import.meta.url))
const startMillis = 60_000
const endMillis = 60_000
const logLimit = 4_000

/**
 * Starts a service.
 *
 * @category constructors
 * @since 0.1.0
 */
export const start = async (
  tracer: Tracer,
  plan: Plan,
  env: { readonly [name: string]: string }
): Promise<Service> => {
  const child = fork(fileURLToPath(new URL(`./programs/${tracer}.ts`, import.meta.url)), {
    execArgv: ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning"],
    // Nothing of the surroundings: a variable of somebody else's would change what a tracer does.
    env: { NODE_COMPILE_CACHE: compiled, ...env, [variable]: JSON.stringify(plan) },
    stdio: ["ignore", "pipe", "pipe", "ipc"]
  })
  let isHere = true
  const ended = new Promise<number | null>((resolve) =>
    child.once("exit", (code) => {
      isHere = false
      resolve(code)
    })
  )
  let log = ""
  const note = (part: Buffer): void => {
    if (log.length < logLimit) log += part.toString()
  }
  child.stdout?.on("data", note)
  child.stderr?.on("data", note)
  const kill = (): void => {
    if (isHere) child.kill("SIGKILL")
  }
  const url = await within(startMillis, Promise.race([announced(child), ended.then(() => undefined)]))
  if (url === undefined) {
    kill()
    throw new Error(`${plan.name} (${tracer}) does not start: ${log}`)
  }
  return {
    url,
    kill,
    end: async () => {
      if (child.connected) child.disconnect()
      const code = await within(endMillis, ended)
      if (code === 0) return undefined
      kill()
      return code === undefined
        ? `${plan.name} (${tracer}) does not end`
        : `${plan.name} (${tracer}) ends with ${code}: ${log}`
    }
  }
}

const announced = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => child.once("message", (message) => resolve((message as { readonly url: string }).url)))

const within = <A>(millis: number, promise: Promise<A>): Promise<A | undefined> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), millis)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
