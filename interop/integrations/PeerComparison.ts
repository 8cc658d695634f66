/**
 * Events of Datadog's tracer beside ours, field by field.
 */
import { spawn } from "node:child_process"
import type { DevAgent } from "../../src/adapters/devagent/DevAgent.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"

/** A field in which our event differs from that of dd-trace 6.21, on purpose. */
export interface Difference {
  readonly calls: RegExp
  readonly path: RegExp
  readonly reason: string
}

const flat = (value: unknown, path: string, into: Map<string, unknown>): Map<string, unknown> => {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) flat(inner, path === "" ? key : `${path}.${key}`, into)
  } else if (value !== undefined && value !== null) into.set(path, value)
  return into
}

const fields = (span: ObservedSpan): ReadonlyMap<string, unknown> => {
  const { error, input, kind, metadata, metrics, model, name, output, provider, status, tags, toolDefinitions } = span
  const shown = {
    name,
    kind,
    status,
    model,
    provider,
    input,
    output,
    metadata,
    metrics,
    toolDefinitions,
    error: error && { type: error.type, message: error.message },
    integration: tags["integration"]
  }
  return flat(shown, "", new Map())
}

/** The fields that differ without a listed reason, and the reasons that no field needs. The spans are in the same order. */
export const compare = (
  calls: ReadonlyArray<string>,
  theirs: ReadonlyArray<ObservedSpan>,
  ours: ReadonlyArray<ObservedSpan>,
  differences: ReadonlyArray<Difference>
): { readonly unexplained: ReadonlyArray<string>; readonly unused: ReadonlyArray<string> } => {
  const used = new Set<Difference>()
  const unexplained = calls.flatMap((name, i) => {
    const [a, b] = [fields(theirs[i]!), fields(ours[i]!)]
    return [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).flatMap((path) => {
      const found = differences.filter(({ calls, path: of }) => calls.test(name) && of.test(path))
      for (const difference of found) used.add(difference)
      return found.length > 0 ? [] : [`${name}: ${path}: theirs ${a.get(path)}, ours ${b.get(path)}`]
    })
  })
  return {
    unexplained,
    unused: differences.filter((difference) => !used.has(difference)).map(({ reason }) => reason)
  }
}

/** Runs a program in a process under Datadog's tracer, which reports to an Agent. */
export const underTheirs = (
  program: string,
  agent: Pick<DevAgent, "url">,
  ...args: ReadonlyArray<string>
): Promise<number | null> =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--import", "dd-trace/initialize.mjs", program, ...args],
      {
        cwd: import.meta.dirname,
        stdio: "ignore",
        timeout: 110_000,
        env: {
          PATH: process.env["PATH"],
          DD_TRACE_AGENT_URL: agent.url,
          DD_LLMOBS_ENABLED: "1",
          DD_LLMOBS_ML_APP: "shop",
          // That tracer asks no Agent what it can do, and buffers its events at once.
          DD_LLMOBS_AGENTLESS_ENABLED: "0",
          DD_INSTRUMENTATION_TELEMETRY_ENABLED: "0",
          DD_REMOTE_CONFIGURATION_ENABLED: "0",
          DD_TRACE_STARTUP_LOGS: "0"
        }
      }
    )
    child.on("exit", resolve)
  })
