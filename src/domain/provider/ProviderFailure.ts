/**
 * Failed answers of providers, as errors of spans.
 *
 * **Details**
 *
 * Types are the names of the errors that the clients throw: `RateLimitError` for the status 429. The message is the status
 * and the provider's own words.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { ProviderCall } from "./ProviderCall.ts"

/**
 * An error with a name and a message.
 *
 * @category models
 * @since 0.2.0
 */
export interface ProviderFailure {
  readonly name: string
  readonly message: string
}

const names: { readonly [status: number]: string } = {
  400: "BadRequestError",
  401: "AuthenticationError",
  403: "PermissionDeniedError",
  404: "NotFoundError",
  409: "ConflictError",
  422: "UnprocessableEntityError",
  429: "RateLimitError"
}

// A page of a proxy, say.
const longestText = 1_000

/**
 * The error of an answer with a status of failure. `text` is its body, as far as it came.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromAnswer = (
  integration: ProviderCall["integration"],
  status: number,
  text: string
): ProviderFailure => ({
  name: integration === "google_genai"
    ? "ApiError"
    : names[status] ?? (status >= 500 ? "InternalServerError" : "APIError"),
  message: `${status} ${messageOf(text)}`.trim()
})

/**
 * The error of a request that its client gave up when its time was over.
 *
 * @category constants
 * @since 0.2.0
 */
export const timeout: ProviderFailure = { name: "APIConnectionTimeoutError", message: "Request timed out." }

/**
 * The error that a part of a stream, or an answer with a status of success, tells. `undefined` if it tells none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromBody = (body: JsonObject): ProviderFailure | undefined => {
  const response = JsonFields.object(body, "response")
  const isError = JsonFields.text(body, "type") === "error"
  const error = JsonFields.object(body, "error") ?? JsonFields.object(response, "error") ?? (isError ? body : undefined)
  if (error === undefined) return undefined
  return {
    name: JsonFields.text(isError && error === body ? { ...error, type: null } : error, "type", "code", "status") ??
      "APIError",
    message: JsonFields.text(error, "message") ?? ""
  }
}

const messageOf = (text: string): string => {
  try {
    const body = JsonSnapshot.take(JSON.parse(text)).value
    // Google's streams answer with a list.
    const said = fromBody((JsonSnapshot.isArray(body) ? body[0] : body) as JsonObject)?.message
    if (said !== undefined && said !== "") return said
  } catch {
    // The text is no JSON.
  }
  return text.slice(0, longestText).trim()
}

/**
 * Whether clients try again after a status.
 *
 * @category guards
 * @since 0.2.0
 */
export const isRetried = (status: number, shouldRetry: Json | undefined): boolean =>
  shouldRetry === "true" ||
  (shouldRetry !== "false" && (status === 408 || status === 409 || status === 429 || status >= 500))
