/**
 * A local server that speaks the wires of OpenAI, Anthropic and Google, on a free port of loopback.
 *
 * **Details**
 *
 * It answers `You said: <the text of the user>`, or calls the first tool that a request offers until the request holds
 * the tool's result. `Directives` lists the instructions that a text can have, to make the server fail, think, or
 * break a stream.
 */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import * as AnthropicMessages from "./AnthropicMessages.ts"
import * as Arguments from "./Arguments.ts"
import * as Directives from "./Directives.ts"
import * as GeminiContent from "./GeminiContent.ts"
import * as OpenAiChat from "./OpenAiChat.ts"
import * as OpenAiEmbeddings from "./OpenAiEmbeddings.ts"
import * as OpenAiResponses from "./OpenAiResponses.ts"
import type { Fields, Question, Reply, ServerEvent, Wire } from "./Wire.ts"

const wires: ReadonlyArray<Wire> = [
  OpenAiChat.wire,
  OpenAiResponses.wire,
  OpenAiEmbeddings.wire,
  AnthropicMessages.wire,
  GeminiContent.wire
]

/** The end of a path that a redirect leads to. */
const moved = "/moved"

/** A request as it came. */
export interface SeenRequest {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

export interface ProviderServer {
  /** The base URL for a client of OpenAI. */
  readonly openai: string
  /** The base URL for a client of Anthropic or Google, and the endpoint for one of Azure. */
  readonly origin: string
  /** The requests so far. */
  readonly requests: Array<SeenRequest>
  /** Closes the server, and the connections that are open. */
  readonly close: () => Promise<void>
}

export interface Options {
  /** Makes the text of an answer. Default: `You said: <text>`. */
  readonly answer?: ((question: string) => string) | undefined
}

export const start = async ({ answer = (question) => `You said: ${question}` }: Options = {}): Promise<
  ProviderServer
> => {
  const requests: Array<SeenRequest> = []
  const attempts = new Map<string, number>()

  const respond = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const text = await read(request)
    const url = new URL(request.url ?? "/", "http://localhost")
    requests.push({ path: `${url.pathname}${url.search}`, headers: request.headers, text })
    const pathname = url.pathname.endsWith(moved) ? url.pathname.slice(0, -moved.length) : url.pathname
    const wire = wires.find((wire) => wire.matches(pathname))
    const body = parse(text)
    if (wire === undefined || body === undefined) return send(response, 404, { error: { message: "Not found" } })
    const question = wire.question(pathname, body)
    const directives = Directives.read(question.text)
    if (directives.moved !== undefined && pathname === url.pathname) {
      return send(response, directives.moved, {}, { location: `${pathname}${moved}${url.search}` })
    }
    const attempt = (attempts.get(text) ?? 0) + 1
    attempts.set(text, attempt)
    if (directives.status !== undefined && attempt <= directives.failures) {
      return send(response, directives.status, wire.failure(directives.status, "The local server failed, as asked."), {
        ...wire.headers,
        "retry-after-ms": "1"
      })
    }
    if (directives.isStalling && attempt === 1) return
    const reply = replyTo(question, directives, answer)
    if (!question.isStream) return sendWhole(response, wire.whole(question, reply), wire, directives, request)
    await sendEvents(response, wire.stream(question, reply), wire, directives, request)
  }

  const server = http.createServer({ keepAliveTimeout: 0 }, (request, response) => {
    // A client that goes away ends its request.
    respond(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    openai: `${origin}/v1`,
    origin,
    requests,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => error === undefined ? resolve() : reject(error))
        server.closeAllConnections()
      })
  }
}

const replyTo = (
  question: Question,
  { isThinking }: Directives.Directives,
  answer: (question: string) => string
): Reply => {
  const tool = question.hasToolResult ? undefined : question.tools[0]
  return {
    text: answer(Directives.remove(question.text)),
    thought: isThinking ? "The user wants an answer." : undefined,
    call: tool === undefined ? undefined : { name: tool.name, arguments: Arguments.of(tool.schema) }
  }
}

const read = async (request: http.IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

const parse = (text: string): Fields | undefined => {
  try {
    return JSON.parse(text) as Fields
  } catch {
    return undefined
  }
}

const send = (
  response: http.ServerResponse,
  status: number,
  body: Fields,
  headers: { readonly [name: string]: string } = {}
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

const isCompressed = (request: http.IncomingMessage, directives: Directives.Directives): boolean =>
  directives.isCompressed && String(request.headers["accept-encoding"]).includes("gzip")

const sendWhole = async (
  response: http.ServerResponse,
  body: Fields,
  wire: Wire,
  directives: Directives.Directives,
  request: http.IncomingMessage
): Promise<void> => {
  await setTimeout(directives.delay)
  if (directives.isHanging) return
  const compressed = isCompressed(request, directives)
  const text = Buffer.from(JSON.stringify(body))
  const bytes = compressed ? gzipSync(text) : text
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": bytes.length,
    ...(compressed ? { "content-encoding": "gzip" } : {}),
    ...wire.headers
  })
  if (!directives.isCut) return void response.end(bytes)
  response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
}

const sendEvents = async (
  response: http.ServerResponse,
  events: ReadonlyArray<ServerEvent>,
  wire: Wire,
  directives: Directives.Directives,
  request: http.IncomingMessage
): Promise<void> => {
  const compressed = isCompressed(request, directives)
  const ends = directives.isCut || directives.isHanging ? Math.ceil(events.length / 2) : events.length
  const texts = events.slice(0, ends).map(eventText)
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    ...(compressed ? { "content-encoding": "gzip" } : {}),
    ...wire.headers
  })
  if (compressed) return void response.end(gzipSync(texts.join("")))
  for (const text of texts) {
    if (directives.delay > 0) await setTimeout(directives.delay)
    await new Promise<void>((resolve, reject) =>
      response.write(text, (error) => error instanceof Error ? reject(error) : resolve())
    )
  }
  if (directives.isHanging) return
  if (directives.isCut) response.destroy()
  else response.end()
}

const eventText = ({ data, event }: ServerEvent): string =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`
