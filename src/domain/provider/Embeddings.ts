/**
 * Answers of embedding models.
 *
 * @since 0.2.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as Usage from "./Usage.ts"

/**
 * An answer without its vectors.
 *
 * @category models
 * @since 0.2.0
 */
export interface Embeddings {
  /** Their number and size, in the words of Datadog's SDKs. */
  readonly text: string
  readonly metrics: { readonly [key: string]: number } | undefined
  readonly model: string | undefined
}

/**
 * Reads an answer of OpenAI, Gemini, the AI SDK or effect/ai, one vector, or a list of vectors. `undefined` for anything else.
 * Only the size of the first vector is read, and no vector is copied.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (answer: unknown): Embeddings | undefined => {
  try {
    const vectors = vectorsOf(answer)
    if (vectors === undefined) return undefined
    const size = sizeOf(vectors[0])
    const usage = members(answer, "usage", "usageMetadata")
    const model = JsonSnapshot.take(members(answer, "model")).value
    return {
      text: `[${vectors.length} embedding(s) returned${size === undefined ? "" : ` with size ${size}`}]`,
      metrics: Usage.ofAnswer(JsonSnapshot.take(usage).value),
      model: typeof model === "string" ? model : undefined
    }
  } catch {
    return undefined
  }
}

const members = (u: unknown, ...keys: ReadonlyArray<string>): unknown => {
  if (typeof u !== "object" || u === null) return undefined
  for (const key of keys) {
    if (Object.hasOwn(u, key)) return (u as { readonly [key: string]: unknown })[key]
  }
  return undefined
}

const vectorsOf = (answer: unknown): ReadonlyArray<unknown> | undefined => {
  if (isVector(answer)) return [answer]
  const one = members(answer, "embedding", "vector")
  if (isVector(one)) return [one]
  const given = Array.isArray(answer) ? answer : members(answer, "data", "embeddings")
  if (!Array.isArray(given) || given.length === 0) return undefined
  return sizeOf(given[0]) === undefined ? undefined : given
}

// OpenAI's client asks for the numbers as base64, of four bytes each.
const sizeOf = (u: unknown): number | undefined => {
  const vector = isVector(u) ? u : members(u, "embedding", "values", "vector")
  if (typeof vector === "string") return Math.floor(vector.replace(/=+$/, "").length * 3 / 16)
  return isVector(vector) ? vector.length : undefined
}

const isVector = (u: unknown): u is ArrayLike<number> =>
  (Array.isArray(u) || u instanceof Float32Array || u instanceof Float64Array) && typeof u[0] === "number"
