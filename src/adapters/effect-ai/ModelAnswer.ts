/**
 * The parts of an answer of `effect/ai`, as annotations take them.
 */
import * as Tool from "effect/ai/Tool"
import type * as Exit from "effect/Exit"
import type { ToolDefinitionInput } from "../../domain/content/ToolDefinition.ts"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"

/** A part, of which any member can be missing. */
export interface Part {
  readonly type?: unknown
  readonly id?: unknown
  readonly name?: unknown
  readonly params?: unknown
  readonly modelId?: unknown
  readonly error?: unknown
  readonly result?: unknown
  readonly encodedResult?: unknown
  readonly isFailure?: unknown
  readonly preliminary?: unknown
  readonly providerExecuted?: unknown
}

/** A call of a tool in an answer, and its result. */
export interface Called {
  readonly call: Part | undefined
  readonly result: Part
}

/** The parts of the response that a successful call returns. */
export const ofExit = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<unknown> | undefined => {
  if (exit._tag !== "Success" || typeof exit.value !== "object" || exit.value === null) return undefined
  const content: unknown = (exit.value as { readonly content?: unknown }).content
  return Array.isArray(content) ? content : undefined
}

/** The messages, the token counts and the finish reason. The results of tools that ran here are no part of an answer. */
export const output = (response: ReadonlyArray<unknown>): unknown => {
  const parts = response.filter((part) => isPart(part) && !(ofTools.has(part.type) && part.providerExecuted !== true))
  if (parts.length === 0) return undefined
  return parts.some((part) => streamed.test(String((part as Part).type))) ? parts : { content: parts }
}

const ofTools = new Set<unknown>(["tool-result", "tool-approval-request"])

const streamed = /-(?:start|delta|end)$/

/** An answer of calls alone, when only the tools that ran are known. */
export const ofCalls = (
  calls: ReadonlyArray<{ readonly name: string; readonly parameters: unknown }>
): unknown =>
  calls.length === 0 ? undefined : {
    content: calls.map(({ name, parameters }) => ({ type: "tool-call", name, params: parameters }))
  }

/** The final results in an answer, each with its call. */
export const results = (response: ReadonlyArray<unknown>): ReadonlyArray<Called> => {
  const parts = response.filter(isPart)
  return parts.filter((part) => part.type === "tool-result" && part.preliminary !== true).map((result) => ({
    call: parts.find((part) => part.type === "tool-call" && part.id === result.id),
    result
  }))
}

/** The model that answered. */
export const model = (response: ReadonlyArray<unknown> | undefined): string | undefined => {
  const id = response?.filter(isPart).find((part) => part.type === "response-metadata")?.modelId
  return typeof id === "string" ? id : undefined
}

/** The error in a stream that went on after it. */
export const error = (response: ReadonlyArray<unknown> | undefined): unknown =>
  response?.filter(isPart).find((part) => part.type === "error")?.error

const isPart = (u: unknown): u is Part => typeof u === "object" && u !== null

/** The parameters of a request, by the names that they have in provider's requests. */
export const metadata = (
  attributes: ReadonlyMap<string, unknown>,
  tools: ReadonlyArray<unknown> | undefined
): { readonly [key: string]: unknown } => {
  const out: { [key: string]: unknown } = {}
  for (const [key, value] of attributes) {
    if (key.startsWith(request) && key !== `${request}model`) out[key.slice(request.length)] = value
  }
  const type = attributes.get("gen_ai.output.type")
  if (type !== undefined && type !== "text") out["output_type"] = type
  const name = attributes.get("effect.ai.object_name")
  if (name !== undefined) out["object_name"] = name
  if (tools !== undefined && tools.length > 0) out["tool_choice"] = attributes.get("effect.ai.tool_choice")
  return out
}

const request = "gen_ai.request."

/** The definitions of the offered tools, with JSON Schemas. A schema is made once for each tool. */
export const definitions = (
  tools: ReadonlyArray<unknown> | undefined
): ReadonlyArray<ToolDefinitionInput> | undefined =>
  tools === undefined || tools.length === 0 ? undefined : tools.map((tool) => definition(tool as Tool.Any))

const known = ProcessWide.get("EffectAiTools/1", () => new WeakMap<object, ToolDefinitionInput>())

const definition = (tool: Tool.Any): ToolDefinitionInput => {
  let made = known.get(tool)
  if (made === undefined) {
    made = {
      name: tool.name,
      ...(tool.description === undefined ? undefined : { description: tool.description }),
      schema: schemaOf(tool)
    }
    known.set(tool, made)
  }
  return made
}

// A tool built into a provider has no parameters, and a schema can be one that JSON Schema cannot express.
const schemaOf = (tool: Tool.Any): { readonly [key: string]: unknown } | undefined => {
  try {
    return Tool.getJsonSchema(tool) as { readonly [key: string]: unknown }
  } catch {
    return undefined
  }
}
