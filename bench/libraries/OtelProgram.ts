/** A program with the OpenTelemetry SDK that makes planned spans by the conventions for generative AI. */
import { context, trace } from "@opentelemetry/api"
import type { Span } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import type { SpanExporter } from "@opentelemetry/sdk-trace-base"
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base"
import type { Running } from "../Library.ts"
import type { PlannedSpan } from "../PlannedSpan.ts"
import { model, tags, usage } from "../PlannedSpan.ts"
import * as Steps from "../Steps.ts"

const operations = {
  llm: "chat",
  agent: "invoke_agent",
  workflow: "workflow",
  task: "task",
  tool: "execute_tool"
} as const

const messages = (role: string, content: string): string =>
  JSON.stringify([{ role, parts: [{ type: "text", content }] }])

const begin = (span: Span, plan: PlannedSpan): void => {
  const { attributes, input, kind, sessionId } = plan
  span.setAttribute("gen_ai.operation.name", operations[kind])
  span.setAttribute("gen_ai.conversation.id", sessionId)
  if (kind === "llm") {
    span.setAttribute("gen_ai.request.model", model.name)
    span.setAttribute("gen_ai.provider.name", model.provider)
  }
  span.setAttributes(tags)
  span.setAttribute("gen_ai.input.messages", messages("user", input))
  span.setAttributes(attributes)
}

const finish = (span: Span, plan: PlannedSpan): void => {
  for (let i = 0; i < plan.annotations; i++) span.setAttribute(`step_${i}`, i)
  span.setAttribute("gen_ai.output.messages", messages("assistant", plan.output))
  if (plan.kind === "llm") {
    span.setAttribute("gen_ai.usage.input_tokens", usage.inputTokens)
    span.setAttribute("gen_ai.usage.output_tokens", usage.outputTokens)
    span.setAttribute("gen_ai.usage.total_tokens", usage.totalTokens)
  }
  span.end()
}

/** Starts the program. The exporter is given; the processor is the SDK's for production, on defaults. */
export const start = (exporter: SpanExporter): Running => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const processor = new BatchSpanProcessor(exporter)
  // The growth of attributes goes beyond the default limit of 128, at which the SDK drops them.
  const provider = new BasicTracerProvider({ spanProcessors: [processor], spanLimits: { attributeCountLimit: 10_000 } })
  const tracer = provider.getTracer("bench")
  const one = (plan: PlannedSpan): Steps.Step => {
    const span = tracer.startSpan(plan.name)
    return context.with(trace.setSpan(context.active(), span), () => {
      begin(span, plan)
      return Steps.andThen(plan.work?.(), () => Steps.andThen(Steps.each(plan.children, one), () => finish(span, plan)))
    })
  }
  return {
    run: (plans) => Steps.each(plans, one),
    runTogether: (plans) => Steps.together(plans, one),
    flush: () => provider.forceFlush(),
    close: () => provider.shutdown()
  }
}
