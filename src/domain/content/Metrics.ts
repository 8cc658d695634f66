/**
 * The metrics of a span: numbers by name, such as token counts.
 *
 * @since 0.1.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"
import * as Usage from "../provider/Usage.ts"

/**
 * Metrics with the names they have in the event.
 *
 * @category models
 * @since 0.1.0
 */
export interface Metrics {
  readonly [key: string]: number
}

/**
 * The names of metrics in TypeScript, and their names in the event. Any other name is kept.
 *
 * @category constants
 * @since 0.1.0
 */
export const aliases = {
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  totalTokens: "total_tokens",
  cacheReadTokens: "cache_read_input_tokens",
  cacheWriteTokens: "cache_write_input_tokens",
  cacheWrite5mTokens: "ephemeral_5m_input_tokens",
  cacheWrite1hTokens: "ephemeral_1h_input_tokens",
  reasoningOutputTokens: "reasoning_output_tokens",
  timeToFirstToken: "time_to_first_token"
} as const

/**
 * The metrics that Datadog knows, by their names in TypeScript and in the event. Token counts of the input include
 * tokens read from a cache and written to it. Times are in seconds.
 *
 * @category models
 * @since 0.2.0
 */
export type KnownMetrics =
  & { readonly [K in keyof typeof aliases]?: number | undefined }
  & { readonly [K in (typeof aliases)[keyof typeof aliases]]?: number | undefined }

/**
 * Metrics as users write them: numbers by name, or a provider's usage object unchanged.
 *
 * @category models
 * @since 0.1.0
 */
export type MetricsInput = KnownMetrics | object

const datadogNames: ReadonlyMap<string, string> = new Map(Object.entries(aliases))

// An alias grows by at most 15 characters.
const growth = 16

/**
 * Reads metrics. A value that is no finite number is left out with a problem. The result is `undefined` for anything
 * but an object.
 *
 * **Details**
 *
 * A provider's usage, alone or in its answer, is recognised by its names and renamed to Datadog's: see `Usage`.
 * Booleans count as 1 and 0. The intake refuses a span with a dot in a metric name, so the dot becomes `_`, with a
 * problem. A later name replaces an earlier one with the same meaning.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (input: unknown, path = "metrics"): Measured<Metrics | undefined> => {
  const { bytes, problems, value } = JsonSnapshot.take(input, JsonSnapshot.defaultLimits, path)
  if (value === undefined) return { value, bytes: 0, problems }
  if (!JsonSnapshot.isObject(value)) {
    return {
      value: undefined,
      bytes: 0,
      problems: [
        ...problems,
        invalid(
          `\`${path}\` must be an object of numbers, such as { inputTokens: 12 }, or the usage of a provider.`,
          path
        )
      ]
    }
  }
  const usage = Usage.read(value) ?? Usage.read(inAnswer(value))
  if (usage !== undefined) return { value: usage, bytes: usageBytes(usage), problems }
  const metrics: { [key: string]: number } = {}
  let count = 0
  let notNumbers = 0
  let dotted = 0
  for (const key of Object.keys(value)) {
    const given = value[key]
    const number = typeof given === "boolean" ? Number(given) : given
    if (typeof number !== "number") {
      notNumbers += 1
      continue
    }
    const isDotted = key.includes(".")
    if (isDotted) dotted += 1
    const name = datadogNames.get(key) ?? (isDotted ? key.replaceAll(".", "_") : key)
    if (name === "__proto__") {
      Object.defineProperty(metrics, name, { value: number, enumerable: true, configurable: true, writable: true })
    } else metrics[name] = number
    count += 1
  }
  return {
    value: metrics,
    bytes: bytes + count * growth,
    problems: notNumbers === 0 && dotted === 0 ? problems : [
      ...problems,
      ...(notNumbers === 0
        ? []
        : [
          invalid(`Each of \`${path}\` must be a finite number. ${notNumbers} of them are not, and are left out.`, path)
        ]),
      ...(dotted === 0
        ? []
        : [invalid(`The intake refuses names of \`${path}\` with a dot. ${dotted} of them have _ instead.`, path)])
    ]
  }
}

// The usage of an answer.
const inAnswer = (value: JsonSnapshot.JsonObject): JsonSnapshot.JsonObject | undefined =>
  JsonFields.object(value, "usage", "usageMetadata", "usage_metadata", "totalUsage")

// A name, its quotes and colon, and the longest number.
const usageBytes = (usage: Metrics): number =>
  Object.keys(usage).reduce((bytes, name) => bytes + name.length * 6 + 32, 2)

const invalid = (message: string, path: string): Problem.Problem => Problem.make("invalid_metrics", message, path)
