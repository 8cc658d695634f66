/**
 * The wrapper of one event in a request to the LLM intake. The body of a request is an array of them.
 *
 * @since 0.1.0
 */
import type { SpanEvent } from "./SpanEvent.ts"

/**
 * An event, and the version of the library that made it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Envelope {
  readonly "_dd.stage": "raw"
  readonly "_dd.tracer_version": string
  /** Present for events in the experiments scope. */
  readonly "_dd.scope"?: "experiments"
  readonly event_type: "span"
  readonly spans: readonly [SpanEvent]
}

// The members of the wrapper before its event.
const wrapper = ({ _dd }: Pick<SpanEvent, "_dd">, libraryVersion: string): Omit<Envelope, "spans"> => ({
  "_dd.stage": "raw",
  "_dd.tracer_version": libraryVersion,
  ...(_dd["scope"] === "experiments" ? { "_dd.scope": "experiments" as const } : undefined),
  event_type: "span"
})

/**
 * Wraps an event. `libraryVersion` is the version of this package.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (event: SpanEvent, libraryVersion: string): Envelope => ({
  ...wrapper(event, libraryVersion),
  spans: [event]
})

/**
 * The envelope as JSON text, with `start_ns` as an exact integer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const encode = (self: Envelope): string => {
  const { start_ns, ...event } = self.spans[0]
  // A number could not hold the time. The event has other members, so its text goes on behind the time.
  return `${head(event, self["_dd.tracer_version"])}${start_ns},${JSON.stringify(event).slice(1)}${tail}`
}

/**
 * The JSON text of an envelope, up to the value of its event's first member: `start_ns`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const head = (event: Pick<SpanEvent, "_dd">, libraryVersion: string): string =>
  `${JSON.stringify(wrapper(event, libraryVersion)).slice(0, -1)},"spans":[{"start_ns":`

/**
 * The JSON text of an envelope behind its event.
 *
 * @category constants
 * @since 0.2.0
 */
export const tail = "]}"
