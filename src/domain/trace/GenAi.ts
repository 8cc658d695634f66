/**
 * The `gen_ai.*` attributes that an LLM Observability span leaves on its APM span, riding or rescued.
 *
 * **Details**
 *
 * The attributes are marked as artificial, so that the backend does not build a second LLM span from them. Token counts
 * are metrics, and only spans that call a model have them, because those of a workflow would be counted twice. The
 * other attributes are texts. The names are those of OpenTelemetry's generative AI conventions.
 *
 * @since 0.1.0
 */
import type { SpanRecord } from "../span/SpanRecord.ts"

/**
 * The mark of attributes that an LLM Observability SDK wrote.
 *
 * @category constants
 * @since 0.1.0
 */
export const artificialKey = "_dd.llmobs.artificial_gen_ai_tags"

const usage: ReadonlyArray<readonly [metric: string, attribute: string]> = [
  ["input_tokens", "gen_ai.usage.input_tokens"],
  ["output_tokens", "gen_ai.usage.output_tokens"],
  ["total_tokens", "gen_ai.usage.total_tokens"],
  ["cache_read_input_tokens", "gen_ai.usage.cache_read_input_tokens"],
  ["cache_write_input_tokens", "gen_ai.usage.cache_write_input_tokens"],
  ["reasoning_output_tokens", "gen_ai.usage.reasoning_output_tokens"]
]

/**
 * The keys of the token counts.
 *
 * @category constants
 * @since 0.2.0
 */
export const metricKeys: ReadonlyArray<string> = usage.map(([, attribute]) => attribute)

/**
 * Writes the attributes into the `meta` and `metrics` of an APM span.
 *
 * @category combinators
 * @since 0.1.0
 */
export const write = (
  record: SpanRecord<unknown>,
  meta: { [key: string]: string },
  metrics: { [key: string]: number }
): void => {
  writeCall(record, meta, metrics)
  writeSession(record, meta)
}

/**
 * Writes the attributes without the session: in `meta`, those that many spans have alike.
 *
 * @category combinators
 * @since 0.2.0
 */
export const writeCall = (
  record: SpanRecord<unknown>,
  meta: { [key: string]: string },
  metrics: { [key: string]: number }
): void => {
  const { annotation, context, model } = record
  meta[artificialKey] = "true"
  meta["gen_ai.application.name"] = context.mlApp.value
  meta["gen_ai.operation.name"] = context.kind
  if (model !== undefined) {
    meta["gen_ai.request.model"] = model.name
    meta["gen_ai.provider.name"] = model.provider
  }
  if (annotation.metrics !== undefined && (context.kind === "llm" || context.kind === "embedding")) {
    for (const [metric, attribute] of usage) {
      const value = annotation.metrics[metric]
      if (value !== undefined) metrics[attribute] = value
    }
  }
}

/**
 * Writes the session.
 *
 * @category combinators
 * @since 0.2.0
 */
export const writeSession = ({ context }: SpanRecord<unknown>, meta: { [key: string]: string }): void => {
  if (context.session !== undefined && context.session.value !== "") {
    meta["gen_ai.conversation.id"] = context.session.value
  }
}
