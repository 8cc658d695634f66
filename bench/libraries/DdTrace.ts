/** Datadog's own tracer, with its LLM Observability on and everything else off that can be. */
import { createRequire } from "node:module"
import { setTimeout } from "node:timers/promises"
import type { Start } from "../Library.ts"
import type { PlannedSpan } from "../PlannedSpan.ts"
import { model, tags, usage } from "../PlannedSpan.ts"
import * as Steps from "../Steps.ts"

interface Tracer {
  readonly init: (options: object) => Tracer
  readonly llmobs: {
    readonly trace: <A>(options: object, run: (span: unknown) => A) => A
    readonly annotate: (span: unknown, annotation: object) => void
    readonly flush: () => void
  }
}

// Its timers run every two seconds. A process that ends does not wait for them, and neither does the bench.
const shared = globalThis as unknown as { readonly [key: symbol]: { readonly beforeExitHandlers: Set<() => void> } }

export const start: Start = async (sink) => {
  Object.assign(process.env, {
    DD_TRACE_AGENT_URL: sink,
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: "false",
    DD_REMOTE_CONFIGURATION_ENABLED: "false",
    DD_RUNTIME_METRICS_ENABLED: "false",
    DD_TRACE_STARTUP_LOGS: "false"
  })
  const require = createRequire(import.meta.url)
  const { llmobs } = (require("dd-trace") as Tracer).init({ plugins: false, llmobs: { mlApp: "bench" } })
  const one = (plan: PlannedSpan): Steps.Step => {
    const { kind, name, sessionId } = plan
    const options = kind === "llm"
      ? { kind, name, sessionId, modelName: model.name, modelProvider: model.provider }
      : { kind, name, sessionId }
    return llmobs.trace(options, (span) => {
      llmobs.annotate(span, {
        inputData: kind === "llm" ? [{ role: "user", content: plan.input }] : plan.input,
        metadata: plan.attributes,
        tags
      })
      return Steps.andThen(plan.work?.(), () => Steps.andThen(Steps.each(plan.children, one), () => finish(span, plan)))
    })
  }
  const finish = (span: unknown, plan: PlannedSpan): void => {
    for (let i = 0; i < plan.annotations; i++) llmobs.annotate(span, { metadata: { [`step_${i}`]: i } })
    llmobs.annotate(
      span,
      plan.kind === "llm"
        ? { outputData: [{ role: "assistant", content: plan.output }], metrics: usage }
        : { outputData: plan.output }
    )
  }
  return {
    run: (plans) => Steps.each(plans, one),
    runTogether: (plans) => Steps.together(plans, one),
    // It cannot be awaited. Without some time its requests queue up beyond 64 MiB, where it discards them.
    flush: () => {
      llmobs.flush()
      return setTimeout(15)
    },
    drain: () => {
      for (const handler of shared[Symbol.for("dd-trace")]!.beforeExitHandlers) handler()
    },
    close: () => undefined
  }
}
