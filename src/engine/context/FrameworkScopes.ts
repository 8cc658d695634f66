/**
 * The spans of frameworks that carry their own current span through asynchronous code.
 *
 * **Details**
 *
 * Such a framework tells its spans to a listener that cannot put the work into a scope, because it runs after an `await`.
 * So plain code asks the framework for its current span when it looks for its context.
 */
import type * as Context from "effect/Context"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import * as ProcessWide from "./ProcessWide.ts"

/** The inside of a framework's span. */
export interface FrameworkScope {
  /** The storage of the layer that the span belongs to. */
  readonly storage: object
  readonly context: Context.Context<never>
  /** The span of the scope that the framework's span was opened in. A scope of another span was opened later. */
  readonly around: OpenSpan | undefined
}

/** Finds the scope of a framework around the caller. */
export type Finder = () => FrameworkScope | undefined

const finders = ProcessWide.get("FrameworkScopes/1", () => new Set<Finder>())

/** Adds a finder, for as long as the process runs. */
export const add = (finder: Finder): void => {
  finders.add(finder)
}

/** The scope of a framework around the caller. */
export const find = (): FrameworkScope | undefined => {
  if (finders.size === 0) return undefined
  for (const finder of finders) {
    try {
      const scope = finder()
      if (scope !== undefined) return scope
    } catch {
      // A framework that cannot tell its span has none here.
    }
  }
  return undefined
}
