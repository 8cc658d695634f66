/**
 * The times that callers give for the start and the end of a span.
 */
import * as Problem from "../../domain/Problem.ts"

// This is in the year 2116. A duration between two such times fits a signed integer of 64 bits.
const latest = 2n ** 62n

/** The time in Unix nanoseconds, if the value is a valid one. */
export const fromUnknown = (at: unknown): bigint | undefined =>
  typeof at === "bigint" && at >= 0n && at <= latest ? at : undefined

/** The problem with a time that cannot be used. */
export const unusable: ReadonlyArray<Problem.Problem> = [
  Problem.make("invalid_option", "A time must be a bigint of Unix nanoseconds. The present time is used.", "at")
]
