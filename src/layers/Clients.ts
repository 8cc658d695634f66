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
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClientOptions from "../adapters/client-fetch/ClientOptions.ts"
import * as ObservedFetch from "../adapters/client-fetch/ObservedFetch.ts"
import * as CallCapture from "../engine/call/CallCapture.ts"
import * as RunningLayers from "../engine/context/RunningLayers.ts"

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
  RunningLayers.lookForFibers()
  try {
    observed = ClientOptions.observe(client, CallCapture.read(options))
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
): typeof globalThis.fetch => {
  RunningLayers.lookForFibers()
  return ObservedFetch.make(options?.fetch ?? ((input, init) => globalThis.fetch(input, init)), {
    capture: CallCapture.read(options),
    maxRetries: () => 0
  })
}

/**
 * Records the calls of every client in the process that uses Node's `fetch` or undici, without a line for each: it listens to
 * the channels on which undici publishes its requests. Provide it beside the layer of LLM Observability.
 *
 * **Details**
 *
 * It needs Node 24.4 or later: earlier releases, and other runtimes, publish no bodies. There it records nothing, and says
 * once what to do. A client that is wrapped, and a call that an adapter or a span of the program describes, has one event.
 *
 * The LLM Observability layer that it is provided with is the one whose calls it records, with its own `capture`. Where it is
 * merged with that layer instead, it takes the calls of every layer of the process that has none of its own.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<never> = Layer.suspend(() => layerWith({}))

/**
 * {@link layer} with options.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerWith = (options: Options): Layer.Layer<never> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("../adapters/undici/RequestChannels.ts").catch(() => undefined)),
      (channels) => {
        const onNoBodies = () => RunningLayers.warnOnce("clients:bodies", withoutBodies)
        if (channels === undefined || !channels.mayHaveBodies()) onNoBodies()
        if (channels === undefined) return Layer.empty
        RunningLayers.lookForFibers()
        return Layer.effectDiscard(Effect.acquireRelease(
          Effect.contextWith((context) =>
            Effect.sync(() =>
              channels.listen({
                capture: CallCapture.read(options),
                layer: RunningLayers.ofContext(context),
                onNoBodies
              })
            )
          ),
          (stop) => Effect.sync(stop)
        ))
      }
    )
  )

const withoutBodies =
  "Clients.layer records nothing here: this runtime does not publish the bodies of requests. Use Node 24.4 or later, or Clients.wrap(client). See docs/integrations.md."
