/**
 * Keeps our mistakes away from the application: a hook of ours that throws is counted and has no other effect.
 *
 * @since 0.1.0
 */
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"

/**
 * Runs `f`; when it throws, counts the defect under `place` and gives `otherwise`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const guard = <A>(diagnostics: DiagnosticsService, place: string, f: () => A, otherwise: A): A => {
  try {
    return f()
  } catch (error) {
    try {
      diagnostics.defect(place, error)
    } catch {
      // The stack may be too full even to say so.
    }
    return otherwise
  }
}
