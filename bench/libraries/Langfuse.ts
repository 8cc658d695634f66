/** Langfuse: its observations, and its processor in a provider of OpenTelemetry, on defaults. */
import { LangfuseSpanProcessor } from "@langfuse/otel"
import { setLangfuseTracerProvider, startObservation } from "@langfuse/tracing"
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base"
import type { Start } from "../Library.ts"
import type { PlannedSpan } from "../PlannedSpan.ts"
import { model, tags, usage } from "../PlannedSpan.ts"
import * as Steps from "../Steps.ts"

const types = { llm: "generation", agent: "agent", workflow: "chain", task: "span", tool: "tool" } as const

type Observation = ReturnType<typeof startObservation>

export const start: Start = async (sink) => {
  const processor = new LangfuseSpanProcessor({ baseUrl: sink, publicKey: "none", secretKey: "none" })
  setLangfuseTracerProvider(new BasicTracerProvider({ spanProcessors: [processor] }))
  const under = (parent?: Observation) => (plan: PlannedSpan): Steps.Step => {
    const { attributes, input, kind, name, sessionId } = plan
    const begin = {
      input: kind === "llm" ? [{ role: "user", content: input }] : input,
      metadata: { ...attributes, ...tags, sessionId },
      ...(kind === "llm" ? { model: model.name } : {})
    }
    // The overloads are by the literal type, one after the other.
    const options = { asType: types[kind] } as { readonly asType: "span" }
    const span: Observation = parent === undefined
      ? startObservation(name, begin, options)
      : parent.startObservation(name, begin, options)
    return Steps.andThen(
      plan.work?.(),
      () => Steps.andThen(Steps.each(plan.children, under(span)), () => finish(span, plan))
    )
  }
  const finish = (span: Observation, plan: PlannedSpan): void => {
    for (let i = 0; i < plan.annotations; i++) span.update({ metadata: { [`step_${i}`]: i } })
    const end = plan.kind === "llm"
      ? {
        output: [{ role: "assistant", content: plan.output }],
        usageDetails: { input: usage.inputTokens, output: usage.outputTokens, total: usage.totalTokens }
      }
      : { output: plan.output }
    span.update(end).end()
  }
  return {
    run: (plans) => Steps.each(plans, under()),
    runTogether: (plans) => Steps.together(plans, under()),
    flush: () => processor.forceFlush(),
    close: () => processor.shutdown()
  }
}
