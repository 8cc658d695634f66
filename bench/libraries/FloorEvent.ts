/** The event of a planned span as an object, made without any library: no bounds, no redaction, no reading of values. */
import type { PlannedSpan } from "../PlannedSpan.ts"
import { model, tags, usage } from "../PlannedSpan.ts"

const tagTexts = Object.entries(tags).map(([key, value]) => `${key}:${value}`)

let lastId = 0

export const make = (plan: PlannedSpan, parentId: string, traceId: string): { readonly span_id: string } => {
  const { attributes, input, kind, name, output, sessionId } = plan
  const metadata: { [key: string]: string | number } = { ...attributes }
  for (let i = 0; i < plan.annotations; i++) metadata[`step_${i}`] = i
  const meta = kind === "llm"
    ? {
      span: { kind },
      model_name: model.name,
      model_provider: model.provider,
      input: { messages: [{ role: "user", content: input }] },
      output: { messages: [{ role: "assistant", content: output }] },
      metadata
    }
    : { span: { kind }, input: { value: input }, output: { value: output }, metadata }
  return {
    trace_id: traceId,
    span_id: String(++lastId),
    parent_id: parentId,
    session_id: sessionId,
    name,
    start_ns: Date.now() * 1e6,
    duration: 1_000,
    status: "ok",
    tags: ["ml_app:bench", ...tagTexts],
    meta,
    metrics: kind === "llm" ? { ...usage } : {}
  } as { readonly span_id: string }
}
