/**
 * The port to whoever wants to know what went wrong inside: counted, said once, never thrown.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Problem } from "../domain/Problem.ts"

/**
 * @category services
 * @since 0.1.0
 */
export interface DiagnosticsService {
  /** Counts problems and says each code once. */
  readonly report: (problems: ReadonlyArray<Problem>) => void
  /** Counts a defect of ours at a named place, and says it once. The application never sees it. */
  readonly defect: (place: string, error: unknown) => void
  /** Says a line once for each key. The line holds no content and no key. */
  readonly warnOnce: (key: string, message: string) => void
  /** Says a line each time it is called, for those who keep count themselves. */
  readonly say: (message: string) => void
  /** How often each code and each place was counted. */
  readonly counts: () => ReadonlyMap<string, number>
}

/**
 * @category services
 * @since 0.1.0
 */
export class Diagnostics extends Context.Service<Diagnostics, DiagnosticsService>()(
  "effect-llmobs/ports/Diagnostics"
) {}
