/**
 * The ways in which a traced function can end its span.
 */

/** The ends of a span. Only the first one counts. */
export interface Ends {
  /** The function succeeded. The value is `undefined` if it was consumed piece by piece. */
  readonly succeed: (value: unknown) => void
  readonly fail: (error: unknown) => void
  /** The consumer left before the end. */
  readonly leave: () => void
  /** Runs code of the function inside the span. */
  readonly run: <A>(body: () => A) => A
}
