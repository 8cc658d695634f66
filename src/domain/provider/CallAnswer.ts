/**
 * The answer of a provider, read from the text of its body while it passes.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"
import * as EventStream from "./EventStream.ts"
import type { ProviderFailure } from "./ProviderFailure.ts"
import * as ProviderFailures from "./ProviderFailure.ts"
import * as StreamJoin from "./StreamJoin.ts"

/**
 * An answer while it comes.
 *
 * @category models
 * @since 0.2.0
 */
export interface CallAnswer {
  readonly isStream: boolean
  /** Reads a piece. `true` if it holds the first part of a stream's output. */
  readonly add: (piece: string) => boolean
  /** Whether the provider has said all: clients often stop reading there. */
  readonly isComplete: () => boolean
  readonly end: () => AnswerEnd
}

/**
 * An answer, as far as it came.
 *
 * @category models
 * @since 0.2.0
 */
export interface AnswerEnd {
  /** The answer, as `Exchange` and `Embeddings` read it. `undefined` if it could not be read. */
  readonly output: unknown
  /** The text of an answer that is no stream, as far as it is kept. */
  readonly text: string
  readonly failure: ProviderFailure | undefined
  /** Whether it was too long to be read to its end. */
  readonly isCut: boolean
}

/**
 * Reads an answer of a media type. At most `characters` of it are kept.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (mediaType: string, characters: number = JsonSnapshot.defaultLimits.characters): CallAnswer =>
  mediaType.includes("event-stream") ? streamed(characters) : whole(characters)

const whole = (characters: number): CallAnswer => {
  const pieces: Array<string> = []
  let length = 0
  return {
    isStream: false,
    add: (piece) => {
      if (length <= characters) pieces.push(piece)
      length += piece.length
      return false
    },
    isComplete: () => false,
    end: () => {
      const text = pieces.join("")
      const output = length > characters ? undefined : parse(text)
      return { output, text, failure: failureOf(output), isCut: length > characters }
    }
  }
}

const streamed = (characters: number): CallAnswer => {
  const events = EventStream.make(characters)
  const join = StreamJoin.make(characters)
  let isComplete = false
  let hasOutput = false
  let failure: ProviderFailure | undefined
  let isCut = false

  const read = (data: string): boolean => {
    if (data === "[DONE]") isComplete = true
    const chunk = data.startsWith("{") ? parse(data) : undefined
    if (chunk === undefined) return false
    failure ??= failureOf(chunk)
    isComplete ||= isLast(chunk as JsonObject)
    const taken = join.add(chunk)
    isCut ||= !taken && join.isFull()
    const isFirst = taken && !hasOutput && isOutput(data)
    hasOutput ||= isFirst
    return isFirst
  }

  return {
    isStream: true,
    add: (piece) => {
      let first = false
      for (const data of events.add(piece)) first = read(data) || first
      return first
    },
    isComplete: () => isComplete,
    end: () => ({ output: join.end(), text: "", failure, isCut })
  }
}

const parse = (text: string): unknown => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === "object" && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

const failureOf = (value: unknown): ProviderFailure | undefined => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined
  const { error, response, type } = value as { readonly [key: string]: unknown }
  const mayFail = type === "error" || (typeof error === "object" && error !== null) || type === "response.failed" ||
    (typeof response === "object" && response !== null && type === "response.incomplete")
  const body = mayFail ? JsonSnapshot.take(value, JsonText.limits).value : undefined
  return JsonSnapshot.isObject(body) ? ProviderFailures.fromBody(body) : undefined
}

const lastTypes = new Set(["message_stop", "response.completed", "response.failed", "response.incomplete"])

const isLast = (chunk: JsonObject): boolean =>
  lastTypes.has(JsonFields.text(chunk, "type") ?? "") ||
  JsonFields.text(JsonFields.list(chunk, "candidates")?.[0], "finishReason") !== undefined

// The first events of a stream name the model and the role, and their texts are empty.
const isOutput = (data: string): boolean => outputs.test(data)

const outputs = /[_.]delta"|"(?:content|reasoning_content|arguments)":"[^"]|"parts":\[/
