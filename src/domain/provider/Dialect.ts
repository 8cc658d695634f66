/**
 * The way in which one provider or framework writes requests, answers and streams.
 *
 * **Details**
 *
 * A dialect only knows the places of the parts. Each of its functions reads one shape and returns `undefined` or
 * `false` for any other. The values are snapshots: plain JSON, bounded, read once.
 *
 * @since 0.2.0
 */
import type { Transcript } from "../content/Transcript.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"

/**
 * The parts of a request.
 *
 * @category models
 * @since 0.2.0
 */
export interface Request {
  readonly model?: string | undefined
  /** The instructions beside the messages. */
  readonly system?: Json | undefined
  /** The messages: a list, one message or a text. */
  readonly input: Json
  readonly tools?: Json | undefined
  /** The parameters of the model, such as the temperature. */
  readonly parameters: JsonObject
}

/**
 * The parts of an answer.
 *
 * @category models
 * @since 0.2.0
 */
export interface Response {
  readonly model?: string | undefined
  readonly id?: string | undefined
  readonly output: ReadonlyArray<Json>
  readonly usage?: Json | undefined
  readonly finishReasons: ReadonlyArray<string>
}

/**
 * Joins the chunks of a stream to the answer that the same call gives without streaming. Missing chunks are missing in
 * the answer.
 *
 * @category models
 * @since 0.2.0
 */
export interface Join {
  readonly add: (chunk: JsonObject) => void
  readonly end: () => JsonObject
}

/**
 * The readers for the shapes of one provider or framework. Each reader is optional.
 *
 * @category models
 * @since 0.2.0
 */
export interface Dialect {
  readonly name: string
  /** Adds a content part to the current message. */
  readonly part?: (part: JsonObject, into: Transcript) => boolean
  /** Unwraps a message to one with a `role`, and `content` or `parts`. */
  readonly message?: (message: JsonObject) => JsonObject | undefined
  readonly request?: (body: JsonObject) => Request | undefined
  readonly response?: (body: JsonObject) => Response | undefined
  readonly isChunk?: (chunk: JsonObject) => boolean
  readonly join?: () => Join
}

/**
 * The distinct finish reasons among some values. Only texts count.
 *
 * @category combinators
 * @since 0.2.0
 */
export const reasons = (...values: ReadonlyArray<Json | undefined>): ReadonlyArray<string> => [
  ...new Set(values.filter((value): value is string => typeof value === "string" && value !== ""))
]
