/**
 * Calls of model providers, known by the address and the body of an HTTP request.
 *
 * **Details**
 *
 * Names and integrations are those of Datadog's tracers. Servers that are compatible with OpenAI speak its paths: the host
 * says which provider answers, and `openai` stands for a host that is not in the table.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"

/**
 * A call of a provider.
 *
 * @category models
 * @since 0.2.0
 */
export interface ProviderCall {
  readonly kind: "llm" | "embedding"
  /** The name of the event, such as `OpenAI.createChatCompletion`. */
  readonly name: string
  /** The value of the tag `integration`. */
  readonly integration: "openai" | "anthropic" | "google_genai" | "bedrock"
  readonly provider: string
  /** The model that the address names, where it does. */
  readonly model: string | undefined
  /** Whether that name counts even if the answer has another. */
  readonly isModelFixed?: boolean | undefined
}

/**
 * The parts of an address that say where a call goes.
 *
 * @category models
 * @since 0.2.0
 */
export interface Address {
  readonly hostname: string
  /** The path, without the query. */
  readonly pathname: string
}

interface Endpoint {
  readonly path: RegExp
  /** A request has one of these members. */
  readonly holds: ReadonlyArray<string>
  readonly call: (address: Address, model: string | undefined) => ProviderCall
}

const hosts: ReadonlyArray<readonly [host: RegExp, provider: string, client: string]> = [
  [/(?:^|\.)azure\.com$/, "azure_openai", "AzureOpenAI"],
  [/(?:^|\.)deepseek\.com$/, "deepseek", "DeepSeek"],
  [/(?:^|\.)googleapis\.com$/, "google", "OpenAI"],
  [/(?:^|\.)groq\.com$/, "groq", "OpenAI"],
  [/(?:^|\.)mistral\.ai$/, "mistral", "OpenAI"],
  [/(?:^|\.)openrouter\.ai$/, "openrouter", "OpenAI"],
  [/(?:^|\.)together\.(?:ai|xyz)$/, "together", "OpenAI"],
  [/(?:^|\.)fireworks\.ai$/, "fireworks", "OpenAI"],
  [/(?:^|\.)perplexity\.ai$/, "perplexity", "OpenAI"],
  [/(?:^|\.)x\.ai$/, "xai", "OpenAI"]
]

const azurePath = /\/openai\/deployments\/([^/]+)\//

const openAi = (kind: ProviderCall["kind"], method: string): Endpoint["call"] => ({ hostname, pathname }) => {
  const deployment = azurePath.exec(pathname)?.[1]
  const [, provider, client] = hosts.find(([host]) => host.test(hostname)) ??
    (deployment === undefined ? ["", "openai", "OpenAI"] : hosts[0]!)
  return {
    kind,
    name: `${client}.${method}`,
    integration: "openai",
    provider,
    model: deployment === undefined ? undefined : decoded(deployment)
  }
}

const anthropic: Endpoint["call"] = (_address, model) => ({
  kind: "llm",
  name: "anthropic.request",
  integration: "anthropic",
  provider: "anthropic",
  model
})

const google = (kind: ProviderCall["kind"]): Endpoint["call"] => (_address, model) => ({
  kind,
  name: "google_genai.request",
  integration: "google_genai",
  provider: "google",
  model
})

/**
 * A call of Amazon Bedrock's runtime by an operation of its client.
 *
 * @category constructors
 * @since 0.2.0
 */
export const ofBedrock = (modelId: string): ProviderCall => ({
  kind: "llm",
  name: "bedrock-runtime.command",
  integration: "bedrock",
  provider: "amazon_bedrock",
  // Cost is estimated by the whole id.
  model: modelId.toLowerCase(),
  isModelFixed: true
})

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// The first group of a path is the model.
const endpoints: ReadonlyArray<Endpoint> = [
  { path: /\/chat\/completions$/, holds: ["messages"], call: openAi("llm", "createChatCompletion") },
  { path: /\/completions$/, holds: ["prompt"], call: openAi("llm", "createCompletion") },
  {
    path: /\/responses$/,
    holds: ["input", "prompt", "previous_response_id", "conversation"],
    call: openAi("llm", "createResponse")
  },
  { path: /\/embeddings$/, holds: ["input"], call: openAi("embedding", "createEmbedding") },
  { path: /\/v1\/messages$/, holds: ["messages"], call: anthropic },
  // Anthropic's models on Google Cloud.
  { path: /\/models\/([^/:]+):(?:r|streamR)awPredict$/, holds: ["messages"], call: anthropic },
  { path: /\/models\/([^/:]+):(?:g|streamG)enerateContent$/, holds: ["contents"], call: google("llm") },
  { path: /\/models\/([^/:]+):embedContent$/, holds: ["content"], call: google("embedding") },
  { path: /\/models\/([^/:]+):batchEmbedContents$/, holds: ["requests"], call: google("embedding") }
]

/**
 * The call that a request to an address is, if the address belongs to a provider. The address alone can deceive: `/responses`
 * is also a path of other services. {@link isRequest} looks at the body.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromAddress = (address: Address): ProviderCall | undefined => {
  const endpoint = endpointOf(address)
  if (endpoint === undefined) return undefined
  const model = endpoint.path.exec(address.pathname)?.[1]
  return endpoint.call(address, model === undefined ? undefined : decoded(model))
}

/**
 * Whether a body is a request to the provider at an address: it names a model, unless the address does, and has a member
 * of such requests.
 *
 * @category guards
 * @since 0.2.0
 */
export const isRequest = (address: Address, body: JsonObject): boolean => {
  const endpoint = endpointOf(address)
  return endpoint !== undefined && endpoint.holds.some((member) => JsonFields.first(body, member) !== undefined) &&
    (JsonFields.text(body, "model") !== undefined || JsonFields.first(body, "prompt") !== undefined ||
      fromAddress(address)?.model !== undefined)
}

/**
 * The parameters that an answer tells, because a request may leave them to the provider: those of OpenAI's responses.
 *
 * @category accessors
 * @since 0.2.0
 */
export const parametersOf = (answer: unknown): JsonObject => {
  const found: { [key: string]: Json } = {}
  if (typeof answer !== "object" || answer === null || !("object" in answer) || answer.object !== "response") {
    return found
  }
  for (const key of answeredParameters) {
    const value = JsonSnapshot.take((answer as { readonly [key: string]: unknown })[key]).value
    if (value !== undefined && value !== null) found[key] = value
  }
  return found
}

const answeredParameters = ["temperature", "top_p", "tool_choice", "truncation", "text"]

const endpointOf = ({ pathname }: Address): Endpoint | undefined => {
  for (const endpoint of endpoints) if (endpoint.path.test(pathname)) return endpoint
  return undefined
}
