/**
 * The span processor that a scenario asks for, as a redaction rule of ours.
 */
import type { RedactableSpan } from "../src/domain/redaction/RedactableSpan.ts"
import type { Processor } from "../src/domain/redaction/Redaction.ts"
import type { Json, ProcessorRule, Scenario } from "./Scenario.ts"

// A processor may write anything into a side or the metadata: what it wrote is checked afterwards.
type Open = Omit<RedactableSpan, "input" | "output" | "metadata"> & {
  readonly input?: unknown
  readonly output?: unknown
  readonly metadata?: unknown
}

/** `undefined` for a scenario without one. */
export const of = (scenario: Scenario): Processor | undefined => {
  const rules = scenario.config.span_processor?.rules
  if (rules === undefined) return undefined
  return (span) => {
    let current: Open = span
    for (const rule of rules) {
      if (!applies(rule, span)) continue
      switch (rule.action) {
        case "drop":
          return undefined
        case "raise":
          throw new Error("the processor fails")
        case "return_text":
          return rule.text as never
        default:
          current = edit(rule, current)
      }
    }
    return current as RedactableSpan
  }
}

const applies = (rule: ProcessorRule, span: RedactableSpan): boolean =>
  Object.entries(rule.when_tag ?? {}).every(([key, value]) =>
    key === "span.kind" ? span.kind === value : span.tags[key] === value
  )

const edit = (rule: ProcessorRule, span: Open): Open => {
  switch (rule.action) {
    case "set_input_content":
      return { ...span, input: withText(span.input, rule.text!) }
    case "set_output_content":
      return { ...span, output: withText(span.output, rule.text!) }
    case "clear_input":
      return { ...span, input: undefined }
    case "clear_output":
      return { ...span, output: undefined }
    case "set_metadata":
      return { ...span, metadata: rule.metadata as Json }
    case "delete_metadata": {
      const metadata = { ...span.metadata as { [key: string]: Json } | undefined }
      for (const key of rule.keys ?? []) delete metadata[key]
      return { ...span, metadata }
    }
    default:
      throw new Error(`unknown action ${rule.action}`)
  }
}

// Every message or document has the text; a side that is a text becomes it.
const withText = (side: unknown, text: string): unknown => {
  if (side === undefined) return undefined
  if (!Array.isArray(side)) return text
  return side.map((item: { readonly content?: string }) =>
    "content" in item ? { ...item, content: text } : { ...item, text }
  )
}
