/**
 * The declaration of an agent: its instructions, its model and settings, its tools.
 *
 * @since 0.2.0
 */
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

/**
 * An agent as users declare it. Everything is optional, and other keys are kept as they are.
 *
 * @category models
 * @since 0.2.0
 */
export interface AgentManifestInput {
  /** The framework that runs the agent; left out, `manual`. */
  readonly framework?: string | undefined
  /** The name of the agent; left out, `agentName`, else the name of the span. */
  readonly name?: string | undefined
  readonly instructions?: string | undefined
  readonly systemPrompts?: ReadonlyArray<string> | undefined
  readonly model?: string | undefined
  readonly modelProvider?: string | undefined
  /** Such as `{ temperature: 0.2 }`. */
  readonly modelSettings?: { readonly [key: string]: unknown } | undefined
  /** The tools that the agent may call: each has a name, and what else is known of it. */
  readonly tools?: ReadonlyArray<AgentToolInput> | undefined
  /** The agents that it may hand a task over to. */
  readonly handoffs?: ReadonlyArray<unknown> | undefined
  readonly handoffDescription?: string | undefined
  readonly maxIterations?: number | undefined
  readonly [key: string]: unknown
}

/**
 * A tool of an agent. `parameters` is the JSON Schema of its arguments; `schema`, as tool definitions call it, is the same.
 *
 * @category models
 * @since 0.2.0
 */
export interface AgentToolInput {
  readonly name: string
  readonly description?: string | undefined
  readonly parameters?: { readonly [key: string]: unknown } | undefined
  readonly [key: string]: unknown
}

// Datadog's names for those of this library.
const names: ReadonlyMap<string, string> = new Map([
  ["systemPrompts", "system_prompts"],
  ["modelProvider", "model_provider"],
  ["modelSettings", "model_settings"],
  ["handoffDescription", "handoff_description"],
  ["maxIterations", "max_iterations"]
])
const texts: ReadonlySet<string> = new Set([
  "framework",
  "name",
  "instructions",
  "model",
  "model_provider",
  "handoff_description"
])

// In the event it stands below `meta.metadata._dd`.
const limits = JsonSnapshot.limitsBelowMeta(3)

/**
 * Reads a declaration. `undefined` when there is nothing left of it, which sets nothing.
 *
 * **Details**
 *
 * A known key of the wrong type is left out, and so is a tool without a name, with a problem at the first of them.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (input: unknown, path = "manifest"): Measured<JsonObject | undefined> => {
  const { bytes, problems, value } = JsonSnapshot.take(input, limits, path)
  if (value === undefined) return { value, bytes: 0, problems }
  if (!JsonSnapshot.isObject(value)) return { value: undefined, bytes: 0, problems: [...problems, bad(path)] }
  const manifest: { [key: string]: Json } = {}
  let wrong: string | undefined
  for (const given of Object.keys(value)) {
    const key = names.get(given) ?? given
    const read = readKey(key, value[given]!)
    if (key === "__proto__" || (read.value === undefined && !read.wrong)) continue
    if (read.wrong) wrong ??= `${path}.${given}`
    if (read.value !== undefined) manifest[key] = read.value
  }
  return {
    value: Object.keys(manifest).length === 0 ? undefined : manifest,
    bytes,
    problems: wrong === undefined ? problems : [...problems, bad(wrong)]
  }
}

const bad = (path: string): Problem.Problem =>
  Problem.make(
    "invalid_option",
    "A part of `manifest` has the wrong type and is left out. Texts, `modelSettings` as an object and `tools` as a list of { name, … } are read.",
    path
  )

const readKey = (key: string, value: Json): { readonly value: Json | undefined; readonly wrong: boolean } => {
  if (value === null) return { value: undefined, wrong: false }
  if (texts.has(key)) return typeof value === "string" ? kept(value) : left
  if (key === "model_settings") return JsonSnapshot.isObject(value) ? kept(value) : left
  if (key !== "tools") return kept(value)
  if (!Array.isArray(value)) return left
  const tools = value.flatMap(readTool)
  return { value: tools.length === 0 ? undefined : tools, wrong: tools.length < value.length }
}

const kept = (value: Json) => ({ value, wrong: false })
const left = { value: undefined, wrong: true }

const readTool = (tool: Json): ReadonlyArray<Json> => {
  if (!JsonSnapshot.isObject(tool) || typeof tool["name"] !== "string" || tool["name"] === "") return []
  if (!Object.hasOwn(tool, "schema") || Object.hasOwn(tool, "parameters")) return [tool]
  const { schema, ...rest } = tool
  return [{ ...rest, parameters: schema! }]
}

/**
 * The declaration in the form of the event: it always names a framework and the agent.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = (manifest: JsonObject | undefined, name: string): JsonObject => ({
  framework: "manual",
  name,
  ...manifest
})
