/**
 * The prompt template that an llm call was made from.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { Json, JsonObject, Measured } from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

/**
 * An entry of a chat template: a message, or the place where messages go.
 *
 * @category models
 * @since 0.1.0
 */
export type ChatTemplateItem =
  | { readonly role: string; readonly content: string }
  | { readonly type: "placeholder"; readonly name: string }

/**
 * A prompt with the names it has in the event. It holds only the given fields, because `render` adds the defaults. It
 * never has both kinds of template.
 *
 * @category models
 * @since 0.1.0
 */
export interface Prompt {
  readonly id?: string
  readonly version?: string
  readonly label?: string
  readonly template?: string
  readonly chat_template?: ReadonlyArray<ChatTemplateItem>
  readonly variables?: JsonObject
  readonly tags?: { readonly [key: string]: string }
  readonly prompt_uuid?: string
  readonly prompt_version_uuid?: string
  readonly _dd_context_variable_keys?: ReadonlyArray<string>
  readonly _dd_query_variable_keys?: ReadonlyArray<string>
}

/**
 * A prompt as users write it. Names in snake_case are read too, and `ragContextVariables` and `ragQueryVariables`.
 *
 * @category models
 * @since 0.1.0
 */
export interface PromptInput {
  readonly id?: string | undefined
  readonly version?: string | undefined
  readonly label?: string | undefined
  /** A text, or a list for a chat. */
  readonly template?: string | ReadonlyArray<ChatTemplateItem> | undefined
  readonly chatTemplate?: ReadonlyArray<ChatTemplateItem> | undefined
  readonly variables?: { readonly [key: string]: unknown } | undefined
  readonly tags?: { readonly [key: string]: string } | undefined
  readonly promptUuid?: string | undefined
  readonly promptVersionUuid?: string | undefined
  /** The variables that hold retrieved context. Default: `context`. */
  readonly contextVariables?: ReadonlyArray<string> | undefined
  /** The variables that hold the user's question. Default: `question`. */
  readonly queryVariables?: ReadonlyArray<string> | undefined
}

// In the event a prompt sits two levels below `meta`.
const limits = JsonSnapshot.limitsBelowMeta(2)

const textOf = (json: Json): string | undefined => typeof json === "string" ? json : undefined

const textsOf = (json: Json): ReadonlyArray<string> | undefined =>
  JsonSnapshot.isArray(json) && json.every((item) => typeof item === "string")
    ? json as ReadonlyArray<string>
    : undefined

const objectOf = (json: Json): JsonObject | undefined => JsonSnapshot.isObject(json) ? json : undefined

const tagsOf = (json: Json): JsonObject | undefined =>
  JsonSnapshot.isObject(json) && Object.values(json).every((value) => typeof value === "string") ? json : undefined

const chatOf = (json: Json): ReadonlyArray<ChatTemplateItem> | undefined => {
  if (!JsonSnapshot.isArray(json)) return undefined
  const items: Array<ChatTemplateItem> = []
  for (const item of json) {
    if (!JsonSnapshot.isObject(item)) return undefined
    const { content, name, role, type } = item
    if (type === "placeholder" && typeof name === "string") items.push({ type, name })
    else if (typeof role === "string" && typeof content === "string") items.push({ role, content })
    else return undefined
  }
  return items
}

interface Field {
  /** The names under which the field is read; the first one present wins. */
  readonly names: ReadonlyArray<string>
  readonly read: (json: Json) => Json | ReadonlyArray<ChatTemplateItem> | undefined
  readonly expected: string
}

const text = (...names: ReadonlyArray<string>): Field => ({ names, read: textOf, expected: "a text" })
const texts = (...names: ReadonlyArray<string>): Field => ({ names, read: textsOf, expected: "a list of texts" })

