/**
 * Lifts a decision into an Effect program.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import { Diagnostics } from "../../ports/Diagnostics.ts"
import type { Checked } from "../Problem.ts"

/**
 * Returns the value of a decision after reporting its problems. It neither fails nor suspends, so `Effect.runSync` can
 * run it.
 *
 * @category combinators
 * @since 0.1.0
 */
export const lift = <A>(decision: Checked<A>): Effect.Effect<A, never, Diagnostics> =>
  Diagnostics.useSync((diagnostics) => {
    if (decision.problems.length > 0) diagnostics.report(decision.problems)
    return decision.value
  })
