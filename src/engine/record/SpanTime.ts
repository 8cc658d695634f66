/**
 * The times that callers name for the start and the end of a span.
 *
 * @since 0.2.0
 */
import * as Problem from "../../domain/Problem.ts"

// In the year 2116. A duration between two such times fits a signed integer of 64 bits.
const latest = 2n ** 62n

/**
 * The time if it can be one, in Unix nanoseconds.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromUnknown = (at: unknown): bigint | undefined =>
  typeof at === "bigint" && at >= 0n && at <= latest ? at : undefined

/**
 * @category constants
 * @since 0.2.0
 */
export const unusable: ReadonlyArray<Problem.Problem> = [
  Problem.make("invalid_option", "A time must be a bigint of Unix nanoseconds. The present is taken instead.", "at")
]
