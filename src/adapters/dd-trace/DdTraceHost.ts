/**
 * dd-trace as the host of a layer.
 */
import type { HostEngine, HostTracerService, HostTracing } from "../../ports/HostTracer.ts"
import * as AgentRequests from "./AgentRequests.ts"
import * as DdEffectTracer from "./DdEffectTracer.ts"
import type { DdTracer } from "./DdTraceApi.ts"
import { hidden } from "./DdTraceApi.ts"
import * as HostFacts from "./HostFacts.ts"
import * as HostSpans from "./HostSpans.ts"

/** Makes the host of a tracer. `version` is that of dd-trace, if it cannot be found out. */
export const make = (tracer: DdTracer, version: string | undefined): HostTracerService => ({
  open: (engine) => open(tracer, version, engine)
})

const open = (tracer: DdTracer, version: string | undefined, engine: HostEngine): HostTracing => {
  const { diagnostics } = engine
  const facts = HostFacts.read(tracer, version)
  const name = facts.version === undefined ? "dd-trace" : `dd-trace ${facts.version}`
  let obstacle = facts.obstacle
  const say = (reason: string): void =>
    diagnostics.warnOnce(
      "dd-trace.direct",
      `Events do not ride the traces of ${name}, because ${reason}. They go to the LLM intake by themselves. See docs/dd-trace.md.`
    )
  const stop = (reason: string): void => {
    if (obstacle !== undefined) return
    obstacle = reason
    say(reason)
  }
  if (obstacle !== undefined) say(obstacle)
  const spans = HostSpans.make({
    tracer,
    facts,
    engine,
    onUnheard: () => stop("it does not publish the end of a span")
  })
  const unwatch = AgentRequests.watch({ take: engine.take, onOtherRoad: stop })
  return {
    tracer: DdEffectTracer.make({ dd: tracer, spans, engine }),
    carries: () => obstacle === undefined && hidden(tracer, "llmobs", "enabled") !== true,
    onSilence: () => stop("no request with them to an Agent was seen"),
    injection: (span) => DdEffectTracer.injection(tracer, span),
    flush: () => {
      const exporter = hidden(tracer, "_tracer", "_exporter")
      const flush = hidden(exporter, "flush")
      if (typeof flush !== "function") return
      try {
        flush.call(exporter)
      } catch (error) {
        diagnostics.defect("dd-trace.flush", error)
      }
    },
    close: () => {
      spans.close()
      unwatch()
    }
  }
}
