/**
 * Token counts and times in the attributes of a span, by Datadog's names.
 *
 * @since 0.2.0
 */
import type { Metrics } from "../content/Metrics.ts"
import type { Attributes } from "./OtelSpan.ts"

// The first attribute that is present gives its metric.
const table: ReadonlyArray<readonly [metric: string, ...attributes: ReadonlyArray<string>]> = [
  [
    "input_tokens",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.usage.prompt_tokens",
    "llm.token_count.prompt"
  ],
  [
    "output_tokens",
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.usage.completion_tokens",
    "llm.token_count.completion"
  ],
  ["total_tokens", "gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total"],
  [
    "cache_read_input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.cached_tokens",
    "llm.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read"
  ],
  [
    "cache_write_input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "llm.usage.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write"
  ],
  [
    "reasoning_output_tokens",
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    "llm.usage.reasoning_tokens",
    "llm.token_count.completion_details.reasoning"
  ],
  ["ephemeral_5m_input_tokens", "anthropic.usage.cache_creation.ephemeral_5m_input_tokens"],
  ["ephemeral_1h_input_tokens", "anthropic.usage.cache_creation.ephemeral_1h_input_tokens"],
  ["time_to_first_token", "gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token"]
]

const known = new Set(table.flatMap(([, ...attributes]) => attributes))

/**
 * Reads the counts of a span that calls a model. A count of `gen_ai.usage` that is not in the table keeps its name, with
 * `_` for the dots. The total is added if both sides are known.
 *
 * @category accessors
 * @since 0.2.0
 */
export const read = (attributes: Attributes): Metrics | undefined => {
  const metrics: { [key: string]: number } = {}
  for (const [metric, ...names] of table) {
    const found = names.find((name) => isCount(attributes[name]))
    if (found !== undefined) metrics[metric] = attributes[found] as number
  }
  for (const name of Object.keys(attributes)) {
    if (!name.startsWith(prefix) || known.has(name) || !isCount(attributes[name])) continue
    metrics[name.slice(prefix.length).replaceAll(".", "_")] = attributes[name]
  }
  const { input_tokens, output_tokens, total_tokens } = metrics
  if (total_tokens === undefined && input_tokens !== undefined && output_tokens !== undefined) {
    metrics["total_tokens"] = input_tokens + output_tokens
  }
  return Object.keys(metrics).length === 0 ? undefined : metrics
}

const prefix = "gen_ai.usage."

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0
