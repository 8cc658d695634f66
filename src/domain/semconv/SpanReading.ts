/**
 * The content of an OpenTelemetry span for an LLM Observability event.
 *
 * @since 0.2.0
 */
import type { AnnotationInput } from "../span/Annotation.ts"
import type { SpanKind } from "../span/SpanKind.ts"

/**
 * The fields that a span's attributes give. Absent ones are not set.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanReading extends
  Pick<
    AnnotationInput,
    | "name"
    | "model"
    | "provider"
    | "input"
    | "output"
    | "metadata"
    | "metrics"
    | "toolDefinitions"
    | "prompt"
    | "sessionId"
    | "userId"
    | "agentName"
  >
{
  readonly kind: SpanKind
}

type Writable = { -readonly [K in keyof SpanReading]?: SpanReading[K] }

/**
 * Joins the readings of several conventions about one span: the first one that has a field gives it. Metadata and metrics
 * are joined by name.
 *
 * @category combinators
 * @since 0.2.0
 */
export const join = (readings: ReadonlyArray<SpanReading | undefined>): SpanReading | undefined => {
  let joined: Writable | undefined
  for (const reading of readings) {
    if (reading === undefined) continue
    if (joined === undefined) {
      joined = { ...reading }
      continue
    }
    for (const key of Object.keys(reading) as Array<keyof SpanReading>) {
      const value = reading[key]
      if (value === undefined) continue
      if (joined[key] === undefined) Object.assign(joined, { [key]: value })
      else if (key === "metadata" || key === "metrics") {
        Object.assign(joined, { [key]: { ...value as object, ...joined[key] } })
      }
    }
  }
  return joined as SpanReading | undefined
}
