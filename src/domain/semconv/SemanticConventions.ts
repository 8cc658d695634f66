/**
 * Reads a span of OpenTelemetry as an LLM Observability span, by the conventions of those who write such spans.
 *
 * **Details**
 *
 * | written by | convention |
 * | --- | --- |
 * | OpenTelemetry's instrumentations, `@ai-sdk/otel`, the SDK of Anthropic | `gen_ai.*` |
 * | Traceloop (OpenLLMetry) | `traceloop.*` for regions, `gen_ai.*` for model calls |
 * | OpenInference (Arize) | `openinference.span.kind`, `llm.*` |
 *
 * A span can follow several; the first one in the order `gen_ai`, OpenInference, Traceloop gives each field. Only model
 * calls have token counts, because the sums that agents and workflows repeat would be counted twice.
 *
 * ```ts import.meta.vitest
 * import { SemanticConventions } from "effect-llmobs/core"
 *
 * const reading = SemanticConventions.read({
 *   name: "chat gpt-5",
 *   attributes: {
 *     "gen_ai.operation.name": "chat",
 *     "gen_ai.provider.name": "openai",
 *     "gen_ai.response.model": "gpt-5",
 *     "gen_ai.usage.input_tokens": 9,
 *     "gen_ai.usage.output_tokens": 1
 *   }
 * })
 * reading?.kind // => "llm"
 * reading?.model // => "gpt-5"
 * reading?.metrics // => { input_tokens: 9, output_tokens: 1, total_tokens: 10 }
 * ```
 *
 * @since 0.2.0
 */
import * as GenAiSpan from "./GenAiSpan.ts"
import * as OpenInferenceSpan from "./OpenInferenceSpan.ts"
import type { OtelSpan } from "./OtelSpan.ts"
import type { SpanReading } from "./SpanReading.ts"
import * as SpanReadings from "./SpanReading.ts"
import * as TraceloopSpan from "./TraceloopSpan.ts"

/**
 * The content of a span. `undefined` if no convention knows it. It never throws.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (span: OtelSpan): SpanReading | undefined => {
  try {
    const region = TraceloopSpan.read(span)
    // A region of Traceloop can name the model of the calls inside it.
    const reading = SpanReadings.join([
      region !== undefined && !Object.hasOwn(span.attributes, "gen_ai.operation.name")
        ? undefined
        : GenAiSpan.read(span),
      OpenInferenceSpan.read(span),
      region
    ])
    if (reading === undefined) return undefined
    return SpanReadings.join([reading, { kind: reading.kind, ...TraceloopSpan.properties(span.attributes) }])
  } catch {
    // A getter or a proxy in the attributes.
    return undefined
  }
}

/**
 * Whether a convention knows a span, which costs less than reading it.
 *
 * @category guards
 * @since 0.2.0
 */
export const matches = (span: OtelSpan): boolean => {
  try {
    return TraceloopSpan.matches(span) || OpenInferenceSpan.matches(span) || GenAiSpan.matches(span)
  } catch {
    return false
  }
}
