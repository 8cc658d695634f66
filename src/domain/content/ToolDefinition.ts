/**
 * The tools that a model was offered.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"
import * as Tools from "../provider/Tools.ts"

/**
 * A tool definition with the names it has in the event.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolDefinition {
  readonly name: string
  readonly description?: string
  /** The JSON Schema of the arguments. */
  readonly schema?: JsonObject
  readonly version?: string
}

/**
 * A tool definition as users write it. `schema` is the JSON Schema of the arguments.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolDefinitionInput {
  readonly name: string
  readonly description?: string | undefined
  readonly schema?: { readonly [key: string]: unknown } | undefined
  readonly version?: string | undefined
}

/**
 * The tools of a model as users write them: definitions, or the `tools` of a provider's request unchanged.
 *
 * @category models
 * @since 0.2.0
 */
export type ToolDefinitionsInput = ReadonlyArray<ToolDefinitionInput> | object

const code = "invalid_tool_definitions"

// In the event the list sits one level below `meta`.
const limits = JsonSnapshot.limitsBelowMeta(1)

// Ten problems are enough to find the mistake, and bound the list for a long list of bad items.
const mostProblems = 10

// The names of the event where those of a provider are shorter.
const addedBytes = 48

/**
 * Reads tool definitions: a list, one, or an object of tools by name. `undefined` if none is left, which sets nothing.
 *
 * **Details**
 *
 * The tools of a provider's request are read too: those of OpenAI, Anthropic, Gemini, Bedrock, the AI SDK and LangChain.
 * An item without a name is left out. So is an optional field of the wrong type. Each has a problem.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (
  input: unknown,
  path = "toolDefinitions"
): Measured<ReadonlyArray<ToolDefinition> | undefined> => {
  const snapshot = JsonSnapshot.take(input, limits, path)
  const { value } = snapshot
  const problems = [...snapshot.problems]
  if (value === undefined) return { value, bytes: 0, problems }
  const report = (message: string, at: string): void => {
    if (problems.length < mostProblems) problems.push(Problem.make(code, message, at))
  }
  const items = itemsOf(value)
  if (items === undefined) {
    report(
      `\`${path}\` must be a list such as [{ name, description, schema }], or the tools of a provider's request.`,
      path
    )
    return { value: undefined, bytes: 0, problems }
  }
  const definitions = items === value
    ? items.flatMap((item, index) => definitionsOf(item, `${path}[${index}]`, report))
    : items.flatMap((item) => definitionsOf(item, path, report))
  return definitions.length === 0
    ? { value: undefined, bytes: 0, problems }
    : { value: definitions, bytes: snapshot.bytes * 2 + definitions.length * addedBytes, problems }
}

// An object of tools by name becomes a list of objects of one tool each.
const itemsOf = (value: Json): ReadonlyArray<Json> | undefined => {
  if (JsonSnapshot.isArray(value)) return value
  if (!JsonSnapshot.isObject(value)) return undefined
  if (typeof value["name"] === "string" || Tools.read([value]).length > 0) return [value]
  const entries = Object.entries(value)
  return entries.length > 0 && entries.every(([, tool]) => JsonSnapshot.isObject(tool))
    ? entries.map(([name, tool]) => ({ ...tool as JsonObject, name }))
    : undefined
}

const definitionsOf = (
  json: Json,
  path: string,
  report: (message: string, path: string) => void
): ReadonlyArray<ToolDefinition> => {
  if (!JsonSnapshot.isObject(json)) {
    report("A tool must be an object such as { name, description, schema }. It is left out.", path)
    return []
  }
  const { description, name, schema, version } = json as { readonly [K in keyof ToolDefinition]: Json | undefined }
  if (typeof name !== "string" || name === "" || ofProvider.some((key) => Object.hasOwn(json, key))) {
    const read = Tools.read([json])
    if (read.length === 0) report("A tool must have a name. It is left out.", path)
    return read
  }
  const out: { -readonly [K in keyof ToolDefinition]: ToolDefinition[K] } = { name }
  if (typeof description === "string") out.description = description
  else if (isGiven(description)) report("The description must be a text. It is left out.", `${path}.description`)
  if (JsonSnapshot.isObject(schema)) out.schema = schema
  else if (isGiven(schema)) report("The schema must be an object. It is left out.", `${path}.schema`)
  if (typeof version === "string") out.version = version
  else if (isGiven(version)) report("The version must be a text. It is left out.", `${path}.version`)
  return [out]
}

// The members in which providers put a definition or its schema.
const ofProvider = [
  "function",
  "custom",
  "toolSpec",
  "functionDeclarations",
  "function_declarations",
  "parameters",
  "input_schema",
  "inputSchema",
  "parametersJsonSchema"
]

const isGiven = (json: Json | undefined): boolean => json !== undefined && json !== null
