/**
 * The modules that most programs use, under one import: `import { LLMObs } from "effect-llmobs"`.
 *
 * **Details**
 *
 * Each module also has a path of its own. `effect-llmobs/LLMObs` loads less than this module, which also loads Effect's
 * `Stream`.
 *
 * **Example** (The root import)
 *
 * ```ts import.meta.vitest
 * import { Effect } from "effect"
 * import { LLMObs } from "effect-llmobs"
 *
 * const reply = Effect.succeed("It arrives tomorrow.").pipe(LLMObs.llm("chat", { model: "gpt-5", capture: true }))
 *
 * await Effect.runPromise(reply) // => "It arrives tomorrow."
 * ```
 *
 * @since 0.2.0
 */

/**
 * Spans, annotations, and the layer that delivers them.
 *
 * @category modules
 * @since 0.2.0
 */
export * as LLMObs from "./LLMObs.ts"

/**
 * Spans around streams.
 *
 * @category modules
 * @since 0.2.0
 */
export * as LLMObsStream from "./LLMObsStream.ts"

/**
 * Redaction rules, ready to use.
 *
 * @category modules
 * @since 0.2.0
 */
export * as Redaction from "../domain/redaction/Redaction.ts"
