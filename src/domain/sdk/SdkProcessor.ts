/**
 * A span processor of Datadog's SDK for JavaScript, as a redaction rule.
 *
 * @since 0.2.0
 */
import * as Promised from "../Promised.ts"
import type { RedactableSpan } from "../redaction/RedactableSpan.ts"
import type { Processor } from "../redaction/Redaction.ts"

/**
 * A message, a document or a text of a span. `role` is empty unless it is a message.
 *
 * @category models
 * @since 0.2.0
 */
export interface SdkContent {
  content: string
  role: string
}

/**
 * A finished span as its processor gets it. `input` and `output` can be changed.
 *
 * @category models
 * @since 0.2.0
 */
export interface SdkProcessedSpan {
  readonly kind: string
  input: Array<SdkContent>
  output: Array<SdkContent>
  readonly getTag: (key: string) => string | undefined
}

/**
 * Returns the span, changed or not, or `null` to drop it.
 *
 * @category models
 * @since 0.2.0
 */
export type SdkProcessor = (span: SdkProcessedSpan) => SdkProcessedSpan | null

/**
 * Makes a redaction rule. Contents are written back in their order; those that the processor removed are removed. If it
 * throws, or returns anything but the span or `null`, the event goes without content.
 *
 * @category combinators
 * @since 0.2.0
 */
export const toRule = (processor: SdkProcessor): Processor => (span) => {
  if (span.kind === "apm") return span
  const view: SdkProcessedSpan = {
    kind: span.kind,
    input: contents(span.input),
    output: contents(span.output),
    getTag: (key) => Object.hasOwn(span.tags, key) ? span.tags[key] : undefined
  }
  const result = processor(view)
  if (result === null) return undefined
  // The rejection of a promise would end the process.
  Promised.take(result)
  if (result !== view) throw new TypeError("A span processor must return its span or null.")
  return {
    ...span,
    input: written(span.input, result.input),
    output: written(span.output, result.output)
  } as RedactableSpan
}

const contents = (side: unknown): Array<SdkContent> => {
  if (side === undefined) return []
  if (!Array.isArray(side)) return [{ content: typeof side === "string" ? side : JSON.stringify(side), role: "" }]
  return side.map((item: { readonly content?: string; readonly role?: string; readonly text?: string }) => ({
    content: item.content ?? item.text ?? "",
    role: item.role ?? ""
  }))
}

const written = (side: unknown, given: ReadonlyArray<SdkContent>): unknown => {
  if (side === undefined) return undefined
  if (!Array.isArray(side)) return given[0]?.content
  return given.map((content, i) => {
    const item = side[i] as { readonly text?: string } | undefined
    return item !== undefined && "text" in item
      ? { ...item, text: content.content }
      : { ...item, content: content.content, role: content.role }
  })
}
