/**
 * Keeps mistakes away from the application: those of our own steps, and those of the functions that a program gives us.
 */
import * as Promised from "../../domain/Promised.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"

/** Runs `f`; when it throws, counts the defect under `place` and gives `otherwise`. */
export const guard = <A>(
  diagnostics: Pick<DiagnosticsService, "defect">,
  place: string,
  f: () => A,
  otherwise: A
): A => {
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

/** Says a thing once for each key. */
type WarnOnce = DiagnosticsService["warnOnce"]

/**
 * Asks a function that the program gave as an option, which has to answer at once: when it throws or returns a promise,
 * that is said once with its `consequence`, and `otherwise` is the answer. A promise's rejection is swallowed, since it
 * would end the process.
 */
export const ask = <A>(
  warnOnce: WarnOnce,
  option: string,
  consequence: string,
  f: () => A,
  otherwise: A
): A => {
  let failure = "returned a promise, which nothing waits for"
  try {
    const answer = f()
    if (!Promised.take(answer)) return answer
  } catch {
    failure = "threw"
  }
  try {
    warnOnce(option, `The option ${option} ${failure}; ${consequence}`)
  } catch {
    // The stack may be too full even to say so.
  }
  return otherwise
}
