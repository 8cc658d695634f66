/**
 * The checks of one program: each is a sentence, and a function that throws if it does not hold.
 *
 * @since 0.2.0
 */
import { createRequire } from "node:module"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"

/**
 * The outcome of a check, as a program prints it: one line of JSON.
 *
 * @category models
 * @since 0.2.0
 */
export interface Outcome {
  readonly name: string
  /** Absent if the check held. */
  readonly failure?: string | undefined
}

const checks: Array<readonly [name: string, body: () => void | Promise<void>]> = []

/**
 * Adds a check.
 *
 * @category constructors
 * @since 0.2.0
 */
export const check = (name: string, body: () => void | Promise<void>): void => {
  checks.push([name, body])
}

/**
 * Runs the checks in their order, and prints their outcomes.
 *
 * @category destructors
 * @since 0.2.0
 */
export const run = async (): Promise<void> => {
  for (const [name, body] of checks) {
    let outcome: Outcome = { name }
    try {
      await body()
    } catch (error) {
      outcome = { name, failure: error instanceof Error ? error.message : String(error) }
    }
    process.stdout.write(`${JSON.stringify(outcome)}\n`)
  }
}

/**
 * The name of the parent of a span among others.
 *
 * @category accessors
 * @since 0.2.0
 */
export const parentOf = (spans: ReadonlyArray<ObservedSpan>, span: ObservedSpan | undefined): string | undefined =>
  spans.find(({ spanId }) => spanId === span?.parentId)?.name

/**
 * A function that loads packages as a folder of `interop` has them, in versions of its own. Their types are not known.
 *
 * @category constructors
 * @since 0.2.0
 */
export const loader = (folder: string) => {
  const require = createRequire(new URL(`../${folder}/package.json`, import.meta.url))
  return (name: string) => require(name)
}
