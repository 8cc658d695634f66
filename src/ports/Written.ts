/**
 * The outcome of a program's own write.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import type { Outcome } from "./Transport.ts"

const taken: Outcome = { _tag: "Answer", status: 200, headers: {}, body: "" }

const inDoubt: Outcome = { _tag: "Failure", bytesWritten: true, reason: "FAILED" }

const isOutcome = (given: unknown): given is Outcome =>
  typeof given === "object" && given !== null && "_tag" in given &&
  (given._tag === "Answer" || given._tag === "Failure")

/**
 * Success means that the events were taken, unless its value is an outcome, which is then used. A failure means that
 * they may or may not have been taken. A defect stays a defect.
 *
 * @category combinators
 * @since 0.2.0
 */
export const outcome = (write: Effect.Effect<unknown, unknown>): Effect.Effect<Outcome> =>
  Effect.match(write, {
    onSuccess: (given) => isOutcome(given) ? given : taken,
    onFailure: () => inDoubt
  })
