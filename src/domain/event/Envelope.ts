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

/**
 * Wraps an event. `libraryVersion` is the version of this package.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (event: SpanEvent, libraryVersion: string): Envelope => ({
  "_dd.stage": "raw",
  "_dd.tracer_version": libraryVersion,
  ...(event._dd["scope"] === "experiments" ? { "_dd.scope": "experiments" as const } : undefined),
  event_type: "span",
  spans: [event]
})

/**
 * The envelope as JSON text, with `start_ns` as an exact integer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const encode = (self: Envelope): string => texts(self).join("")

/**
 * The JSON text of {@link encode} in the pieces of which it is made, for a writer that does not need it as one text.
 *
 * @category combinators
 * @since 0.2.0
 */
export const texts = (self: Envelope): readonly [head: string, event: string, tail: string] => {
  const { spans, ...rest } = self
  const { start_ns, ...event } = spans[0]
  // A number could not hold the time. The event has other members, so its text goes on behind the time.
  const head = `${JSON.stringify(rest).slice(0, -1)},"spans":[{"start_ns":${start_ns},`
  return [head, JSON.stringify(event).slice(1), "]}"]
}