// `template` is a text or a chat, and is read on its own.
const fields: { readonly [K in Exclude<keyof Prompt, "template" | "chat_template">]-?: Field } = {
  id: text("id"),
  version: text("version"),
  label: text("label"),
  variables: { names: ["variables"], read: objectOf, expected: "an object" },
  tags: { names: ["tags"], read: tagsOf, expected: "an object of texts" },
  prompt_uuid: text("promptUuid", "prompt_uuid"),
  prompt_version_uuid: text("promptVersionUuid", "prompt_version_uuid"),
  _dd_context_variable_keys: texts("contextVariables", "ragContextVariables", "rag_context_variables"),
  _dd_query_variable_keys: texts("queryVariables", "ragQueryVariables", "rag_query_variables")
}

// `render` adds at most this much, apart from the name of the app: defaults and longer names.
const defaultBytes = 256

/**
 * Reads a prompt. An empty field counts as absent; a field of the wrong type is left out with a problem. If both a text
 * and a chat are given as template, the text is kept.
 *
 * **Details**
 *
 * An empty object is a prompt: it gets the default id. The value is `undefined` for anything but an object. `bytes`
 * counts the rendered prompt without the name of the app, which is in it once or twice.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (input: unknown, path = "prompt"): Measured<Prompt | undefined> => {
  const snapshot = JsonSnapshot.take(input, limits, path)
  const given = snapshot.value
  if (given === undefined) return { value: undefined, bytes: 0, problems: snapshot.problems }
  const problems = [...snapshot.problems]
  if (!JsonSnapshot.isObject(given)) {
    problems.push(
      Problem.make("invalid_prompt", "`prompt` must be an object such as { id, version, template, variables }.", path)
    )
    return { value: undefined, bytes: 0, problems }
  }
  const prompt: { [key: string]: unknown } = {}
  for (const key of Object.keys(fields) as Array<keyof typeof fields>) {
    const { expected, names, read } = fields[key]
    const name = names.find((name) => !isEmpty(given[name]))
    if (name === undefined) continue
    const value = read(given[name]!)
    if (value === undefined) problems.push(wrong(`It must be ${expected}.`, `${path}.${name}`))
    else prompt[key] = value
  }
  readTemplates(given, prompt, problems, path)
  return { value: prompt, bytes: snapshot.bytes + defaultBytes, problems }
}

const readTemplates = (
  given: JsonObject,
  prompt: { [key: string]: unknown },
  problems: Array<Problem.Problem>,
  path: string
): void => {
  for (const name of ["template", "chatTemplate", "chat_template"]) {
    const json: Json | undefined = given[name]
    if (isEmpty(json)) continue
    const isText = name === "template" && typeof json === "string"
    const value = isText ? json : chatOf(json!)
    const at = `${path}.${name}`
    if (value === undefined) {
      problems.push(
        wrong("A template must be a text, or a list of { role, content } and { type: \"placeholder\", name }.", at)
      )
    } else if (prompt["template"] !== undefined || prompt["chat_template"] !== undefined) {
      problems.push(wrong("A prompt has one template: `template` or `chatTemplate`.", at))
    } else prompt[isText ? "template" : "chat_template"] = value
  }
}

const wrong = (message: string, path: string): Problem.Problem =>
  Problem.make("invalid_prompt", `${message} It is left out.`, path)

const isEmpty = (json: Json | undefined): boolean => {
  if (json === undefined || json === null || json === "" || json === 0 || json === false) return true
  return typeof json === "object" && Object.keys(json).length === 0
}

/**
 * Merges two prompts key by key; `second` wins. A template of either kind replaces one of the other kind.
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge = (first: Prompt, second: Prompt): Prompt => {
  const merged: { -readonly [K in keyof Prompt]: Prompt[K] } = { ...first, ...second }
  if (second.template !== undefined) delete merged.chat_template
  else if (second.chat_template !== undefined) delete merged.template
  return merged
}

/**
 * The prompt of a span of the app `mlApp` as in the event: with an id, the app, and the names of the context and query
 * variables.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (prompt: Prompt, mlApp: string): JsonObject => ({
  id: `${mlApp}_unnamed-prompt`,
  ml_app: mlApp,
  _dd_context_variable_keys: ["context"],
  _dd_query_variable_keys: ["question"],
  ...prompt as JsonObject
})
