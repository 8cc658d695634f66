/**
 * Clients of providers in several releases, behind one way to ask them.
 */

/** A request, in the terms that all clients share. */
export interface Ask {
  readonly text: string
  readonly isStream?: boolean
  readonly hasTool?: boolean
  /** Leaves a stream after its first part. */
  readonly leaves?: boolean
  /** The milliseconds that the client waits for an answer. */
  readonly timeout?: number
}

export interface Speaker {
  /** The name under which the package is installed. */
  readonly package: string
  readonly version: string
  readonly event: string
  readonly integration: string
  readonly provider: string
  readonly model: string
  /** Whether the client tries again by itself. */
  readonly retries: boolean
  /** Whether the client cancels a stream that the program leaves. Google's keeps the connection, and says nothing. */
  readonly cancels: boolean
  readonly make: (origin: string) => Promise<object>
  readonly ask: (client: never, ask: Ask) => Promise<unknown>
}

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }

const read = async (answer: unknown, { isStream = false, leaves = false }: Ask): Promise<void> => {
  if (!isStream) return
  for await (const _ of answer as AsyncIterable<unknown>) if (leaves) break
}

const optionsOf = ({ timeout }: Ask): object => timeout === undefined ? {} : { timeout }

interface Chat {
  readonly chat: { readonly completions: { readonly create: (body: object, options?: object) => Promise<unknown> } }
}

interface Responses {
  readonly responses: { readonly create: (body: object, options?: object) => Promise<unknown> }
}

interface Messages {
  readonly messages: { readonly create: (body: object, options?: object) => Promise<unknown> }
}

interface Content {
  readonly models: {
    readonly generateContent: (body: object) => Promise<unknown>
    readonly generateContentStream: (body: object) => Promise<unknown>
  }
}

type Made = new(options: object) => object

const openai = (name: string, version: string): ReadonlyArray<Speaker> => {
  const shared = {
    package: name,
    version,
    integration: "openai",
    provider: "openai",
    model: "gpt-5-2026-01-01",
    retries: true,
    cancels: true,
    make: async (origin: string) => {
      const { default: OpenAI } = await import(name) as { readonly default: Made }
      return new OpenAI({ apiKey: "k", baseURL: `${origin}/v1` })
    }
  }
  return [
    {
      ...shared,
      event: "OpenAI.createChatCompletion",
      ask: async (client: Chat, ask) =>
        read(
          await client.chat.completions.create({
            model: "gpt-5",
            messages: [{ role: "user", content: ask.text }],
            ...(ask.isStream === true ? { stream: true, stream_options: { include_usage: true } } : {}),
            ...(ask.hasTool === true
              ? { tools: [{ type: "function", function: { name: "weather", parameters: schema } }] }
              : {})
          }, optionsOf(ask)),
          ask
        )
    },
    {
      ...shared,
      event: "OpenAI.createResponse",
      ask: async (client: Responses, ask) =>
        read(
          await client.responses.create({
            model: "gpt-5",
            input: ask.text,
            ...(ask.isStream === true ? { stream: true } : {}),
            ...(ask.hasTool === true
              ? { tools: [{ type: "function", name: "weather", parameters: schema, strict: false }] }
              : {})
          }, optionsOf(ask)),
          ask
        )
    }
  ] as ReadonlyArray<Speaker>
}

const anthropic = (name: string, version: string): Speaker => ({
  package: name,
  version,
  event: "anthropic.request",
  integration: "anthropic",
  provider: "anthropic",
  model: "claude-opus-5-20260901",
  retries: true,
  cancels: true,
  make: async (origin) => {
    const { default: Anthropic } = await import(name) as { readonly default: Made }
    return new Anthropic({ apiKey: "k", baseURL: origin })
  },
  ask: async (client: Messages, ask) =>
    read(
      await client.messages.create({
        model: "claude-opus-5",
        max_tokens: 100,
        messages: [{ role: "user", content: ask.text }],
        ...(ask.isStream === true ? { stream: true } : {}),
        ...(ask.hasTool === true ? { tools: [{ name: "weather", input_schema: schema }] } : {})
      }, optionsOf(ask)),
      ask
    )
})

const google = (name: string, version: string): Speaker => ({
  package: name,
  version,
  event: "google_genai.request",
  integration: "google_genai",
  provider: "google",
  model: "gemini-3-pro-001",
  retries: false,
  cancels: false,
  make: async (origin) => {
    const { GoogleGenAI } = await import(name) as { readonly GoogleGenAI: Made }
    return new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: origin } })
  },
  ask: async ({ models }: Content, ask) =>
    read(
      await models[ask.isStream === true ? "generateContentStream" : "generateContent"]({
        model: "gemini-3-pro",
        contents: ask.text,
        config: {
          ...(ask.timeout === undefined ? {} : { httpOptions: { timeout: ask.timeout } }),
          ...(ask.hasTool === true
            ? { tools: [{ functionDeclarations: [{ name: "weather", parametersJsonSchema: schema }] }] }
            : {})
        }
      }),
      ask
    )
})

export const speakers: ReadonlyArray<Speaker> = [
  ...openai("openai-lowest", "5.0.1"),
  ...openai("openai", "7.59.0"),
  anthropic("anthropic-lowest", "0.51.0"),
  anthropic("anthropic-0.60", "0.60.0"),
  anthropic("@anthropic-ai/sdk", "1.14.0"),
  google("google-genai-lowest", "2.23.0"),
  google("@google/genai", "3.3.0")
]

/** Releases that have no option for a `fetch` after the client is made. */
export const tooOld: ReadonlyArray<Speaker> = [
  openai("openai-too-old", "4.104.0")[0]!,
  google("google-genai-too-old", "2.22.0")
]
