/**
 * One side of a model call, in any shape of providers and frameworks: a request or an answer, messages, parts of
 * messages, texts, the chunks of a stream, and lists of those.
 *
 * **Details**
 *
 * The first dialect of the table that knows a shape reads it. A value without a dialect is recorded as its JSON text,
 * with a problem `unknown_shape`. An unreadable item is left out alone. No value makes it throw.
 *
 * ```ts import.meta.vitest
 * import { Exchange } from "effect-llmobs/core"
 *
 * const answer = Exchange.read({
 *   model: "gpt-5",
 *   choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello" } }],
 *   usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 }
 * }, "output").value
 * answer.messages // => [{ content: "Hello", role: "assistant" }]
 * answer.metrics // => { input_tokens: 9, output_tokens: 1, total_tokens: 10 }
 * answer.model // => "gpt-5"
 * answer.finishReasons // => ["stop"]
 * ```
 *
 * @since 0.2.0
 */
import type { ToolDefinition } from "../content/ToolDefinition.ts"
import type { Message } from "../content/Transcript.ts"
import { Transcript } from "../content/Transcript.ts"
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as JsonText from "../json/JsonText.ts"
import * as Problem from "../Problem.ts"
import * as ChatMessage from "./ChatMessage.ts"
import type { Request, Response } from "./Dialect.ts"
import * as Dialects from "./Dialects.ts"
import * as LangChain from "./LangChain.ts"
import * as Tools from "./Tools.ts"
import * as Usage from "./Usage.ts"

/**
 * The side of a call. A message without a role is the user's in an input and the assistant's in an output.
 *
 * @category models
 * @since 0.2.0
 */
export type Side = "input" | "output"

/**
 * The content of one side: for an input the messages, the tools and the parameters; for an output the messages, the
 * token counts and the finish reasons.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reading {
  /** `undefined` if there are none, which sets nothing. */
  readonly messages: ReadonlyArray<Message> | undefined
  readonly metrics: { readonly [key: string]: number } | undefined
  readonly toolDefinitions: ReadonlyArray<ToolDefinition> | undefined
  readonly parameters: JsonObject | undefined
  readonly model: string | undefined
  /** The id that the provider gave its answer. */
  readonly id: string | undefined
  readonly finishReasons: ReadonlyArray<string>
}

const nothing: Reading = {
  messages: undefined,
  metrics: undefined,
  toolDefinitions: undefined,
  parameters: undefined,
  model: undefined,
  id: undefined,
  finishReasons: []
}

