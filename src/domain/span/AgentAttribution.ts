/**
 * The agent that a span works for.
 *
 * **Details**
 *
 * A span belongs to its nearest agent ancestor: when the parent is an agent span, the parent itself; otherwise the agent
 * that the parent belongs to. An agent never belongs to itself. The pair is written twice in the struct that rides an
 * APM span (`pagent_name` and `pagent_span_id` at the top, `agent_attribution` in `meta`) and once in the event.
 *
 * @since 0.1.0
 */
import type { SpanKind } from "./SpanKind.ts"

/**
 * `spanId` is decimal. `name` is `null` when an upstream service passed on only the id.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentAttribution {
  readonly name: string | null
  readonly spanId: string
}

/**
 * The agent of a span, from its parent. `undefined` if no agent is an ancestor of the span.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = (
  parent:
    | {
      readonly kind: SpanKind
      readonly name: string
      readonly spanId: string
      readonly agent: AgentAttribution | undefined
    }
    | undefined
): AgentAttribution | undefined =>
  parent === undefined
    ? undefined
    : parent.kind === "agent"
    ? { name: parent.name, spanId: parent.spanId }
    : parent.agent
