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

const Handler = ProcessWide.get("LangChain/1", () => CallbackHandler.make(LangChainRuns.make()))

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
export const handler: Handler = ProcessWide.get("LangChainHandler/1", () => new Handler())

/**
 * Records every run of LangChain and LangGraph. Call it in the main module of the program.
 *
 * **Details**
 *
 * `registerConfigureHook` is that of `@langchain/core/context`. LangChain makes the handlers of such a hook if an environment
 * variable says so; `EFFECT_LLMOBS_LANGCHAIN` is set to `true` for it. LangChain keeps its hooks in its asynchronous context,
 * so a call inside a request, or in a module that is loaded by `import()` or awaits at its top, holds there alone. Another
 * call adds no second handler to a run.
 *
 * @category integrations
 * @since 0.2.0
 */
export const register = (registerConfigureHook: (hook: never) => void): void => {
  process.env[CallbackHandler.variable] = "true"
  const hook = { handlerClass: Handler, envVar: CallbackHandler.variable, inheritable: true }
  registerConfigureHook(hook as never)
}
