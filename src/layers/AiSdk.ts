/**
 * Vercel's AI SDK, version 7 or later, recorded by its own telemetry.
 *
 * **Details**
 *
 * `generateText` and `streamText` become workflows with a span for each call of the model and each tool; `embed` and
 * `embedMany` become embeddings. Spans that a tool starts are below it, and operations below the LLM Observability span
 * around them. A session and a user among the properties of `runtimeContext` (`sessionId`, `userId`) label the spans, unless
 * the program has named others. `telemetry: { isEnabled: false }` leaves a call out, and `recordInputs` and `recordOutputs`
 * leave its content out.
 *
 * **Example** (One line at the start of a program)
 *
 * ```ts
 * import * as AiSdk from "effect-llmobs/AiSdk"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import { openai } from "@ai-sdk/openai"
 * import { generateText } from "ai"
 * import * as Effect from "effect/Effect"
 *
 * AiSdk.register()
 *
 * const answer = (question: string) =>
 *   Effect.tryPromise(() => generateText({ model: openai("gpt-5"), prompt: question })).pipe(LLMObs.agent("support"))
 * ```
 *
 * @since 0.2.0
 */
import * as AiSdkTelemetry from "../adapters/ai-sdk/AiSdkTelemetry.ts"
import * as ProcessWide from "../engine/context/ProcessWide.ts"

/**
 * An integration for the telemetry of the AI SDK.
 *
 * @category models
 * @since 0.2.0
 */
export type Integration = AiSdkTelemetry.Integration

/**
 * The integration, for `registerTelemetry` of the SDK and for the option `telemetry.integrations` of a call, which replaces
 * those of the process.
 *
 * @category integrations
 * @since 0.2.0
 */
export const integration: Integration = ProcessWide.get("AiSdk/1", () => AiSdkTelemetry.make())

/**
 * Records every call of the AI SDK in this process. A second call changes nothing.
 *
 * **Details**
 *
 * It does what `registerTelemetry(AiSdk.integration)` of the SDK does, without importing the SDK.
 *
 * @category integrations
 * @since 0.2.0
 */
export const register = (): void => AiSdkTelemetry.register(integration)
