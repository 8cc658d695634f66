/**
 * The parameters of a request that are recorded where its content is not.
 *
 * @since 0.2.0
 */
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"

/**
 * The parameters that cannot hold content: numbers, booleans, and the short words of known names such as
 * `reasoning_effort`. Providers add members that hold texts of a prompt (`prediction`, `suffix`, `chat_history`), so a
 * name that is not known keeps its text out.
 *
 * @category constructors
 * @since 0.2.0
 */
export const withoutContent = (parameters: JsonObject): JsonObject => {
  const kept: { [name: string]: Json } = {}
  for (const [name, value] of Object.entries(parameters)) {
    const known = name.replaceAll("_", "").toLowerCase()
    if (typeof value === "number" || typeof value === "boolean") kept[name] = value
    else if (typeof value === "string" && words.has(known) && word.test(value)) kept[name] = value
    else if (JsonSnapshot.isObject(value) && groups.has(known)) {
      const inner = withoutContent(value)
      if (Object.keys(inner).length > 0) kept[name] = inner
    }
  }
  return kept
}

const word = /^[a-z][\w./-]{0,39}$/i

// In lower case and without underscores: providers write a name in either form.
const words = new Set([
  "effort",
  "encodingformat",
  "inputtype",
  "mode",
  "outputdtype",
  "promptcacheretention",
  "reasoningeffort",
  "responseformat",
  "responsemimetype",
  "servicetier",
  "summary",
  "tasktype",
  "thinkinglevel",
  "toolchoice",
  "truncate",
  "truncation",
  "type",
  "verbosity"
])

const groups = new Set([
  "format",
  "functioncallingconfig",
  "generationconfig",
  "inferenceconfig",
  "outputconfig",
  "reasoning",
  "reasoningconfig",
  "responseformat",
  "streamoptions",
  "text",
  "thinking",
  "thinkingconfig",
  "toolchoice",
  "toolconfig"
])
