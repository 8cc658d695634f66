/**
 * Joins the chunks of a model's stream as they arrive, from any provider or framework.
 *
 * **Details**
 *
 * ```ts import.meta.vitest
 * import { Exchange, StreamJoin } from "effect-llmobs/core"
 *
 * const stream = StreamJoin.make()
 * stream.add({ type: "text-delta", id: "1", delta: "Hel" }) // => true
 * stream.add({ type: "text-delta", id: "1", delta: "lo" }) // => true
 * stream.add({ type: "finish", reason: "stop" }) // => true
 * Exchange.read(stream.end(), "output").value.messages // => [{ content: "Hello", role: "assistant" }]
 * ```
 *
 * @since 0.2.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"
import type { Join } from "./Dialect.ts"
import * as Dialects from "./Dialects.ts"

/**
 * The join of one stream.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamJoin {
  /** Reads a chunk at once. `false` for a value that is no chunk of a known stream, or exceeds the limit. */
  readonly add: (chunk: unknown) => boolean
  /** Whether it takes no more. */
  readonly isFull: () => boolean
  /** The answer so far, as `Exchange` reads it; `undefined` if no chunk was taken. */
  readonly end: () => JsonSnapshot.JsonObject | undefined
}

/**
 * Joins up to `characters` of a stream. The first chunk that a dialect knows decides which dialect reads the rest.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (characters: number = JsonSnapshot.defaultLimits.characters): StreamJoin => {
  let join: Join | undefined
  // A snapshot counts at most six bytes a character.
  let left = characters * 6
  return {
    add: (chunk) => {
      if (left <= 0) return false
      const { bytes, value } = JsonSnapshot.take(chunk, JsonText.limits)
      if (!JsonSnapshot.isObject(value)) return false
      join ??= Dialects.joinOfStream([value])
      if (join === undefined) return false
      left -= bytes
      join.add(value)
      return true
    },
    isFull: () => left <= 0,
    end: () => join?.end()
  }
}
