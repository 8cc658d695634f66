/**
 * LangChain and LangGraph, recorded by their callbacks.
 *
 * **Details**
 *
 * Calls of models become llm spans, chains and graphs workflows, nodes of a graph tasks, tools and retrievers spans of their
 * kinds, each below the run around it, and the outermost below the LLM Observability span of the program. A session and a
 * user in the metadata of a run (`session_id`, `user_id`; a `thread_id` of LangGraph is a session) label its spans, unless
 * the program has named others. Embeddings have no callback.
 *
 * **Example** (One line at the start of a program)
 *
 * ```ts
 * import * as LangChain from "effect-llmobs/LangChain"
 * import { registerConfigureHook } from "@langchain/core/context"
 *
 * LangChain.register(registerConfigureHook)
 * ```
 *
 * @since 0.2.0
 */
import * as CallbackHandler from "../adapters/langchain/CallbackHandler.ts"
import * as LangChainRuns from "../adapters/langchain/LangChainRuns.ts"
import * as ProcessWide from "../engine/context/ProcessWide.ts"

const state = ProcessWide.get("LangChain/1", () => ({
  Handler: CallbackHandler.make(LangChainRuns.make()),
  isRegistered: false
}))

/**
 * A callback handler of LangChain.
 *
 * @category models
 * @since 0.2.0
 */
export type Handler = CallbackHandler.CallbackHandler

/**
 * The handler, for the option `callbacks` of a run. Where every run is recorded, it changes nothing.
 *
 * @category integrations
 * @since 0.2.0
 */
export const handler: Handler = ProcessWide.get("LangChainHandler/1", () => new state.Handler())

/**
 * Records every run of LangChain and LangGraph in this process. A second call changes nothing.
 *
 * **Details**
 *
 * `registerConfigureHook` is that of `@langchain/core/context`. LangChain makes the handlers of such a hook if an environment
 * variable says so; `EFFECT_LLMOBS_LANGCHAIN` is set to `true` for it.
 *
 * @category integrations
 * @since 0.2.0
 */
export const register = (registerConfigureHook: (hook: never) => void): void => {
  if (state.isRegistered) return
  state.isRegistered = true
  process.env[CallbackHandler.variable] = "true"
  const hook = { handlerClass: state.Handler, envVar: CallbackHandler.variable, inheritable: true }
  registerConfigureHook(hook as never)
}
