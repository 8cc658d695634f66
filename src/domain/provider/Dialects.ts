/**
 * The table of dialects: the first one that knows a shape reads it.
 *
 * @since 0.2.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as AiSdk from "./AiSdk.ts"
import * as Anthropic from "./Anthropic.ts"
import * as BedrockConverse from "./BedrockConverse.ts"
import type { Dialect, Join } from "./Dialect.ts"
import * as EffectAi from "./EffectAi.ts"
import * as Gemini from "./Gemini.ts"
import * as GenAiParts from "./GenAiParts.ts"
import * as LangChain from "./LangChain.ts"
import * as OpenAiChat from "./OpenAiChat.ts"
import * as OpenAiResponses from "./OpenAiResponses.ts"

// Chat Completions are late in the table, because any object with a list of messages matches them.
const table: ReadonlyArray<Dialect> = [
  OpenAiResponses.dialect,
  Anthropic.dialect,
  Gemini.dialect,
  BedrockConverse.dialect,
  AiSdk.dialect,
  LangChain.dialect,
  OpenAiChat.dialect,
  EffectAi.dialect,
  GenAiParts.dialect
]

/**
 * The first result of the table that is neither `undefined` nor `false`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const firstOf = <A>(ask: (dialect: Dialect) => A | undefined | false): A | undefined => {
  for (const dialect of table) {
    const answer = ask(dialect)
    if (answer !== undefined && answer !== false) return answer
  }
  return undefined
}

/**
 * The join of the stream that these chunks belong to. `undefined` if none of them is a chunk.
 *
 * @category constructors
 * @since 0.2.0
 */
export const joinOfStream = (chunks: ReadonlyArray<Json>): Join | undefined => {
  for (const chunk of chunks) {
    if (!JsonSnapshot.isObject(chunk) || typeof chunk["role"] === "string") continue
    const dialect = firstOf((dialect) => dialect.isChunk?.(chunk) === true && dialect)
    if (dialect !== undefined) return dialect.join?.()
  }
  return undefined
}
