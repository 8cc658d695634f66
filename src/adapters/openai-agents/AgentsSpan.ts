/**
 * Traces and spans of OpenAI Agents, as spans here take them. Any member can be missing or of another type.
 */
import { member, text } from "../../domain/json/UnknownFields.ts"
import * as Exchange from "../../domain/provider/Exchange.ts"
import * as ProviderCall from "../../domain/provider/ProviderCall.ts"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"

/** A trace: a run, or what the program puts around several. */
export interface AgentsTrace {
  readonly traceId?: unknown
  readonly name?: unknown
  readonly groupId?: unknown
  readonly metadata?: unknown
}

/** A span. Its data is whole when it ends. */
export interface AgentsSpan {
  readonly traceId?: unknown
  readonly spanId?: unknown
  readonly parentId?: unknown
  readonly spanData?: unknown
  readonly error?: unknown
  readonly startedAt?: unknown
  readonly endedAt?: unknown
  /** The current span when this one became it. */
  readonly previousSpan?: unknown
}

/** The type of a span. */
export const typeOf = (span: AgentsSpan): string => text(member(span.spanData, "type")) ?? ""

// Those of Datadog's tracer. Tasks and turns, which repeat the token counts of their calls, are left out as there.
const kinds: ReadonlyMap<string, SpanKind> = new Map([
  ["agent", "agent"],
  ["function", "tool"],
  ["handoff", "tool"],
  ["guardrail", "task"],
  ["custom", "task"],
  ["generation", "llm"],
  ["response", "llm"]
])

/** The kind of a span. `undefined` for one that is left out. */
export const kindOf = (span: AgentsSpan): SpanKind | undefined => kinds.get(typeOf(span))

/** The name of a span. `agent` is that of the outermost agent, if it makes the call itself. */
export const nameOf = (span: AgentsSpan, agent: string | undefined): string =>
  agent !== undefined && kindOf(span) === "llm"
    ? `${agent} (LLM)`
    : text(member(span.spanData, "name")) ?? `openai_agents.${typeOf(span)}`

/** Whether a span has started and not ended. */
export const isRunning = (span: AgentsSpan): boolean =>
  text(span.startedAt) !== undefined && text(span.endedAt) === undefined

/** Whether a value is the running parent of a span. */
export const isParent = (u: unknown, span: AgentsSpan): u is AgentsSpan =>
  typeof u === "object" && u !== null && isRunning(u) && (u as AgentsSpan).spanId === span.parentId

/** The end of a span in Unix nanoseconds: the listener can be told of it late. `now` is the latest time. */
export const endedAt = (span: AgentsSpan, now: bigint): bigint => {
  const millis = Date.parse(text(span.endedAt) ?? "")
  if (Number.isNaN(millis)) return now
  // The framework's times are whole milliseconds, cut off.
  const latest = BigInt(millis + 1) * 1_000_000n
  return latest < now ? latest : now
}

/** The failure of a span. `undefined` if it has none. */
export const failureOf = (span: AgentsSpan): { readonly name: string; readonly message: string } | undefined => {
  if (typeof span.error !== "object" || span.error === null) return undefined
  const message = text(member(span.error, "message")) ?? "Error"
  const data = member(span.error, "data")
  const detail = typeof data === "object" && data !== null ? `: ${JSON.stringify(data)}` : ""
  return { name: "AgentsCoreError", message: `${message}${detail}` }
}

/** The content of a span that has ended. */
export const content = (span: AgentsSpan): AnnotationInput => {
  const data = span.spanData
  switch (typeOf(span)) {
    case "response":
      return response(data)
    case "generation":
      return generation(data)
    case "function":
      return { input: member(data, "input") as {}, output: member(data, "output") as {} }
    case "handoff": {
      const to = text(member(data, "to_agent"))
      return {
        input: member(data, "from_agent") as {},
        output: to,
        ...(to === undefined ? undefined : { name: `transfer_to_${to.replaceAll(" ", "_").toLowerCase()}` })
      }
    }
    case "agent":
      return { metadata: present(pick(data, "handoffs", "tools", "output_type")) }
    case "guardrail":
      return { metadata: present(pick(data, "triggered")) }
    default:
      return { metadata: present(member(data, "data")) }
  }
}

const response = (data: unknown): AnnotationInput => {
  const answer = member(data, "_response")
  const input = member(data, "_input")
  const request = {
    model: text(member(answer, "model")) ?? "",
    instructions: member(answer, "instructions") ?? undefined,
    tools: member(answer, "tools") ?? undefined,
    input: Array.isArray(input) ? input.map(item) : input
  }
  return {
    ...(input === undefined ? undefined : { input: request }),
    ...(answer === undefined
      ? undefined
      : {
        output: answer,
        metadata: ProviderCall.parametersOf(answer as Parameters<typeof ProviderCall.parametersOf>[0])
      })
  }
}

/** An item of the framework's own form, in that of Responses. */
const item = (given: unknown): unknown => {
  const called = member(given, "callId")
  const own = given as object
  switch (member(given, "type")) {
    case "function_call":
      return { ...own, call_id: called }
    case "function_call_result":
      return { ...own, type: "function_call_output", call_id: called, output: result(member(given, "output")) }
    default:
      return Array.isArray(member(given, "content"))
        ? { ...own, content: (member(given, "content") as ReadonlyArray<unknown>).map(part) }
        : given
  }
}

const result = (output: unknown): unknown => text(member(output, "text")) ?? output

const part = (given: unknown): unknown =>
  member(given, "type") === "input_image" && typeof member(given, "image") === "string"
    ? { type: "input_image", image_url: member(given, "image") }
    : given

const generation = (data: unknown): AnnotationInput => {
  const outputs = member(data, "output")
  const usage = member(data, "usage")
  return {
    model: text(member(data, "model")),
    input: member(data, "input") as {},
    output: (Array.isArray(outputs) && outputs.length === 1 ? outputs[0] : outputs) as {},
    metadata: present(member(data, "model_config")),
    ...(typeof usage === "object" && usage !== null ? { metrics: usage as {} } : undefined)
  }
}

/** The last message of a call's input and the text of its output, which are those of the run. */
export const ends = (content: AnnotationInput): { readonly input?: string; readonly output?: string } => {
  const input = Exchange.read(content.input, "input").value.messages?.at(-1)?.content
  const output = Exchange.read(content.output, "output").value.messages?.map((message) => message.content).join("")
  return { ...(input === undefined ? undefined : { input }), ...(output === undefined ? undefined : { output }) }
}

const pick = (from: unknown, ...names: ReadonlyArray<string>): object =>
  Object.fromEntries(names.map((name) => [name, member(from, name)]))

/** The members that have a value. */
export const present = (of: unknown): { readonly [name: string]: unknown } =>
  typeof of !== "object" || of === null ? {} : Object.fromEntries(
    Object.entries(of).filter(([, value]) =>
      value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
    )
  )
