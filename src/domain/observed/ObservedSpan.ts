/**
 * A delivered span as tests read it: an event, with what is known of it beside the event.
 *
 * @since 0.2.0
 */
import type { EventView } from "../event/EventView.ts"

/**
 * A span that was delivered: plain JSON, the same whichever road it came by. The events that the embedded Agent gives
 * (`agent.spans()`) are such spans too.
 *
 * @category models
 * @since 0.2.0
 */
export interface ObservedSpan extends EventView {
  /** Where the parent was found, if that is known: in this process, or in the headers of a request. */
  readonly parentSource?: "parent" | "propagated" | undefined
  /** The account that it went to, where that is not the layer's own. */
  readonly account?: string | undefined
}

// Counted ids rise as spans start, so spans of one moment stand in the order of their start.
const byId = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0)

/**
 * The order in which spans started.
 *
 * @category combinators
 * @since 0.2.0
 */
export const inOrder = (spans: ReadonlyArray<ObservedSpan>): ReadonlyArray<ObservedSpan> =>
  [...spans].sort((a, b) => a.startMillis - b.startMillis || byId(a.spanId, b.spanId))
