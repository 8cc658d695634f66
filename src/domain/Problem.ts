/**
 * What was wrong with an input, as a value.
 *
 * **Details**
 *
 * Nothing in this library throws into an application. A function that meets bad input keeps what is good, and says
 * what it left out as a list of problems: a stable code to match on, a sentence that says what was wrong, and one that
 * says what to do. Problems never carry content, ids or keys.
 *
 * @since 0.1.0
 */

/**
 * The stable codes. Those that Datadog's SDKs report for the same mistake have the same name.
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
  | "redaction_failed"
  | "invalid_baggage"
  | "invalid_traceparent"
  | "invalid_tracestate"
  | "invalid_datadog_headers"
  | "invalid_parent_id"
  | "missing_api_key"
  | "missing_site"

/**
 * One thing that was wrong.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  readonly code: ProblemCode
  /** What was wrong and what to do, in one or two sentences, without content. */
  readonly message: string
  /** Where, as a JSON path such as `input[2].content`, if the place is known. */
  readonly path?: string | undefined
}

/**
 * The outcome of a total function over untrusted input: what is good, and what was left out.
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
 * @category constructors
 * @since 0.1.0
 */
export const make = (code: ProblemCode, message: string, path?: string): Problem =>
  path === undefined ? { code, message } : { code, message, path }

/**
 * A problem as a line of a log. A path can hold keys that a user chose, so only the characters that a path is made of are
 * written, and at most 80 of them.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = ({ code, message, path }: Problem): string =>
  `${code}: ${message}${path === undefined ? "" : ` (at ${path.replace(/[^\w.[\]$-]/g, "?").slice(0, 80)})`}`

/**
 * A value with nothing wrong.
 *
 * @category constructors
 * @since 0.1.0
 */
export const ok = <A>(value: A): Checked<A> => ({ value, problems: none })