/**
 * Reads one side of a call. `path` names it in problems.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (value: unknown, side: Side, path: string = side): Measured<Reading> => {
  const messages = chat(value)
  if (messages !== undefined) return messages
  const snapshot = JsonSnapshot.take(value, JsonText.limits, path)
  if (snapshot.value === undefined) return { value: nothing, bytes: 0, problems: snapshot.problems }
  const plain = plainMessages(snapshot.value, side)
  if (plain !== undefined) {
    return {
      value: { ...nothing, messages: plain },
      bytes: snapshot.bytes + plain.length * plainBytes,
      problems: snapshot.problems
    }
  }
  const reading = new SideReader(side, path, snapshot.problems)
  reading.side(snapshot.value)
  return reading.end(snapshot.bytes)
}

const defaultRole = { input: "user", output: "assistant" } as const

// The two most common shapes need no table: texts, and messages with a role and a text.
const plainMessages = (json: Json, side: Side): ReadonlyArray<Message> | undefined => {
  if (typeof json === "string") return [{ content: json, role: defaultRole[side] }]
  if (!JsonSnapshot.isArray(json) || json.length === 0 || isPair(json)) return undefined
  const messages: Array<Message> = []
  for (let i = 0; i < json.length; i++) {
    const item = json[i]!
    if (typeof item === "string") messages.push({ content: item, role: defaultRole[side] })
    else if (ChatMessage.isPlain(item)) messages.push({ content: item.content, role: item.role })
    else return undefined
  }
  return messages
}

// The most common shape needs no snapshot either: a list of messages that are plain before they are copied. Anything
// else, also a value that throws, is read again by the rules of a snapshot.
const chat = (value: unknown): Measured<Reading> | undefined => {
  try {
    // A proxy that was revoked throws even here.
    if (!Array.isArray(value)) return undefined
    const count = value.length
    if (count === 0 || count > mostChat || "toJSON" in value) {
      return undefined
    }
    const messages: Array<Message> = []
    let left = JsonText.limits.characters
    let bytes = 2
    for (let i = 0; i < count; i++) {
      const message = ChatMessage.plain(value[i])
      if (message === undefined) return undefined
      left -= message.content.length + chatBytes
      if (left < 0) return undefined
      bytes += chatBytes + plainBytes + JsonSnapshot.textBytes(message.role) + JsonSnapshot.textBytes(message.content)
      messages.push(message)
    }
    return { value: { ...nothing, messages }, bytes, problems: Problem.none }
  } catch {
    return undefined
  }
}

// A longer list is rare, and its snapshot is not what it costs.
const mostChat = 1_000

// The braces, the comma and both keys of a message, as a snapshot counts them.
const chatBytes = 77

// The keys, quotes and role of a message made of a text.
const plainBytes = 96

// The quotes, the colon and the longest number.
const metricBytes = 32

// Ten problems are enough to find the mistake.
const mostProblems = 10

// In the event, parameters sit one level below `meta`.
const parameterDepth = JsonSnapshot.defaultLimits.depth - 1

// Lists within lists: a batch of conversations.
const deepestList = 4

class SideReader {
  private readonly into = new Transcript()
  private readonly problems: Array<Problem.Problem>
  private readonly reader: ChatMessage.Reader
  private readonly isOutput: boolean
  private readonly tools: Array<ToolDefinition> = []
  private metrics: { readonly [key: string]: number } | undefined
  private parameters: JsonObject | undefined
  private model: string | undefined
  private id: string | undefined
  private readonly reasons = new Set<string>()
  /** The role of the last item if it was a part without a message. The next part can belong to it. */
  private loose: string | undefined

  constructor(side: Side, path: string, problems: ReadonlyArray<Problem.Problem>) {
    this.problems = [...problems]
    this.isOutput = side === "output"
    const at: Array<string | number> = []
    const report = (code: Problem.ProblemCode, message: string): void => {
      if (this.problems.length >= mostProblems) return
      const place = at.reduce<string>((to, key) => typeof key === "number" ? `${to}[${key}]` : `${to}.${key}`, path)
      this.problems.push(Problem.make(code, message, place))
    }
    this.reader = {
      into: this.into,
      role: defaultRole[side],
      path: at,
      unknown: () =>
        report(
          "unknown_shape",
          "The value has no known shape and is recorded as JSON text. Give a text, messages such as { role, content }, or the request or the answer of a provider unchanged."
        ),
      wrong: (message) => report("invalid_io_messages", message)
    }
  }

  side(json: Json): void {
    const join = this.isOutput && JsonSnapshot.isArray(json) ? Dialects.joinOfStream(json) : undefined
    if (join === undefined) return this.item(json, 0)
    for (const chunk of json as ReadonlyArray<Json>) if (JsonSnapshot.isObject(chunk)) join.add(chunk)
    this.item(join.end(), 0)
  }

  end(bytes: number): Measured<Reading> {
    const { id, into, metrics, model, parameters, problems, tools } = this
    if (metrics !== undefined) { for (const name of Object.keys(metrics)) into.bytes += name.length * 6 + metricBytes }
    const messages = into.messages as ReadonlyArray<Message>
    return {
      value: {
        messages: messages.length === 0 ? undefined : messages,
        metrics,
        toolDefinitions: tools.length === 0 ? undefined : tools,
        parameters,
        model,
        id,
        finishReasons: [...this.reasons]
      },
      bytes: (into.rendered ? bytes * 2 : bytes) + into.bytes,
      problems
    }
  }

  private list(items: ReadonlyArray<Json>, depth: number): void {
    if (isPair(items)) return this.message({ role: items[0], content: items[1] })
    for (let i = 0; i < items.length; i++) {
      this.reader.path.push(i)
      this.item(items[i]!, depth)
      this.reader.path.pop()
    }
  }

  private item(json: Json, depth: number): void {
    if (typeof json === "string") return this.message({ role: this.reader.role, content: json })
    if (json === null) {
      return this.reader.wrong(
        "A message must be a text or an object such as { role, content }, but is null. It is left out."
      )
    }
    if (JsonSnapshot.isArray(json) && depth < deepestList) return this.list(json, depth + 1)
    if (!JsonSnapshot.isObject(json)) return this.part(json)
    if (typeof json["role"] === "string" && typeof json["content"] === "string") return this.message(json)
    // An answer among the messages of an input belongs to an earlier call, so it is read as a message.
    const response = Dialects.firstOf((dialect) => dialect.response?.(json))
    if (response !== undefined) return this.response(response)
    const request = depth > 0 ? undefined : Dialects.firstOf((dialect) => dialect.request?.(json))
    if (request !== undefined) return this.request(request)
    this.inner(json)
  }

  private response(response: Response): void {
    if (this.isOutput) {
      this.metrics = Usage.sum(this.metrics, Usage.ofAnswer(response.usage))
      this.model ??= response.model
      this.id ??= response.id
      for (const reason of response.finishReasons) this.reasons.add(reason)
    }
    for (const item of response.output) this.inner(item)
  }

  private request(request: Request): void {
    this.model ??= request.model
    const parameters = JsonSnapshot.flatten(request.parameters, parameterDepth) as JsonObject
    if (Object.keys(parameters).length > 0) this.parameters = parameters
    this.tools.push(...Tools.read(request.tools))
    this.into.rendered ||= parameters !== request.parameters || this.tools.length > 0
    if (request.system !== undefined) {
      const isMessage = JsonSnapshot.isObject(request.system) && ChatMessage.isMessage(request.system)
      this.message({ ...(isMessage ? request.system as JsonObject : { content: request.system }), role: "system" })
    }
    for (const item of JsonSnapshot.isArray(request.input) ? request.input : [request.input]) this.inner(item)
  }

  // An item of a request or an answer is never itself a whole request or answer.
  private inner(json: Json): void {
    if (typeof json === "string") return this.message({ role: this.reader.role, content: json })
    if (JsonSnapshot.isArray(json)) return this.list(json, 1)
    if (!JsonSnapshot.isObject(json)) return this.part(json)
    const message = Dialects.firstOf((dialect) => dialect.message?.(json))
    if (message !== undefined) return this.message(message)
    if (isBareMessage(json)) return this.message(json)
    this.part(json)
  }

  private message(message: JsonObject): void {
    this.loose = undefined
    const reason = this.isOutput ? message["finish_reason"] : undefined
    if (typeof reason === "string") this.reasons.add(reason)
    ChatMessage.read(message, this.reader)
  }

  private part(json: Json): void {
    const role = isOfModel(json) ? "assistant" : this.reader.role
    if (this.loose !== role) this.into.begin(role)
    this.loose = role
    ChatMessage.part(json, this.reader)
  }
}

// A call or a thought belongs to the model, on either side.
const isOfModel = (json: Json): boolean =>
  ofModel.test(JsonFields.text(json, "type") ?? "") || JsonFields.object(json, "functionCall", "toolUse") !== undefined

const ofModel = /(?:[_-]call|tool_use|reasoning|thinking)$/

// An object with another type than `message` and without a role is a part of a message.
const isBareMessage = (json: JsonObject): boolean =>
  Object.keys(json).length === 0 || (ChatMessage.isMessage(json) &&
    (json["type"] === undefined || json["type"] === null || json["type"] === "message" || json["role"] !== undefined))

// LangChain's short form of a message.
const isPair = (items: ReadonlyArray<Json>): items is readonly [string, string] =>
  items.length === 2 && typeof items[0] === "string" && typeof items[1] === "string" &&
  (LangChain.roleOf(items[0]) !== undefined || items[0] === "user" || items[0] === "assistant")
