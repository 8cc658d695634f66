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
 * The JSON text before and behind an event in its envelope.
 *
 * @category combinators
 * @since 0.2.0
 */
export const around = (
  event: Pick<SpanEvent, "_dd">,
  libraryVersion: string
): readonly [head: string, tail: string] => [
  `${JSON.stringify(wrapper(event, libraryVersion)).slice(0, -1)},"spans":[`,
  "]}"
]

/**
 * The envelope as JSON text, with `start_ns` as an exact integer.
 *
 * @category combinators
 * @since 0.1.0
 */
export const encode = (self: Envelope): string => {
  const { start_ns, ...event } = self.spans[0]
  const [head, tail] = around(event, self["_dd.tracer_version"])
  return head + withStart(start_ns, JSON.stringify(event)) + tail
}

/**
 * The JSON text of an event, from that of its other members and its start, which a JavaScript number could not hold.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withStart = (startNs: bigint, event: string): string => `{"start_ns":${startNs},${event.slice(1)}`
