/**
 * Token counts, by the names of providers.
 *
 * **Details**
 *
 * | provider | input | output | cached | reasoning |
 * | --- | --- | --- | --- | --- |
 * | OpenAI | includes cached | includes reasoning | in details | in details |
 * | Anthropic, Bedrock | without cached: added here, and the total recomputed | includes reasoning | apart | in details
 * |
 * | Gemini | includes cached | without thoughts: added here | `cachedContentTokenCount` | `thoughtsTokenCount` |
 * | AI SDK, Mastra, LangChain, Effect, gen_ai | includes cached | includes reasoning | in details | in details |
 *
 * A count without a name in this table keeps the name that its place gives it, unless it is zero.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"

type Name =
  | "input_tokens"
  | "output_tokens"
  | "total_tokens"
  | "cache_read_input_tokens"
  | "cache_write_input_tokens"
  | "ephemeral_5m_input_tokens"
  | "ephemeral_1h_input_tokens"
  | "reasoning_output_tokens"

interface Shape {
  /** Any of these members, as a number or an object, identifies the shape. */
  readonly marks: ReadonlyArray<string>
  readonly names: { readonly [path: string]: Name }
  readonly cachedApart?: true
  readonly reasoningApart?: true
}

const openAiNames: Shape["names"] = {
  prompt_tokens: "input_tokens",
  completion_tokens: "output_tokens",
  total_tokens: "total_tokens",
  "prompt_tokens_details.cached_tokens": "cache_read_input_tokens",
  "prompt_tokens_details.cache_write_tokens": "cache_write_input_tokens",
  "completion_tokens_details.reasoning_tokens": "reasoning_output_tokens",
  prompt_cache_hit_tokens: "cache_read_input_tokens"
}

const listedNames: Shape["names"] = {
  input_tokens: "input_tokens",
  output_tokens: "output_tokens",
  total_tokens: "total_tokens",
  cache_creation_input_tokens: "cache_write_input_tokens",
  cache_read_input_tokens: "cache_read_input_tokens",
  "cache_creation.ephemeral_5m_input_tokens": "ephemeral_5m_input_tokens",
  "cache_creation.ephemeral_1h_input_tokens": "ephemeral_1h_input_tokens",
  "output_tokens_details.thinking_tokens": "reasoning_output_tokens",
  "input_tokens_details.cached_tokens": "cache_read_input_tokens",
  "input_tokens_details.cache_write_tokens": "cache_write_input_tokens",
  "output_tokens_details.reasoning_tokens": "reasoning_output_tokens",
  "input_token_details.cache_read": "cache_read_input_tokens",
  "input_token_details.cache_creation": "cache_write_input_tokens",
  "output_token_details.reasoning": "reasoning_output_tokens"
}

const camelNames: Shape["names"] = {
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  totalTokens: "total_tokens",
  cacheReadInputTokens: "cache_read_input_tokens",
  cacheWriteInputTokens: "cache_write_input_tokens",
  cachedInputTokens: "cache_read_input_tokens",
  reasoningTokens: "reasoning_output_tokens",
  "inputTokenDetails.cacheReadTokens": "cache_read_input_tokens",
  "inputTokenDetails.cacheWriteTokens": "cache_write_input_tokens",
  "outputTokenDetails.reasoningTokens": "reasoning_output_tokens",
  "inputDetails.cacheRead": "cache_read_input_tokens",
  "inputDetails.cacheWrite": "cache_write_input_tokens",
  "inputDetails.cacheWrite5m": "ephemeral_5m_input_tokens",
  "inputDetails.cacheWrite1h": "ephemeral_1h_input_tokens",
  "outputDetails.reasoning": "reasoning_output_tokens",
  "inputTokens.total": "input_tokens",
  "inputTokens.cacheRead": "cache_read_input_tokens",
  "inputTokens.cacheWrite": "cache_write_input_tokens",
  "outputTokens.total": "output_tokens",
  "outputTokens.reasoning": "reasoning_output_tokens"
}

const genAiNames: Shape["names"] = {
  "gen_ai.usage.input_tokens": "input_tokens",
  "gen_ai.usage.prompt_tokens": "input_tokens",
  "gen_ai.usage.output_tokens": "output_tokens",
  "gen_ai.usage.completion_tokens": "output_tokens",
  "gen_ai.usage.total_tokens": "total_tokens",
  "gen_ai.usage.cache_read.input_tokens": "cache_read_input_tokens",
  "gen_ai.usage.cache_read_input_tokens": "cache_read_input_tokens",
  "gen_ai.usage.cache_write.input_tokens": "cache_write_input_tokens",
  "gen_ai.usage.cache_creation.input_tokens": "cache_write_input_tokens",
  "gen_ai.usage.cache_creation_input_tokens": "cache_write_input_tokens",
  "gen_ai.usage.reasoning.output_tokens": "reasoning_output_tokens"
}

