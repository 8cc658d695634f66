/**
 * Bodies of Bedrock's InvokeModel operation: each family of models has its own.
 *
 * **Details**
 *
 * The bodies of Anthropic's and Amazon's Nova models are known to `Exchange` as they are. Those of Llama, Titan, Cohere,
 * Mistral and AI21 are texts under names of their own.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"

/**
 * The request, as `Exchange` reads it.
 *
 * @category constructors
 * @since 0.2.0
 */
export const request = (body: JsonObject): JsonObject => {
  if (JsonFields.list(body, "messages") !== undefined) return body
  const text = JsonFields.text(body, "prompt", "inputText", "message")
  if (text === undefined) return body
  return {
    messages: [{ role: "user", content: text }],
    ...JsonFields.without(body, ["prompt", "inputText", "message", "textGenerationConfig"]),
    ...JsonFields.object(body, "textGenerationConfig")
  }
}

/**
 * The text of an answer, or of a part of a stream, of the families that `Exchange` does not know.
 *
 * @category accessors
 * @since 0.2.0
 */
export const text = (body: JsonObject): string | undefined => {
  const listed = JsonFields.list(body, "results", "outputs", "generations", "completions")
  if (listed === undefined) return JsonFields.text(body, "generation", "outputText", "completion", "text")
  return listed.map((item) =>
    JsonFields.text(item, "outputText", "text") ?? JsonFields.text(JsonFields.object(item, "data"), "text") ?? ""
  ).join("")
}

/**
 * The token counts of an answer, or of the last part of a stream, of those families.
 *
 * @category accessors
 * @since 0.2.0
 */
export const metrics = (body: JsonObject): { readonly [key: string]: number } | undefined => {
  const counts: Json | undefined = JsonFields.first(body, "amazon-bedrock-invocationMetrics") ?? body
  const first = JsonFields.list(body, "results")?.[0]
  return total(
    JsonFields.number(counts, "inputTokenCount") ?? JsonFields.number(counts, "prompt_token_count") ??
      JsonFields.number(counts, "inputTextTokenCount"),
    JsonFields.number(counts, "outputTokenCount") ?? JsonFields.number(counts, "generation_token_count") ??
      JsonFields.number(first, "tokenCount")
  )
}

/**
 * The token counts by the number of each.
 *
 * @category constructors
 * @since 0.2.0
 */
export const total = (
  input: number | undefined,
  output: number | undefined
): { readonly [key: string]: number } | undefined =>
  input === undefined && output === undefined ? undefined : {
    ...(input === undefined ? undefined : { input_tokens: input }),
    ...(output === undefined ? undefined : { output_tokens: output }),
    total_tokens: (input ?? 0) + (output ?? 0)
  }
