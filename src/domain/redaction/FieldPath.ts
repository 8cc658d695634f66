/**
 * Paths into an event, and removal by path.
 *
 * **Details**
 *
 * A path is written like `metadata.customer.email`, `input[*].content`, `tags["http.url"]` or `**.password`. `*` stands
 * for any one key or index, `**` for any number of them. A path continues inside a text that holds JSON, as most kinds
 * keep their input and output. A text that looks like JSON and cannot be parsed is removed as a whole.
 *
 * @since 0.1.0
 */
import * as JsonTexts from "./JsonTexts.ts"

/**
 * A parsed path: keys, `*` and `**`.
 *
 * @category models
 * @since 0.1.0
 */
export type FieldPath = ReadonlyArray<string>

/**
 * Reads a path. Any character that is not a mark is part of a key, so every text is a path.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (path: string): FieldPath => {
  const out: Array<string> = []
  for (const match of path.matchAll(/\["([^"]*)"\]|\['([^']*)'\]|\[([^\]]*)\]|([^.[\]]+)/g)) {
    out.push(match[1] ?? match[2] ?? match[3] ?? match[4]!)
  }
  return out
}

/**
 * The positions in paths that have been reached at one node of the tree.
 */
type Reached = ReadonlyArray<{ readonly path: FieldPath; readonly at: number }>

const begin = (paths: ReadonlyArray<FieldPath>): Reached => {
  const out: Array<Reached[number]> = []
  for (const path of paths) if (path.length > 0) add(out, path, 0)
  return out
}

// `**` also stands for no key, so the part after it is reached as well.
const add = (out: Array<Reached[number]>, path: FieldPath, at: number): void => {
  if (out.some((one) => one.path === path && one.at === at)) return
  out.push({ path, at })
  if (path[at] === "**") add(out, path, at + 1)
}

const step = (reached: Reached, key: string): Reached => {
  const out: Array<Reached[number]> = []
  for (const { at, path } of reached) {
    const mark = path[at]
    if (mark === "**") add(out, path, at)
    else if (mark === "*" || mark === key) add(out, path, at + 1)
  }
  return out
}

const isComplete = (reached: Reached): boolean => reached.some(({ at, path }) => at === path.length)

// Replaces a text that a path names.
const placeholder = "[redacted]"

// Blanking keeps the shape, so that a message stays a message.
const blank = (value: unknown): unknown =>
  typeof value === "string"
    ? placeholder
    : Array.isArray(value)
    ? []
    : typeof value === "object" && value !== null
    ? {}
    : undefined

type Visit = (value: unknown, reached: Reached, free: boolean) => unknown

// A text is parsed only if it looks valid, because an exception for each of many texts would cost seconds. Nesting
// too deep for the stack still throws, and the text is removed as a whole.
const inText = (text: string, reached: Reached, visit: Visit): unknown => {
  if (!JsonTexts.isJson(text)) return placeholder
  try {
    const json: unknown = JSON.parse(text)
    const changed = visit(json, reached, true)
    return changed === json ? text : JSON.stringify(changed)
  } catch {
    return placeholder
  }
}

const visitMembers = (
  value: object,
  reached: Reached,
  member: (value: unknown, reached: Reached, key: string) => unknown
): object => {
  if (Array.isArray(value)) {
    const items = value.map((item: unknown, i) => member(item, step(reached, String(i)), String(i)))
    return items.every((item, i) => item === value[i]) ? value : items.map((item) => item === undefined ? null : item)
  }
  const out: { [key: string]: unknown } = {}
  let same = true
  for (const key of Object.keys(value)) {
    const before = (value as { readonly [key: string]: unknown })[key]
    const after = member(before, step(reached, key), key)
    if (after !== before) same = false
    if (after === undefined) continue
    Object.defineProperty(out, key, { value: after, enumerable: true, configurable: true, writable: true })
  }
  return same ? value : out
}

/**
 * Removes from a value everything that the paths name: a field of the event is left out; within a field a text becomes
 * `[redacted]`, a list or an object becomes empty, and any other value is left out.
 *
 * @category combinators
 * @since 0.1.0
 */
export const deny = (value: object, paths: ReadonlyArray<FieldPath>): object => {
  const visit: Visit = (value, reached) => {
    if (isComplete(reached)) return blank(value)
    if (reached.length === 0) return value
    if (typeof value === "string") return JsonTexts.looksLikeJson(value) ? inText(value, reached, visit) : value
    return typeof value === "object" && value !== null
      ? visitMembers(value, reached, (member, next) => visit(member, next, false))
      : value
  }
  return visitMembers(
    value,
    begin(paths),
    (member, next) => isComplete(next) ? undefined : visit(member, next, false)
  )
}

// The user chooses the keys under these fields, so a key is left out together with its value.
const freeForm: ReadonlySet<string> = new Set([
  "metadata",
  "tags",
  "config",
  "expectedOutput",
  "arguments",
  "schema",
  "variables"
])

/**
 * Keeps only the parts of a value that the paths name, and the fields in `always`. In lists of a fixed form, such as
 * messages, any other text becomes `[redacted]` and any other value becomes empty.
 *
 * @category combinators
 * @since 0.1.0
 */
export const allow = (
  value: object,
  paths: ReadonlyArray<FieldPath>,
  always: (key: string) => boolean
): object => {
  const visit: Visit = (value, reached, free) => {
    if (isComplete(reached)) return value
    if (reached.length === 0) return free ? undefined : blank(value)
    if (typeof value === "string") return JsonTexts.looksLikeJson(value) ? inText(value, reached, visit) : placeholder
    return typeof value === "object" && value !== null
      ? visitMembers(value, reached, (member, next, key) => visit(member, next, free || freeForm.has(key)))
      : undefined
  }
  return visitMembers(
    value,
    begin(paths),
    (member, next, key) =>
      always(key) || isComplete(next)
        ? member
        : next.length === 0
        ? undefined
        : visit(member, next, freeForm.has(key))
  )
}
