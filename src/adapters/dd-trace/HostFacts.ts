/**
 * Whether events can ride the spans of the dd-trace that runs, found out once when a layer is built.
 *
 * **Details**
 *
 * If a fact is not as known, events are delivered directly, and one log line has the reason. Later observations can only
 * end riding: see `AgentRequests`.
 */
import { createRequire } from "node:module"
import type { DdTracer } from "./DdTraceApi.ts"
import { hidden, idsOf, traceOf } from "./DdTraceApi.ts"
import * as EncoderProbe from "./EncoderProbe.ts"

/** The facts about a tracer. */
export interface HostFacts {
  readonly version: string | undefined
  /** The reason for which no event rides. `undefined` if events ride. */
  readonly obstacle: string | undefined
  readonly kept: EncoderProbe.Kept
  /** The number of finished spans at which a part of a trace leaves. */
  readonly flushMinSpans: number
}

/** The lowest version whose spans carry `meta_struct`. */
const lowest = [5, 18] as const

/** Reads the facts. It never throws. */
export const read = (tracer: DdTracer, named: string | undefined, env = process.env): HostFacts => {
  const version = named ?? loadedVersion()
  const flushMinSpans = Number(hidden(tracer, "_tracer", "_config", "flushMinSpans"))
  const facts = { version, flushMinSpans: flushMinSpans > 0 ? flushMinSpans : 1_000 }
  try {
    const { kept, obstacle } = look(tracer, version, env)
    return { ...facts, obstacle, kept: kept ?? EncoderProbe.fewest }
  } catch {
    return { ...facts, obstacle: "its spans have another form than known", kept: EncoderProbe.fewest }
  }
}

const look = (
  tracer: DdTracer,
  version: string | undefined,
  env: NodeJS.ProcessEnv
): { readonly obstacle: string | undefined; readonly kept?: EncoderProbe.Kept | undefined } => {
  if (version === undefined) {
    return { obstacle: "its version is not known; name it as DdTrace.layer(tracer, { version })" }
  }
  if (!isAtLeast(version)) return { obstacle: `it is older than ${lowest.join(".")}` }
  if (process.versions["bun"] !== undefined || process.versions["deno"] !== undefined) {
    return { obstacle: "this runtime does not show the requests to the Agent" }
  }
  if (
    /^(?:0|false)$/i.test(env["DD_APM_TRACING_ENABLED"] ?? "") ||
    hidden(tracer, "_tracer", "_config", "apmTracingEnabled") === false
  ) {
    return { obstacle: "APM tracing is off" }
  }
  const exporter = hidden(tracer, "_tracer", "_exporter")
  if (exporter === undefined || exporter === null) {
    return { obstacle: "tracer.init() was not called before the layer was built" }
  }
  const kind = hidden(exporter, "constructor", "name")
  if (kind !== "AgentExporter") return { obstacle: `its exporter is ${String(kind)}` }
  const protocol = hidden(exporter, "_writer", "_protocolVersion")
  if (protocol !== "0.4") return { obstacle: `its trace protocol is ${String(protocol)}` }
  if (hidden(tracer, "llmobs", "enabled") === true) return { obstacle: "its own LLM Observability is on" }
  // The span is never finished, so it never leaves.
  const span = tracer.startSpan("effect-llmobs.probe")
  if (idsOf(span) === undefined || traceOf(span) === undefined) {
    return { obstacle: "its spans have another form than known" }
  }
  const kept = EncoderProbe.ask(hidden(exporter, "_writer", "_encoder"), span.context())
  return kept === undefined ? { obstacle: "its encoder does not carry events" } : { obstacle: undefined, kept }
}

const isAtLeast = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10))
  return major > lowest[0] || (major === lowest[0] && minor >= lowest[1])
}

// dd-trace loads its own package.json, under whatever name it is installed.
const loadedVersion = (): string | undefined => {
  try {
    const { cache } = createRequire(import.meta.url)
    for (const path of Object.keys(cache)) {
      if (!path.endsWith("package.json")) continue
      const { name, version } = (cache[path]?.exports ?? {}) as { readonly name?: unknown; readonly version?: unknown }
      if (name === "dd-trace" && typeof version === "string") return version
    }
  } catch {
    // Without the cache of CommonJS the version must be named.
  }
  return undefined
}
