/**
 * The error of a failed span.
 *
 * @since 0.1.0
 */
import * as JsonText from "../json/JsonText.ts"

/**
 * Unknown texts are `""`. Limits: 256 characters of type, 32,768 of message and of stack.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanError {
  readonly type: string
  readonly message: string
  readonly stack: string
}

const longestType = 256
const longestText = 32_768
const mostCauses = 4

/**
 * Reads a thrown value or the failure of an effect.
 *
 * **Details**
 *
 * The type is the error's name. If the name is `Error` or missing, it is the `_tag`, else the name of the class. A
 * value that is no object has its JavaScript type as type. The stack includes the causes. The message of an object
 * without one is its JSON text.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromUnknown = (thrown: unknown): SpanError => {
  if ((typeof thrown !== "object" && typeof thrown !== "function") || thrown === null) {
    return {
      type: thrown === null ? "null" : typeof thrown,
      message: bounded(plainText(thrown), longestText),
      stack: ""
    }
  }
  const message = text(thrown, "message")
  return {
    type: bounded(typeOf(thrown), longestType),
    message: bounded(message ?? JsonText.fromUnknown(thrown).value ?? "", longestText),
    stack: bounded(stackOf(thrown), longestText)
  }
}

const plainText = (thrown: unknown): string =>
  typeof thrown === "string" ? thrown : JsonText.fromUnknown(thrown).value ?? typeof thrown

const typeOf = (thrown: object): string => {
  const name = text(thrown, "name")
  if (name !== undefined && name !== "" && name !== "Error") return name
  const tag = text(thrown, "_tag")
  if (tag !== undefined && tag !== "") return tag
  const constructor = read(thrown, "constructor")
  const className = typeof constructor === "function" ? text(constructor, "name") : undefined
  return className || name || "Object"
}

const stackOf = (thrown: object): string => {
  let stack = text(thrown, "stack") ?? ""
  let cause = read(thrown, "cause")
  for (let i = 0; i < mostCauses && typeof cause === "object" && cause !== null && stack.length < longestText; i++) {
    const causeStack = text(cause, "stack")
    if (causeStack === undefined) break
    stack += `\n[cause]: ${causeStack.slice(0, longestText)}`
    cause = read(cause, "cause")
  }
  return stack
}

const text = (source: object, key: string): string | undefined => {
  const value = read(source, key)
  return typeof value === "string" ? value : undefined
}

const read = (source: object, key: string): unknown => {
  try {
    return (source as { readonly [key: string]: unknown })[key]
  } catch {
    return undefined
  }
}

const bounded = (value: string, longest: number): string =>
  (value.length <= longest ? value : value.slice(0, longest)).toWellFormed()
