/**
 * The ways by which events leave the process.
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
 * The facts from which the mode is chosen.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  /** Whether traces have no Agent: none was found, or agentless export was requested. */
  readonly agentless: boolean
  /** Whether `DD_LLMOBS_OVERRIDE_ORIGIN` names another origin for events. */
  readonly overrideOrigin: boolean
  /** Whether traces are wanted at all: `DD_APM_TRACING_ENABLED`. */
  readonly apmTracing: boolean
  /**
   * Whether traces to the intake without an Agent were requested. That intake is internal to Datadog, so it is never a
   * default.
   */
  readonly apmAgentless: boolean
}

/**
 * The table. Events ride a trace unless another origin was named, traces are off, or there is no Agent.
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
