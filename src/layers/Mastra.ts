/**
 * Mastra, recorded by its own observability.
 *
 * **Details**
 *
 * Agents become agent spans, generations and workflows workflows, calls of models llm spans, tools, embeddings and searches
 * spans of their kinds, and other steps tasks, each below the span of Mastra around it, and the outermost below the LLM
 * Observability span of the program. A session and a user in the metadata of a span or in the context of the request
 * (`sessionId`, `threadId`, `userId`) label the spans, unless the program has named others.
 *
 * **Example** (One line in the configuration of a program)
 *
 * ```ts
 * import { Mastra } from "@mastra/core"
 * import { Observability } from "@mastra/observability"
 * import { integration } from "effect-llmobs/Mastra"
 *
 * const mastra = new Mastra({
 *   observability: new Observability({ configs: { default: { serviceName: "shop", bridge: integration } } })
 * })
 * ```
 *
 * @since 0.2.0
 */
import * as MastraIntegration from "../adapters/mastra/MastraIntegration.ts"
import * as ProcessWide from "../engine/context/ProcessWide.ts"

/**
 * An integration for the observability of Mastra.
 *
 * @category models
 * @since 0.2.0
 */
export type Integration = MastraIntegration.Integration

/**
 * The integration, for `bridge` of a configuration: Mastra then runs models and tools inside their spans, so that other spans
 * of theirs are below, and a wrapped client below a model does not record the call again. Where there is another bridge, give
 * it among `exporters`: it records the same spans, and nothing runs inside them.
 *
 * **Details**
 *
 * `flush` sends what waits. `shutdown` ends the spans that are still open, and sends what waits.
 *
 * @category integrations
 * @since 0.2.0
 */
export const integration: Integration = ProcessWide.get("Mastra/1", () => MastraIntegration.make())
