/**
 * The precedence of tags as an Effect program.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { Diagnostics } from "../../ports/Diagnostics.ts"
import * as Tag from "../span/Tags.ts"
import * as Decision from "./Decision.ts"

/**
 * Resolves the tags of a span. Every input has tags, so there is never a problem.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = (input: Tag.Input): Effect.Effect<Tag.Tags, never, Diagnostics> =>
  Decision.lift(Tag.checked(input))
