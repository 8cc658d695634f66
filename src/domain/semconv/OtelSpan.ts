/**
 * A span of OpenTelemetry, as every SDK for JavaScript shows it when it ends.
 *
 * @since 0.2.0
 */
/**
 * The attributes of a span or of an event on it: texts, numbers, booleans, and lists of them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Attributes {
  readonly [key: string]: unknown
}

/**
 * An event on a span, or a log record inside one: its body counts as attributes.
 *
 * @category models
 * @since 0.2.0
 */
export interface OtelEvent {
  readonly name: string
  readonly attributes?: Attributes | undefined
}

/**
 * A time of OpenTelemetry: seconds and nanoseconds.
 *
 * @category models
 * @since 0.2.0
 */
export type HrTime = readonly [seconds: number, nanoseconds: number]

/**
 * The parts of a span that are read. The SDKs 1, 2 and 3 have them under the same names, except for the scope.
 *
 * @category models
 * @since 0.2.0
 */
export interface OtelSpan {
  readonly name: string
  readonly attributes: Attributes
  readonly events?: ReadonlyArray<OtelEvent> | undefined
  /** Code 2 is a failure. */
  readonly status?: { readonly code: number; readonly message?: string | undefined } | undefined
}

/**
 * The time in Unix nanoseconds; `undefined` if it is none.
 *
 * @category accessors
 * @since 0.2.0
 */
export const nanoseconds = (time: HrTime | undefined): bigint | undefined => {
  const [seconds, nanos] = Array.isArray(time) ? time as unknown as HrTime : [Number.NaN, 0]
  return Number.isSafeInteger(seconds) && Number.isSafeInteger(nanos)
    ? BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
    : undefined
}

/**
 * The failure of a span, in the shape of an `Error`.
 *
 * @category models
 * @since 0.2.0
 */
export interface OtelFailure {
  readonly name: string
  readonly message: string
  readonly stack: string
}

/**
 * The failure of a span: its status, with the recorded exception's type and stack.
 *
 * @category accessors
 * @since 0.2.0
 */
export const failureOf = (span: OtelSpan): OtelFailure | undefined => {
  if (span.status?.code !== 2) return undefined
  const exception = span.events?.findLast((event) => event.name === "exception")?.attributes
  return {
    name: text(span.attributes["error.type"]) ?? text(exception?.["exception.type"]) ?? "Error",
    message: text(span.status.message) ?? text(exception?.["exception.message"]) ?? "",
    stack: text(exception?.["exception.stacktrace"]) ?? ""
  }
}

const text = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined
