/**
 * `DD_TAGS`: the tags of the process.
 *
 * **Details**
 *
 * Tags are separated by commas, or by white space if there is no comma. A tag is `key:value`, split at its first colon; a
 * key alone has an empty value, and a value without a key is left out.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"

/**
 * Tags by key. A tag without a value has an empty text.
 *
 * @category models
 * @since 0.1.0
 */
export type DdTags = { readonly [key: string]: string }

const empty: DdTags = {}

// The largest text that is read, in characters.
const maxLength = 65_536

/**
 * Reads the text. A later tag replaces an earlier one of the same key. `setting` is the name that problems use.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string | undefined, setting = "DD_TAGS"): Checked<DdTags> => {
  if (text === undefined) return Problem.ok(empty)
  if (text.length > maxLength) {
    const message = `${setting} is longer than ${maxLength} characters. It is ignored.`
    return { value: empty, problems: [Problem.make("invalid_setting", message)] }
  }
  // Assigning a key named `__proto__` would lose it; `Object.fromEntries` defines it like any other key.
  const tags = new Map<string, string>()
  let nameless = false
  for (const part of text.split(text.includes(",") ? "," : /\s+/)) {
    const tag = part.trim()
    if (tag === "") continue
    const colon = tag.indexOf(":")
    const key = (colon < 0 ? tag : tag.slice(0, colon)).trim()
    if (key === "") nameless = true
    else tags.set(key, colon < 0 ? "" : tag.slice(colon + 1).trim())
  }
  return {
    value: Object.fromEntries(tags),
    problems: nameless
      ? [Problem.make("invalid_setting", `${setting} has a value without a key. Write key:value.`)]
      : Problem.none
  }
}
