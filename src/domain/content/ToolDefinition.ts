/**
 * The tools that a model was offered.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

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
 * A tool definition as users write it.
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

const code = "invalid_tool_definitions"

// In the event the list sits one level below `meta`.
const limits = JsonSnapshot.limitsBelowMeta(1)

// Ten problems are enough to find the mistake, and bound the list for a long list of bad items.
const mostProblems = 10

/**
 * Reads a list of tool definitions. `undefined` if none is left, which sets nothing.
 *
 * **Details**
 *
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
  if (!Array.isArray(value)) {
    problems.push(Problem.make(code, "Tool definitions must be a list.", path))
    return { value: undefined, bytes: 0, problems }
  }
  const report = (message: string, at: string): void => {
    if (problems.length < mostProblems) problems.push(Problem.make(code, message, at))
  }
  const definitions: Array<ToolDefinition> = []
  for (let i = 0; i < value.length; i++) {
    const definition = definitionOf(value[i]!, `${path}[${i}]`, report)
    if (definition !== undefined) definitions.push(definition)
  }
  return definitions.length === 0
    ? { value: undefined, bytes: 0, problems }
    : { value: definitions, bytes: snapshot.bytes, problems }
}

const definitionOf = (
  json: Json,
  path: string,
  report: (message: string, path: string) => void
): ToolDefinition | undefined => {
  if (!JsonSnapshot.isObject(json)) {
    report("A tool definition must be an object. It is left out.", path)
    return undefined
  }
  const { description, name, schema, version } = json as { readonly [K in keyof ToolDefinition]: Json | undefined }
  if (typeof name !== "string" || name === "") {
    report("A tool definition must have a name. It is left out.", path)
    return undefined
  }
  const out: { -readonly [K in keyof ToolDefinition]: ToolDefinition[K] } = { name }
  if (typeof description === "string") out.description = description
  else if (isGiven(description)) report("The description must be a text. It is left out.", `${path}.description`)
  if (JsonSnapshot.isObject(schema)) out.schema = schema
  else if (isGiven(schema)) report("The schema must be an object. It is left out.", `${path}.schema`)
  if (typeof version === "string") out.version = version
  else if (isGiven(version)) report("The version must be a text. It is left out.", `${path}.version`)
  return out
}

const isGiven = (json: Json | undefined): boolean => json !== undefined && json !== null
