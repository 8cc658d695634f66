/**
 * The port to diagnostics: internal problems are counted and logged once, and never thrown.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Problem } from "../domain/Problem.ts"

/**
 * Receives internal problems. No member throws.
 *
 * @category services
 * @since 0.1.0
 */
export interface DiagnosticsService {
  /**
   * Counts problems, and logs each code once for each place and span. `span` is the name of the span that they are about.
   */
  readonly report: (problems: ReadonlyArray<Problem>, span?: string) => void
  /** Counts a defect of ours at a named place, and logs it once. The application never sees it. */
  readonly defect: (place: string, error: unknown) => void
  /** Logs a line once for each key. The line holds no content and no key. */
  readonly warnOnce: (key: string, message: string) => void
  /** Logs a line at each call, for callers that count themselves. */
  readonly say: (message: string) => void
  /** The counts of each code and each place. */
  readonly counts: () => ReadonlyMap<string, number>
}

/**
 * The diagnostics of a layer.
 *
 * @category services
 * @since 0.1.0
 */
export class Diagnostics extends Context.Service<Diagnostics, DiagnosticsService>()(
  "effect-llmobs/ports/Diagnostics"
) {}
