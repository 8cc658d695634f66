/**
 * Spans by the conventions of Traceloop (OpenLLMetry): workflows, tasks, agents and tools. Its model calls follow
 * `gen_ai`.
 *
 * @since 0.2.0
 */
import type { AnnotationInput } from "../span/Annotation.ts"
import type { SpanKind } from "../span/SpanKind.ts"
import * as AttributeReader from "./AttributeReader.ts"
import type { Attributes, OtelSpan } from "./OtelSpan.ts"
import type { SpanReading } from "./SpanReading.ts"

const kinds: { readonly [kind: string]: SpanKind } = {
  workflow: "workflow",
  agent: "agent",
  tool: "tool",
  task: "task"
}

const kindKey = "traceloop.span.kind"

/**
 * Whether the conventions know a span.
 *
 * @category guards
 * @since 0.2.0
 */
export const matches = ({ attributes }: OtelSpan): boolean =>
  Object.hasOwn(kinds, AttributeReader.text(attributes, kindKey) ?? "")

/**
 * Reads a span. `undefined` if the conventions do not know it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = ({ attributes }: OtelSpan): SpanReading | undefined => {
  const kind = AttributeReader.text(attributes, kindKey)
  if (kind === undefined || !Object.hasOwn(kinds, kind)) return undefined
  return {
    kind: kinds[kind]!,
    name: AttributeReader.text(attributes, "traceloop.entity.name"),
    input: AttributeReader.value(attributes, "traceloop.entity.input") as AnnotationInput["input"],
    output: AttributeReader.value(attributes, "traceloop.entity.output") as AnnotationInput["output"]
  }
}

/**
 * The properties that Traceloop gives every span of a region, for a span that another convention reads.
 *
 * @category accessors
 * @since 0.2.0
 */
export const properties = (attributes: Attributes): Pick<SpanReading, "metadata" | "sessionId" | "userId"> => {
  const { session_id, user_id, ...others } = AttributeReader.below(attributes, "traceloop.association.properties.")
  return {
    sessionId: typeof session_id === "string" ? session_id : undefined,
    userId: typeof user_id === "string" ? user_id : undefined,
    metadata: Object.keys(others).length === 0 ? undefined : others
  }
}
