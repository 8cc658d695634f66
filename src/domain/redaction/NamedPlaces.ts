/**
 * The name of a value: its key, or a text beside it.
 *
 * **Details**
 *
 * | a value | its name |
 * | --- | --- |
 * | `{ "password": value }` | the key |
 * | `{ "name": "Cookie", "value": value }` | the text of `name`, `key`, `header` or `field` |
 * | `[["Cookie", value]]` | the first of the pair |
 * | `{ "rawHeaders": ["Cookie", value] }` | the text before it, in a list of headers |
 * | `["Cookie", value]` | the text before it, if only a header has such a name |
 *
 * @since 0.2.0
 */
import * as SecretNames from "./SecretNames.ts"

/**
 * The rules for the texts of a value, and for the values under a name.
 *
 * - `text` changes one text; `key` is the direct key of the text, if there is one
 * - `under` returns the replacement for everything under a name, or `undefined` to look inside; `text` is the value, if
 * it is a text
 *
 * @category models
 * @since 0.2.0
 */
export interface Rules {
  readonly text: (text: string, key: string | undefined) => string
  readonly under?: ((name: string, text: string | undefined) => string | undefined) | undefined
}

/**
 * The position of a reader in a list or an object. `name` is the key of the list, `before` the text before its next
 * item.
 *
 * @category models
 * @since 0.2.0
 */
export interface Place {
  readonly isList: boolean
  readonly name: string | undefined
  readonly isInList: boolean
  index: number
  before: string | undefined
}

/**
 * A position at the start of a list or an object.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (isList: boolean, name: string | undefined, isInList: boolean): Place => ({
  isList,
  name,
  isInList,
  index: 0,
  before: undefined
})

/**
 * The name of the next value: its key in an object; in a list the text before it, if that text is the name of an entry.
 *
 * @category combinators
 * @since 0.2.0
 */
export const nameOf = (place: Place, key: string | undefined): string | undefined => {
  if (!place.isList) return key
  const { before, index } = place
  if (before === undefined || index % 2 === 0) return undefined
  if (place.isInList && index === 1) return before
  return SecretNames.isSecretHeader(before) || (place.name !== undefined && SecretNames.isHeaderList(place.name))
    ? before
    : undefined
}

/**
 * Moves to the next item of a list. `text` is the passed item, if it is a text.
 *
 * @category combinators
 * @since 0.2.0
 */
export const advance = (place: Place, text: string | undefined): void => {
  place.index++
  place.before = text
}

const namingKeys: ReadonlySet<string> = new Set(["name", "key", "header", "field"])

/**
 * Whether the text under a key can be the name of the value beside it.
 *
 * @category guards
 * @since 0.2.0
 */
export const isNaming = (key: string): boolean => namingKeys.has(key)

/**
 * The key of a value whose name stands beside it.
 *
 * @category constants
 * @since 0.2.0
 */
export const valueKey = "value"
