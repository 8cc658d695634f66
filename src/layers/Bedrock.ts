/**
 * Amazon Bedrock's runtime client, recorded by a middleware of its own stack.
 *
 * **Details**
 *
 * Converse, ConverseStream, InvokeModel and InvokeModelWithResponseStream become llm spans named `bedrock-runtime.command`,
 * once a call however often the client tries: messages, tools, parameters, token counts, the output of a stream so far if
 * it breaks or is left. The bodies of InvokeModel are read for the models of Anthropic, Amazon, Meta, Mistral and Cohere.
 *
 * **Example** (A client)
 *
 * ```ts
 * import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime"
 * import * as Bedrock from "effect-llmobs/Bedrock"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 *
 * const bedrock = Bedrock.wrap(new BedrockRuntimeClient())
 *
 * export const answer = (text: string) =>
 *   Effect.tryPromise(() =>
 *     bedrock.send(
 *       new ConverseCommand({
 *         modelId: "anthropic.claude-opus-5-v1:0",
 *         messages: [{ role: "user", content: [{ text }] }]
 *       })
 *     )
 *   ).pipe(LLMObs.workflow("support"))
 * ```
 *
 * @since 0.2.0
 */
import * as BedrockMiddleware from "../adapters/bedrock/BedrockMiddleware.ts"
import * as CallCapture from "../engine/call/CallCapture.ts"
import * as RunningLayers from "../engine/context/RunningLayers.ts"
import type { Options } from "./Clients.ts"

/**
 * Records the calls of a client, which is returned. A client without a stack of middleware is returned as it is, with one
 * warning.
 *
 * @category constructors
 * @since 0.2.0
 */
export const wrap = <C extends object>(client: C, options?: Options): C => {
  RunningLayers.lookForFibers()
  let added = false
  try {
    added = BedrockMiddleware.add(client, CallCapture.read(options))
  } catch {
    // A client that refuses the middleware is used as it is.
  }
  if (!added) RunningLayers.warnOnce("client:bedrock", withoutStack)
  return client
}

const withoutStack =
  "Bedrock.wrap cannot record this client: it has no middlewareStack. Its calls work and are not recorded. Give it a BedrockRuntimeClient of @aws-sdk/client-bedrock-runtime 3. See docs/integrations.md."
