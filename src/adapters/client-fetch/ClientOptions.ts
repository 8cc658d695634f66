/**
 * The `fetch` option of provider clients that exist already.
 */
import * as ObservedFetch from "./ObservedFetch.ts"

type Fetch = typeof globalThis.fetch

/** Clients of OpenAI and Anthropic: a copy takes other options. */
interface Copied {
  readonly withOptions: (options: { readonly fetch: Fetch }) => Copied
  readonly fetch?: unknown
  readonly maxRetries?: unknown
}

/** The client of Google, whose options are in an object that it asks at each call. */
interface Asked {
  readonly apiClient: {
    readonly getFetch: () => Fetch | undefined
    readonly clientOptions: { httpOptions?: { readonly fetch?: Fetch; readonly retryOptions?: { attempts?: number } } }
  }
}

/** A client with an observed `fetch`; `undefined` if it has no such option. It can throw what the client throws. */
export const observe = <C>(client: C, capture: ObservedFetch.Options["capture"]): C | undefined => {
  if (typeof client !== "object" || client === null) return undefined
  return isCopied(client)
    ? copied(client, capture) as C | undefined
    : isAsked(client)
    ? asked(client, capture)
    : undefined
}

const isCopied = (client: object): client is Copied =>
  "withOptions" in client && typeof client.withOptions === "function"

const copied = (client: Copied, capture: ObservedFetch.Options["capture"]): Copied | undefined => {
  const inner = client.fetch
  if (typeof inner !== "function") return undefined
  if (ObservedFetch.isObserved(inner as Fetch)) return client
  const fetch = ObservedFetch.make(inner as Fetch, {
    capture,
    maxRetries: () => typeof client.maxRetries === "number" ? client.maxRetries : 0
  })
  const copy = client.withOptions({ fetch })
  return copy.fetch === fetch ? copy : undefined
}

const isAsked = (client: object): client is Asked => {
  const { apiClient } = client as { readonly apiClient?: Partial<Asked["apiClient"]> }
  return typeof apiClient?.getFetch === "function" && typeof apiClient.clientOptions === "object"
}

// Releases before the option have no `getFetch`, and would ignore it without a word.
const asked = <C extends Asked>(client: C, capture: ObservedFetch.Options["capture"]): C | undefined => {
  const { apiClient } = client
  const { clientOptions } = apiClient
  const inner = apiClient.getFetch()
  if (inner !== undefined && ObservedFetch.isObserved(inner)) return client
  const fetch = ObservedFetch.make(inner ?? ((input, init) => globalThis.fetch(input, init)), {
    capture,
    maxRetries: () => {
      const retries = clientOptions.httpOptions?.retryOptions
      return retries === undefined ? 0 : (retries.attempts ?? defaultAttempts) - 1
    }
  })
  clientOptions.httpOptions = { ...clientOptions.httpOptions, fetch }
  return apiClient.getFetch() === fetch ? client : undefined
}

const defaultAttempts = 5
