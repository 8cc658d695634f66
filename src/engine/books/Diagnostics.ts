/**
 * Counts internal problems, and logs each one once for each place.
 */
import type { Problem } from "../../domain/Problem.ts"
import * as Problems from "../../domain/Problem.ts"
import * as SpanName from "../../domain/span/SpanName.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import { ask } from "./Guard.ts"

/**
 * The most keys that are logged and counted by name. The names are ours, so this bound is only a safety net.
 */
const maxKeys = 256

/** The most lines about problems of spans. Beyond it, each code is logged once. */
const maxPlaces = 256

/**
 * Makes diagnostics that pass each line to `say`. A line holds a code and a sentence of ours: no content, no key, and
 * no text of a request or a model. `onProblem` receives every problem, including those that were logged before.
 */
export const make = (
  say: (line: string) => void,
  onProblem?: ((problem: Problem) => void) | undefined,
  /** Whether lines may hold the names of spans: redaction rules look at finished spans, and lines come earlier. */
  namesSpans = true
): DiagnosticsService => {
  const counts = new Map<string, number>()

  const count = (key: string): boolean => {
    const before = counts.get(key)
    if (before === undefined && counts.size >= maxKeys) return false
    counts.set(key, (before ?? 0) + 1)
    return before === undefined
  }

  const places = new Set<string>()

  // Names of spans and keys of paths are a program's own, and there can be any number of them.
  const isNew = ({ code, path }: Problem, span: string | undefined): boolean => {
    const first = count(code)
    if (places.size >= maxPlaces) return first
    const place = `${code} ${path?.split(/[.[]/, 1)[0]?.slice(0, 80) ?? ""} ${span?.slice(0, 80) ?? ""}`
    if (places.has(place)) return false
    places.add(place)
    return true
  }

  const tell = (problem: Problem): void => {
    if (onProblem !== undefined) {
      ask(warnOnce, "onProblem", "the problem is logged and counted anyway.", () => onProblem(problem), undefined)
    }
  }

  const warnOnce = (key: string, message: string): void => {
    if (count(key)) say(message)
  }

  return {
    say,
    report: (problems, span) => {
      for (const problem of problems) {
        tell(problem)
        if (isNew(problem, span)) {
          say(
            `${span === undefined || !namesSpans ? "" : `The span ${SpanName.shown(span)}: `}${
              Problems.render(problem)
            }`
          )
        }
      }
    },
    defect: (place, error) => {
      if (count(`defect:${place}`)) {
        say(
          `A step of effect-llmobs failed and was skipped (${place}, ${
            error instanceof Error ? error.name : typeof error
          }).`
        )
      }
    },
    warnOnce,
    counts: () => counts
  }
}
