/**
 * Keeps exceptions away from the application: those of our own steps, and those of the program's functions.
 */
import * as Promised from "../../domain/Promised.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"

/** Runs `f`. If it throws, counts the defect under `place` and returns `otherwise`. */
export const guard = <A>(
  diagnostics: Pick<DiagnosticsService, "defect">,
  place: string,
  f: () => A,
  otherwise: A
): A => {
  try {
    return f()
  } catch (error) {
    count(diagnostics, place, error)
    return otherwise
  }
}

/** Counts a defect, for a caller that catches it without a function of its own. */
export const count = (diagnostics: Pick<DiagnosticsService, "defect">, place: string, error: unknown): void => {
  try {
    diagnostics.defect(place, error)
  } catch {
    // The stack may be too full even for the count.
  }
}

/** Logs a message once for each key. */
type WarnOnce = DiagnosticsService["warnOnce"]

/**
 * Calls a function that the program gave as an option and that must return at once. If it throws or returns a promise,
 * a line with the `consequence` is logged once and `otherwise` is returned. The promise's rejection is handled, because
 * an unhandled rejection would end the process.
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
    // The stack may be too full even for the log line.
  }
  return otherwise
}
