/**
 * A small server that speaks OpenAI's chat completions API, streams included, so that the real `openai` client has
 * somebody to talk to without a key or a network. It stands for something outside: it knows nothing of the program.
 *
 * As a model it is modest. Offered tools and not yet served by one, it asks for `track_parcel` with the parcel number of
 * the question; else it makes a sentence of the tool's result.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Buffer } from "node:buffer"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import type OpenAI from "openai"

type Message = OpenAI.ChatCompletionMessageParam

// Between two chunks of a stream, so that a stream takes its time.
const pauseMillis = 2

const created = 1_767_225_600

const textOf = (message: Message | undefined): string => typeof message?.content === "string" ? message.content : ""

const tokens = (text: string): number => Math.ceil(text.length / 4)

const usage = (messages: ReadonlyArray<Message>, completion: string): OpenAI.CompletionUsage => {
  const prompt_tokens = messages.reduce((sum, message) => sum + 4 + tokens(textOf(message)), 0)
  const completion_tokens = tokens(completion)
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}

const sentence = (messages: ReadonlyArray<Message>): string => {
  const last = messages.at(-1)
  if (last?.role !== "tool") return "Tell me the number of your parcel, please: it starts with PX."
  const found = JSON.parse(textOf(last)) as { readonly [key: string]: string }
  return `Your parcel ${found["parcel"]} is ${found["status"]} (${found["place"]}); expected: ${found["expected"]}. ` +
    "Is there anything else that I can do for you?"
}

const reply = (request: OpenAI.ChatCompletionCreateParams): OpenAI.ChatCompletionMessage => {
  const last = request.messages.at(-1)
  const parcel = /PX-\d{4}/.exec(textOf(last))?.[0]
  const asks = last?.role === "user" && parcel !== undefined && (request.tools ?? []).length > 0
  return asks
    ? {
      role: "assistant",
      content: null,
      refusal: null,
      tool_calls: [{
        id: `call_${parcel.replace("-", "")}`,
        type: "function",
        function: { name: "track_parcel", arguments: JSON.stringify({ parcel }) }
      }]
    }
    : { role: "assistant", content: sentence(request.messages), refusal: null }
}

const json = (response: Http.ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

const refuse = (response: Http.ServerResponse, status: number, code: string, message: string): void =>
  json(response, status, { error: { message, type: "invalid_request_error", param: null, code } })

const complete = (id: string, request: OpenAI.ChatCompletionCreateParams): OpenAI.ChatCompletion => {
  const message = reply(request)
  const said = message.content ?? JSON.stringify(message.tool_calls)
  return {
    id,
    object: "chat.completion",
    created,
    model: request.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: message.tool_calls ? "tool_calls" : "stop" }],
    usage: usage(request.messages, said)
  }
}

const chunks = (id: string, request: OpenAI.ChatCompletionCreateParams): Array<OpenAI.ChatCompletionChunk> => {
  const text = sentence(request.messages)
  const chunk = (
    choices: Array<OpenAI.ChatCompletionChunk.Choice>,
    used: OpenAI.CompletionUsage | null
  ): OpenAI.ChatCompletionChunk => ({
    id,
    object: "chat.completion.chunk",
    created,
    model: request.model,
    choices,
    usage: used
  })
  const choice = (
    delta: OpenAI.ChatCompletionChunk.Choice.Delta,
    finish_reason: "stop" | null = null
  ): Array<OpenAI.ChatCompletionChunk.Choice> => [{ index: 0, delta, logprobs: null, finish_reason }]
  return [
    chunk(choice({ role: "assistant", content: "" }), null),
    ...(text.match(/(?:\S+\s*){1,4}/g) ?? []).map((content) => chunk(choice({ content }), null)),
    chunk(choice({}, "stop"), null),
    ...(request.stream_options?.include_usage === true ? [chunk([], usage(request.messages, text))] : [])
  ]
}

const stream = (response: Http.ServerResponse, rest: Array<OpenAI.ChatCompletionChunk>): void => {
  if (response.destroyed) return
  const next = rest.shift()
  if (next === undefined) {
    response.end("data: [DONE]\n\n")
    return
  }
  response.write(`data: ${JSON.stringify(next)}\n\n`)
  setTimeout(() => stream(response, rest), pauseMillis)
}

const parse = (body: string): OpenAI.ChatCompletionCreateParams | undefined => {
  try {
    const request = JSON.parse(body) as Partial<OpenAI.ChatCompletionCreateParams> | null
    return typeof request?.model === "string" && Array.isArray(request.messages)
      ? request as OpenAI.ChatCompletionCreateParams
      : undefined
  } catch {
    return undefined
  }
}

const answer = (id: string, request: Http.IncomingMessage, response: Http.ServerResponse, body: string): void => {
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    return refuse(response, 404, "unknown_url", `Unknown request URL: ${request.method} ${request.url}.`)
  }
  if (!/^Bearer \S+$/.test(request.headers.authorization ?? "")) {
    return refuse(response, 401, "invalid_api_key", "You didn't provide an API key.")
  }
  const params = parse(body)
  if (params === undefined) {
    return refuse(response, 400, "invalid_json", "The body must be JSON with a model and messages.")
  }
  if (params.stream !== true) return json(response, 200, complete(id, params))
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" })
  stream(response, chunks(id, params))
}

const listen: Effect.Effect<Http.Server> = Effect.callback((resume) => {
  let served = 0
  const server = Http.createServer((request, response) => {
    const id = `chatcmpl-${++served}`
    const parts: Array<Buffer> = []
    request.on("data", (part: Buffer) => parts.push(part))
    request.on("end", () => answer(id, request, response, Buffer.concat(parts).toString("utf8")))
  })
  server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.succeed(server)))
})

const close = (server: Http.Server): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

/** Starts the server on a free port; gives the address that the client needs: `http://127.0.0.1:<port>/v1`. */
export const start: Effect.Effect<string, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(listen, close),
  (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
)
