/**
 * The rescue decision as an Effect program.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Diagnostics } from "../../ports/Diagnostics.ts"
import * as Rescues from "../delivery/Rescue.ts"
import * as Decision from "./Decision.ts"

/**
 * Decides for one span. The table is total, so there is never a problem.
 *
 * @category combinators
 * @since 0.1.0
 */
export const decide = (facts: Rescues.Facts): Effect.Effect<Rescues.Verdict, never, Diagnostics> =>
  Decision.lift(Rescues.checked(facts))
