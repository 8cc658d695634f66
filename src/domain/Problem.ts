/**
 * A mistake in an input, as a value.
 *
 * **Details**
 *
 * Nothing in this library throws into an application. A function that meets bad input keeps the good parts and returns
 * a list of problems for the rest. A problem has a stable code to match on, a sentence that names the mistake, and a
 * sentence that names the remedy. Problems never carry content, ids or keys.
 *
 * @since 0.1.0
 */

/**
 * The stable codes. A mistake that Datadog's SDKs report too has the same name here.
 *
 * @category models
 * @since 0.1.0
 */
export type ProblemCode =
  | "invalid_metadata"
  | "invalid_metrics"
  | "invalid_tags"
  | "invalid_cost_tags"
  | "invalid_tool_definitions"
  | "invalid_prompt"
  | "invalid_io_messages"
  | "invalid_embedding_io"
  | "invalid_retrieval_io"
  | "invalid_span_links"
  | "invalid_span_kind"
  | "invalid_span_no_active_spans"
  | "invalid_finished_span"
  | "invalid_session_id"
  | "invalid_ml_app"
  | "invalid_name"
  | "invalid_option"
  | "invalid_setting"
  | "unreadable_value"
  | "unknown_shape"
  | "value_too_large"
  | "event_too_large"
  | "memory_full"
  | "redaction_failed"
  | "invalid_baggage"
  | "invalid_traceparent"
  | "invalid_tracestate"
  | "invalid_datadog_headers"
  | "invalid_parent_id"
  | "missing_api_key"
  | "missing_site"

/**
 * One mistake in an input.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  readonly code: ProblemCode
  /** The mistake and its remedy, in one or two sentences, without content. */
  readonly message: string
  /** The place, as a JSON path such as `input[2].content`, if it is known. */
  readonly path?: string | undefined
}

/**
 * The outcome of a total function over untrusted input: the good parts, and a problem for each part that was left out.
 *
 * @category models
 * @since 0.1.0
 */
export interface Checked<out A> {
  readonly value: A
  readonly problems: ReadonlyArray<Problem>
}

/**
 * The empty list, shared so that the good case allocates nothing.
 *
 * @category constants
 * @since 0.1.0
 */
export const none: ReadonlyArray<Problem> = []

/**
 * A problem with a code, a message and, if known, a path. The message must hold no content, ids or keys.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (code: ProblemCode, message: string, path?: string): Problem =>
  path === undefined ? { code, message } : { code, message, path }

/**
 * A problem as a line of a log. A path can hold keys that a user chose, so only the characters of a JSON path are
 * written, and at most 80 of them.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = ({ code, message, path }: Problem): string =>
  `${code}: ${message}${path === undefined ? "" : ` (at ${path.replace(/[^\w.[\]$-]/g, "?").slice(0, 80)})`}`

/**
 * A checked value without problems.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ok = <A>(value: A): Checked<A> => ({ value, problems: none })
