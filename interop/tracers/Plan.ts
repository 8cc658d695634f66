/**
 * What a process of a row is told to do, and what it says of what it did.
 *
 * @since 0.1.0
 */

/**
 * The kinds of span that rows use.
 *
 * @category models
 * @since 0.1.0
 */
export type Kind = "workflow" | "agent" | "llm" | "task" | "experiment"

/**
 * One LLM span.
 *
 * @category models
 * @since 0.1.0
 */
export interface PlannedSpan {
  readonly kind: Kind
  readonly name: string
  readonly sessionId?: string | undefined
  /** The id of an experiment that the span runs. */
  readonly experimentId?: string | undefined
}

/**
 * What to do for each request: open the spans one inside the other, call the next service inside the innermost, and answer
 * with a `Report`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly name: string
  readonly spans: ReadonlyArray<PlannedSpan>
  /** Where the next service listens. */
  readonly next?: string | undefined
}

/**
 * The LLM trace id, and the decimal id, of an LLM span as its own tracer tells them.
 *
 * @category models
 * @since 0.1.0
 */
export interface OpenedSpan {
  readonly traceId: string
  readonly spanId: string
}

/**
 * What a service answers.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report {
  readonly name: string
  /** The headers that it was called with. */
  readonly received: { readonly [name: string]: string }
  /** Its LLM spans, the outermost first. */
  readonly spans: ReadonlyArray<OpenedSpan>
  /** The span that called the next service, in hex, where no Agent hears of it. */
  readonly caller?: { readonly traceId: string; readonly spanId: string } | undefined
  readonly next?: Report | undefined
}

/**
 * The environment variable that brings the plan, as JSON.
 *
 * @category constants
 * @since 0.1.0
 */
export const variable = "INTEROP_PLAN"

/**
 * @category constructors
 * @since 0.1.0
 */
export const fromEnvironment = (): Plan => JSON.parse(process.env[variable] ?? "") as Plan

/**
 * Headers of a request by lower-case name, repeated ones joined.
 *
 * @category combinators
 * @since 0.1.0
 */
export const flat = (
  headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
): Report["received"] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))

/**
 * Calls the next service of a plan, if there is one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const callNext = async (
  plan: Plan,
  headers: { readonly [name: string]: string },
  signal?: AbortSignal
): Promise<Report | undefined> => {
  if (plan.next === undefined) return undefined
  const response = await fetch(plan.next, { headers, ...(signal === undefined ? {} : { signal }) })
  if (!response.ok) throw new Error(`${plan.next} answers ${response.status}`)
  return await response.json() as Report
}

/**
 * Tells the parent process where this one listens.
 *
 * @category combinators
 * @since 0.1.0
 */
export const announce = (origin: string): void => {
  process.send?.({ url: `${origin}/work` })
}

/**
 * Waits for the parent process to let go: the program is to end by itself then, with everything sent.
 *
 * @category combinators
 * @since 0.1.0
 */
export const released = (): Promise<void> => new Promise((resolve) => process.once("disconnect", () => resolve()))
