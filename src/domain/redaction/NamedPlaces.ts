/**
 * The name under which a value stands: its key, or what stands beside it.
 *
 * **Details**
 *
 * | a value | its name |
 * | --- | --- |
 * | `{ "password": value }` | the key |
 * | `{ "name": "Cookie", "value": value }` | what `name`, `key`, `header` or `field` says |
 * | `[["Cookie", value]]` | the first of the pair |
 * | `{ "rawHeaders": ["Cookie", value] }` | the text before it, in a list of headers |
 * | `["Cookie", value]` | the text before it, when only a header is called so |
 *
 * @since 0.2.0
 */
import * as SecretNames from "./SecretNames.ts"

/**
 * What to do with the texts of a value, and with what stands under a name.
 *
 * - `text` changes one text; `key` is the key under which it stands directly, if there is one
 * - `under` gives what stands in place of everything under a name, or `undefined` to look inside; `text` is what stands
 *   there, if it is a text
 *
 * @category models
 * @since 0.2.0
 */
export interface Rules {
  readonly text: (text: string, key: string | undefined) => string
  readonly under?: ((name: string, text: string | undefined) => string | undefined) | undefined
}

/**
 * Where in a list or an object a reader is. `name` is the key under which a list stands, `before` the text before the
 * next item of it.
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
 * The name of the next value: its key in an object; in a list the text before it, if that is the name of an entry.
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
 * Goes on to the next item of a list. `text` is the one that was passed, if it is a text.
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
