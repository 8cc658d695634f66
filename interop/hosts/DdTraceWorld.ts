/**
 * Runs a program against an Agent of its own, and collects what arrived.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type * as AgentSettings from "../../src/adapters/devagent/AgentSettings.ts"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import type { Plan, Report } from "./DdTracePlan.ts"

/**
 * @category models
 * @since 0.2.0
 */
export interface World {
  readonly report: Report
  readonly events: ReturnType<DevAgent.DevAgent["events"]>
  readonly requests: ReturnType<DevAgent.DevAgent["requests"]>
  /** The spans that arrived in traces, dropped ones included, without those of the warm-up. */
  readonly spans: ReadonlyArray<Span>
}

/**
 * A span as the Agent decoded it.
 *
 * @category models
 * @since 0.2.0
 */
export type Span = ReturnType<DevAgent.DevAgent["traces"]>[number][number]

const endMillis = 90_000

const program = (plan: Plan, url: string, env: { readonly [name: string]: string }): Promise<Report> =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./programs/DdTraceGuest.ts", import.meta.url)), {
      execArgv: ["--conditions=effect-llmobs-source", "--no-warnings"],
      // Nothing of the surroundings: a variable of somebody else's would change what a tracer does.
      env: {
        NODE_COMPILE_CACHE: fileURLToPath(new URL("../.cache/node", import.meta.url)),
        PLAN: JSON.stringify(plan),
        DD_TRACE_AGENT_URL: url,
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
        DD_REMOTE_CONFIGURATION_ENABLED: "false",
        DD_TRACE_STARTUP_LOGS: "false",
        DD_TRACE_DISABLED_PLUGINS: "dns,net,fetch",
        ...env
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"]
    })
    let log = ""
    let report: Report | undefined
    const kill = setTimeout(() => child.kill("SIGKILL"), endMillis)
    child.stdout?.on("data", (part: Buffer) => (log += part.toString()))
    child.stderr?.on("data", (part: Buffer) => (log += part.toString()))
    child.once("message", (message) => {
      report = message as Report
      child.disconnect()
    })
    // dd-trace sends what it holds at the end of the process.
    child.once("exit", () => {
      clearTimeout(kill)
      if (report === undefined) reject(new Error(`The program reported nothing: ${log}`))
      else resolve(report)
    })
  })

/**
 * Runs a program to its end.
 *
 * @category constructors
 * @since 0.2.0
 */
export const run = (
  plan: Plan,
  env: { readonly [name: string]: string } = {},
  settings: AgentSettings.Configuration = {}
): Promise<World> =>
  Effect.runPromise(Effect.scoped(Effect.gen(function*() {
    const agent = yield* DevAgent.make(settings)
    const report = yield* Effect.promise(() => program(plan, agent.url, env))
    const isWarm = ({ event }: { readonly event: { readonly name?: unknown } }) => event.name === "warm"
    return {
      report,
      events: agent.events().filter((event) => !isWarm(event)),
      requests: agent.requests(),
      spans: agent.traces().flat().filter(({ name }) => name !== "warm")
    }
  })))