// The first shape that matches. `input_tokens`, `inputTokens` and `cache_read_input_tokens` are also Datadog's
// names, so they identify none.
const shapes: ReadonlyArray<Shape> = [
  { marks: ["prompt_tokens", "completion_tokens"], names: openAiNames },
  {
    marks: ["cache_creation_input_tokens", "cache_creation", "server_tool_use"],
    names: listedNames,
    cachedApart: true
  },
  {
    marks: ["input_tokens_details", "output_tokens_details", "input_token_details", "output_token_details"],
    names: listedNames
  },
  {
    marks: ["promptTokenCount", "candidatesTokenCount", "totalTokenCount"],
    names: {
      promptTokenCount: "input_tokens",
      candidatesTokenCount: "output_tokens",
      totalTokenCount: "total_tokens",
      cachedContentTokenCount: "cache_read_input_tokens",
      thoughtsTokenCount: "reasoning_output_tokens"
    },
    reasoningApart: true
  },
  { marks: ["cacheReadInputTokens", "cacheWriteInputTokens"], names: camelNames, cachedApart: true },
  {
    marks: [
      "inputTokenDetails",
      "outputTokenDetails",
      "inputDetails",
      "outputDetails",
      "cachedInputTokens",
      "reasoningTokens"
    ],
    names: camelNames
  },
  {
    marks: ["promptTokens", "completionTokens"],
    names: { promptTokens: "input_tokens", completionTokens: "output_tokens", totalTokens: "total_tokens" }
  },
  { marks: Object.keys(genAiNames), names: genAiNames }
]

// Effect's shape, and the AI SDK's towards providers: the counts are objects.
const grouped: Shape = { marks: [], names: camelNames }

// The place of each mark's first shape in the list.
const places: ReadonlyMap<string, number> = new Map(
  shapes.flatMap(({ marks }, place) => marks.map((mark) => [mark, place] as const)).reverse()
)

const shapeOf = (usage: JsonObject): Shape | undefined => {
  let first = shapes.length
  for (const key of Object.keys(usage)) {
    const value = usage[key]!
    if (typeof value === "object" && value !== null) {
      if ((key === "inputTokens" || key === "outputTokens") && !JsonSnapshot.isArray(value)) return grouped
    } else if (typeof value !== "number") continue
    const place = places.get(key)
    if (place !== undefined && place < first) first = place
  }
  return shapes[first]
}

/**
 * The counts of a provider's usage by Datadog's names. `undefined` for an object that is no usage.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (usage: Json | undefined): { readonly [key: string]: number } | undefined => {
  if (!JsonSnapshot.isObject(usage)) return undefined
  const shape = shapeOf(usage)
  return shape === undefined ? undefined : counted(usage, shape)
}

/**
 * The counts of a usage inside an answer, where plain names are a provider's too.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofAnswer = (usage: Json | undefined): { readonly [key: string]: number } | undefined =>
  JsonSnapshot.isObject(usage)
    ? counted(usage, shapeOf(usage) ?? { marks: [], names: { ...listedNames, ...camelNames } })
    : undefined

/**
 * The sum of the counts of several answers.
 *
 * @category combinators
 * @since 0.2.0
 */
export const sum = (
  a: { readonly [key: string]: number } | undefined,
  b: { readonly [key: string]: number } | undefined
): { readonly [key: string]: number } | undefined => {
  if (a === undefined || b === undefined) return a ?? b
  const out = new Map(Object.entries(a))
  for (const [key, value] of Object.entries(b)) out.set(key, (out.get(key) ?? 0) + value)
  return Object.fromEntries(out)
}

const counted = (usage: JsonObject, shape: Shape): { readonly [key: string]: number } => {
  const counts = new Map<string, number>()
  visit(usage, "", 0, (path, value) => {
    const name = Object.hasOwn(shape.names, path) ? shape.names[path] : undefined
    if (name !== undefined) counts.set(name, Math.max(value, counts.get(name) ?? 0))
    else if (value !== 0 && counts.size < mostCounts && path.length <= longestName) counts.set(nameOf(path), value)
  })
  const of = (name: Name): number => counts.get(name) ?? 0
  if (shape.reasoningApart && counts.has("reasoning_output_tokens")) {
    counts.set("output_tokens", of("output_tokens") + of("reasoning_output_tokens"))
  }
  if (shape.cachedApart && counts.has("input_tokens")) {
    counts.set("input_tokens", of("input_tokens") + of("cache_read_input_tokens") + of("cache_write_input_tokens"))
    counts.delete("total_tokens")
  }
  if (!counts.has("total_tokens") && counts.has("input_tokens") && counts.has("output_tokens")) {
    counts.set("total_tokens", of("input_tokens") + of("output_tokens"))
  }
  return Object.fromEntries(counts)
}

const deepest = 4
const mostCounts = 100
const longestName = 200

const visit = (json: Json, path: string, depth: number, found: (path: string, value: number) => void): void => {
  if (typeof json === "number") return found(path, json)
  if (typeof json !== "object" || json === null || depth > deepest) return
  // Gemini lists counts by modality.
  const modality = JsonFields.text(json, "modality")
  const count = JsonFields.number(json, "tokenCount")
  if (modality !== undefined && count !== undefined) {
    return found(`${path.slice(0, path.lastIndexOf("."))}.${modality.toLowerCase()}`, count)
  }
  const isTop = path === ""
  for (const key of Object.keys(json)) {
    // The AI SDK keeps the provider's own counts beside its own.
    if (isTop && key === "raw") continue
    visit((json as JsonObject)[key]!, isTop ? key : `${path}.${key}`, depth + 1, found)
  }
}

const nameOf = (path: string): string =>
  path.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(/[^A-Za-z0-9_]/g, "_").toLowerCase()
