/**
 * The seed of all random inputs, so that the same tests do the same twice. `TEST_SEED` names another.
 */
import * as Arbitrary from "effect/Arbitrary"

export const seed = Number(process.env["TEST_SEED"] || 1)

Arbitrary.configureGlobal({ check: { seed } })
