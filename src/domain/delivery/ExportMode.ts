/**
 * How events leave the process.
 *
 * @since 0.1.0
 */

/**
 * - `apm-agent`: in the APM trace, to the Agent; rescued to the LLM intake when the trace will be dropped
 * - `apm-agentless`: in the APM trace, to the trace intake without an Agent
 * - `llmobs-agent-proxy`: by themselves, through the Agent's proxy
 * - `llmobs-agentless`: by themselves, to the LLM intake
 *
 * @category models
 * @since 0.1.0
 */
export type ExportMode = "apm-agent" | "apm-agentless" | "llmobs-agent-proxy" | "llmobs-agentless"

/**
 * What the choice looks at.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  /** Nobody to carry the trace: no Agent, or agentless was asked for. */
  readonly agentless: boolean
  /** `DD_LLMOBS_OVERRIDE_ORIGIN` names another origin for events. */
  readonly overrideOrigin: boolean
  /** `DD_APM_TRACING_ENABLED`: traces are wanted at all. */
  readonly apmTracing: boolean
  /** Traces to the intake without an Agent were asked for. That intake is internal to Datadog, so it is never a default. */
  readonly apmAgentless: boolean
}

/**
 * The table. Events ride a trace unless another origin was named, no trace is wanted, or there is no Agent.
 *
 * @category combinators
 * @since 0.1.0
 */
export const decide = (facts: Facts): ExportMode => {
  const direct = facts.overrideOrigin || !facts.apmTracing
  return facts.agentless
    ? !direct && facts.apmAgentless ? "apm-agentless" : "llmobs-agentless"
    : direct
    ? "llmobs-agent-proxy"
    : "apm-agent"
}

/**
 * Whether events are planned to ride a trace.
 *
 * @category guards
 * @since 0.1.0
 */
export const rides = (self: ExportMode): boolean => self === "apm-agent" || self === "apm-agentless"

/**
 * Whether the mode needs an API key and a site of its own.
 *
 * @category guards
 * @since 0.1.0
 */
export const isAgentless = (self: ExportMode): boolean => self === "apm-agentless" || self === "llmobs-agentless"
