/**
 * OpenAI Agents, recorded by a trace processor of its own.
 *
 * **Details**
 *
 * A trace becomes a workflow, agents, tools and handoffs spans of their kinds, guardrails and custom spans tasks, and each call
 * of a model an llm span. Spans that a tool starts are below it, and a trace is below the LLM Observability span of the
 * program. The group of a trace is its session, unless the program has named another. A call through a client that is
 * recorded too has one event, the framework's.
 *
 * **Example** (One line at the start of a program)
 *
 * ```ts
 * import * as agents from "@openai/agents"
 * import * as OpenAiAgents from "effect-llmobs/OpenAiAgents"
 *
 * OpenAiAgents.register(agents)
 * ```
 *
 * @since 0.2.0
 */
import * as AgentsProcessor from "../adapters/openai-agents/AgentsProcessor.ts"
import * as FrameworkScopes from "../engine/context/FrameworkScopes.ts"
import * as ProcessWide from "../engine/context/ProcessWide.ts"
import * as RunningLayers from "../engine/context/RunningLayers.ts"

/**
 * The functions of `@openai/agents`, or `@openai/agents-core`, that are used.
 *
 * @category models
 * @since 0.2.0
 */
export interface Agents {
  readonly addTraceProcessor: (processor: Processor) => void
  readonly getCurrentSpan: () => object | null
  readonly getCurrentTrace: () => object | null
}

/**
 * A trace processor of OpenAI Agents.
 *
 * @category models
 * @since 0.2.0
 */
export type Processor = AgentsProcessor.Processor

const agentsProcessor = ProcessWide.get("OpenAiAgents/1", () => AgentsProcessor.make())
const registered = ProcessWide.get("OpenAiAgentsRegistered/1", () => new WeakSet<object>())

/**
 * Records every run of OpenAI Agents in this process. A second call changes nothing.
 *
 * **Details**
 *
 * It adds a processor by `addTraceProcessor`, so the framework's own export stays. If the functions are missing, a warning
 * says so once, and nothing is recorded.
 *
 * @category integrations
 * @since 0.2.0
 */
export const register = (agents: Agents): void => {
  try {
    const { addTraceProcessor, getCurrentSpan, getCurrentTrace } = agents
    if (registered.has(addTraceProcessor)) return
    if ([addTraceProcessor, getCurrentSpan, getCurrentTrace].some((f) => typeof f !== "function")) {
      throw new TypeError("no functions")
    }
    addTraceProcessor(agentsProcessor.processor)
    registered.add(addTraceProcessor)
    FrameworkScopes.add(() => {
      const current = getCurrentSpan() ?? getCurrentTrace()
      return current === null || current === undefined ? undefined : agentsProcessor.scopeOf(current)
    })
  } catch {
    RunningLayers.warnOnce("openai-agents", withoutProcessor)
  }
}

const withoutProcessor =
  "OpenAiAgents.register cannot record OpenAI Agents: addTraceProcessor, getCurrentSpan and getCurrentTrace are needed. Runs work and are not recorded. Give it the module @openai/agents, 0.3.0 or later. See docs/integrations.md."
