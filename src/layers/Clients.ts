/**
 * The clients of model providers, recorded without a change of the program's calls.
 *
 * **Details**
 *
 * `openai` (also for Azure, DeepSeek and other compatible servers), `@anthropic-ai/sdk` and `@google/genai`: chat,
 * responses, messages, content and embeddings, at once and in streams. Each call is one event, with its messages, tools,
 * parameters, token counts, and its error if it failed; attempts of one call are counted in it. No request is changed, and
 * no module, global or dispatcher is patched.
 *
 * A call belongs to the LLM Observability span around it, in effects and in the promises and callbacks that they wait for,
 * and is recorded by the layer that runs. Without one, nothing is recorded.
 *
 * **Example** (A client in an effect)
 *
 * ```ts
 * import * as Clients from "effect-llmobs/Clients"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 * import OpenAI from "openai"
 *
 * const openai = Clients.wrap(new OpenAI())
 *
 * export const answer = (question: string) =>
 *   Effect.tryPromise(() => openai.responses.create({ model: "gpt-5", input: question })).pipe(
 *     Effect.map((response) => response.output_text),
 *     LLMObs.workflow("support")
 *   )
 * ```
 *
 * @since 0.2.0
 */
import * as ClientOptions from "../adapters/client-fetch/ClientOptions.ts"
import * as ObservedFetch from "../adapters/client-fetch/ObservedFetch.ts"
import * as RunningLayers from "../engine/context/RunningLayers.ts"
import type { Capture } from "../engine/record/Capture.ts"

/**
 * The options of recorded clients.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  /**
   * The sides whose content is recorded. Default: both. Model, parameters, token counts and errors are recorded always.
   */
  readonly capture?:
    | boolean
    | { readonly input?: boolean | undefined; readonly output?: boolean | undefined }
    | undefined
}

const captureOf = (options: Options | undefined): Capture => {
  const { capture = true } = options ?? {}
  return typeof capture === "boolean"
    ? { input: capture, output: capture }
    : { input: capture.input ?? true, output: capture.output ?? true }
}

/**
 * A client whose calls are recorded, of the same type and with the same options. It has an observed `fetch` option around
 * its own.
 *
 * **Details**
 *
 * Clients of OpenAI and Anthropic are copied by their `withOptions`: properties that were set on the client after it was made
 * are not copied. A client of Google is changed in its own `httpOptions`. Lowest releases: `openai` 5.0.1,
 * `@anthropic-ai/sdk` 0.51, `@google/genai` 2.23. A client without these options is returned as it is, and a warning says
 * so once.
 *
 * @category constructors
 * @since 0.2.0
 */
export const wrap = <C extends object>(client: C, options?: Options): C => {
  let observed: C | undefined
  try {
    observed = ClientOptions.observe(client, captureOf(options))
  } catch {
    // A client that cannot be copied is used as it is.
  }
  if (observed === undefined) {
    const name = nameOf(client)
    RunningLayers.warnOnce(
      `client:${name}`,
      `Clients.wrap cannot record a client of the class ${name}: it takes no fetch option after it is made. Its calls work and are not recorded. Upgrade it (openai 5.0.1, @anthropic-ai/sdk 0.51, @google/genai 2.23 are the lowest), or give it Clients.observedFetch() where it is made. See docs/integrations.md.`
    )
  }
  return observed ?? client
}

const nameOf = (client: unknown): string => {
  try {
    const { name } = (client as { readonly constructor: { readonly name: string } }).constructor
    return /^\w{1,64}$/.test(name) ? name : "unknown"
  } catch {
    return "unknown"
  }
}

/**
 * A `fetch` that records the calls of model providers that pass through it, for clients that take one where they are made.
 * It calls `fetch`, by default that of the process.
 *
 * @category constructors
 * @since 0.2.0
 */
export const observedFetch = (
  options?: Options & { readonly fetch?: typeof globalThis.fetch | undefined }
): typeof globalThis.fetch =>
  ObservedFetch.make(options?.fetch ?? ((input, init) => globalThis.fetch(input, init)), {
    capture: captureOf(options),
    maxRetries: () => 0
  })
