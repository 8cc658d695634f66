/**
 * The tools that a request offers, in any provider's form.
 *
 * @since 0.2.0
 */
import * as JsonFields from "../json/JsonFields.ts"
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"

/**
 * A tool of a request, by the names of the event.
 *
 * @category models
 * @since 0.2.0
 */
export interface OfferedTool {
  readonly name: string
  readonly description?: string
  readonly schema?: JsonObject
}

// In the event, schemas sit four levels below `meta`.
const schemaDepth = JsonSnapshot.defaultLimits.depth - 4

/**
 * The definitions in a list of tools, or in an object of tools by name. A tool built into the provider has its type as
 * name.
 *
 * @category constructors
 * @since 0.2.0
 */
export const read = (tools: Json | undefined): ReadonlyArray<OfferedTool> => {
  if (JsonSnapshot.isArray(tools)) return tools.flatMap((tool) => definitionsOf(tool, undefined))
  return JsonSnapshot.isObject(tools)
    ? Object.entries(tools).flatMap(([name, tool]) => definitionsOf(tool, name))
    : []
}

const definitionsOf = (tool: Json, key: string | undefined): ReadonlyArray<OfferedTool> => {
  const declarations = JsonFields.list(tool, "functionDeclarations", "function_declarations")
  if (declarations !== undefined) return declarations.flatMap((item) => definitionsOf(item, undefined))
  const inner = JsonFields.object(tool, "function", "custom", "toolSpec") ?? tool
  const name = JsonFields.text(inner, "name") ?? key ?? JsonFields.text(tool, "type")
  if (name === undefined || name === "") return []
  const description = JsonFields.text(inner, "description")
  const given = JsonFields.object(inner, "parameters", "input_schema", "inputSchema", "parametersJsonSchema", "schema")
  const schema = JsonFields.object(given, "json", "jsonSchema") ?? given
  const flat = schema === undefined ? undefined : JsonSnapshot.flatten(schema, schemaDepth)
  return [{
    name,
    ...(description === undefined ? undefined : { description }),
    ...(JsonSnapshot.isObject(flat) ? { schema: flat } : undefined)
  }]
}
