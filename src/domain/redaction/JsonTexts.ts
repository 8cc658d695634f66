/**
 * Texts that hold JSON: recognising them, and changing the texts inside.
 *
 * **Details**
 *
 * Most kinds keep structured input and output as JSON text. A rule over the whole text could miss an escaped secret and
 * could break the JSON. So the texts inside are read one by one and written back, and everything between them is kept,
 * down to the last digit.
 *
 * A text is read once to recognise JSON and once to change it, without recursion and without exceptions. So the time is
 * linear in the text, for any nesting and for any number of inner texts that only begin like JSON.
 *
 * @since 0.2.0
 */
import * as NamedPlaces from "./NamedPlaces.ts"
import type { Rules } from "./NamedPlaces.ts"
import type { Replacement } from "./Replacement.ts"
import * as Replacements from "./Replacement.ts"

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openList = 0x5b
const closeList = 0x5d
const openObject = 0x7b
const closeObject = 0x7d

const isSpace = (unit: number): boolean => unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09

const skipSpace = (text: string, from: number): number => {
  let at = from
  while (at < text.length && isSpace(text.charCodeAt(at))) at++
  return at
}

/**
 * Whether a text begins like JSON with keys, complete or cut short.
 *
 * @category guards
 * @since 0.1.0
 */
export const looksLikeJson = (text: string): boolean => {
  const start = skipSpace(text, 0)
  const open = text.charCodeAt(start)
  if (open !== openObject && open !== openList) return false
  const next = text[skipSpace(text, start + 1)] ?? "-"
  return (open === openObject ? "\"}" : "\"{[]").includes(next)
}

/**
 * Whether a text is a JSON object or array.
 *
 * @category guards
 * @since 0.1.0
 */
export const isJson = (text: string): boolean => {
  const start = skipSpace(text, 0)
  const open = text.charCodeAt(start)
  if (open !== openObject && open !== openList) return false
  let last = text.length - 1
  while (last > start && isSpace(text.charCodeAt(last))) last--
  // Both pairs of brackets are two apart.
  return text.charCodeAt(last) === open + 2 && isDocument(text, start)
}

const isDocument = (text: string, start: number): boolean => {
  const closing: Array<number> = []
  let at = start
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === openObject || unit === openList) {
      closing.push(unit + 2)
      at = skipSpace(text, at + 1)
      if (text.charCodeAt(at) !== unit + 2) {
        if (unit === openList) continue
        at = afterKey(text, at)
        if (at < 0) return false
        continue
      }
    } else {
      at = afterScalar(text, at)
      if (at < 0) return false
      at = skipSpace(text, at)
    }
    // After a value containers end, until a comma announces another value.
    while (closing.length > 0 && text.charCodeAt(at) === closing.at(-1)) {
      closing.pop()
      at = skipSpace(text, at + 1)
    }
    if (closing.length === 0) return at === text.length
    if (text.charCodeAt(at) !== comma) return false
    at = skipSpace(text, at + 1)
    if (closing.at(-1) === closeObject) {
      at = afterKey(text, at)
      if (at < 0) return false
    }
  }
  return false
}

// The index of the value after a key and its colon.
const afterKey = (text: string, at: number): number => {
  const end = text.charCodeAt(at) === quote ? afterString(text, at) : -1
  if (end < 0) return -1
  const separator = skipSpace(text, end)
  return text.charCodeAt(separator) === colon ? skipSpace(text, separator + 1) : -1
}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

const afterScalar = (text: string, at: number): number => {
  if (text.charCodeAt(at) === quote) return afterString(text, at)
  for (const word of ["true", "false", "null"]) if (text.startsWith(word, at)) return at + word.length
  number.lastIndex = at
  const found = number.exec(text)
  return found === null ? -1 : number.lastIndex
}

const afterString = (text: string, open: number): number => {
  for (let at = open + 1; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    if (unit === quote) return at + 1
    if (unit < 0x20) return -1
    if (unit !== 0x5c) continue
    const escaped = text[++at] ?? "-"
    if (escaped === "u") {
      if (!/^[0-9A-Fa-f]{4}$/.test(text.slice(at + 1, at + 5))) return -1
      at += 4
    } else if (!"\"\\/bfnrt".includes(escaped)) return -1
  }
  return -1
}

// The text is known to be JSON, so the code below checks no syntax.
const closingQuote = (text: string, open: number): number => {
  let at = open + 1
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === 0x5c ? 2 : 1
  return at + 1
}

const valueEnd = (text: string, from: number): number => {
  let depth = 0
  let at = from
  do {
    const unit = text.charCodeAt(at)
    if (unit === quote) {
      at = closingQuote(text, at)
      continue
    }
    if (unit === openObject || unit === openList) depth++
    else if (unit === closeObject || unit === closeList) depth--
    else if (depth === 0) return scalarEnd(text, at)
    at++
  } while (depth > 0)
  return at
}

const scalarEnd = (text: string, from: number): number => {
  let at = from
  while (at < text.length && /[-+.0-9A-Za-z]/.test(text[at]!)) at++
  return at
}

const stringOf = (text: string, from: number, to: number): string => {
  const inner = text.slice(from + 1, to - 1)
  return inner.includes("\\") ? JSON.parse(text.slice(from, to)) as string : inner
}

interface Frame {
  readonly place: NamedPlaces.Place
  readonly start: number
  /** In an object: the key of the next value. */
  key: string | undefined
  /** In an object: the text of its `name`. */
  said: string | undefined
  /** In an object: its `value`, if it is not empty. */
  value: { readonly from: number; readonly to: number; readonly text: string | undefined } | undefined
}

/**
 * Changes the texts inside a text for which `isJson` holds.
 *
 * @category combinators
 * @since 0.2.0
 */
export const map = (text: string, rules: Rules): string => {
  const walk: Walk = { text, rules, replacements: [], frames: [] }
  let at = skipSpace(text, 0)
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    const frame = walk.frames.at(-1)
    if (unit === comma || unit === colon || isSpace(unit)) at++
    else if (unit === closeObject || unit === closeList) at = closed(walk, frame!, at + 1)
    else if (frame === undefined || frame.place.isList || frame.key !== undefined) at = valueAt(walk, frame, at, unit)
    else at = keyAt(walk, frame, at)
  }
  return Replacements.apply(text, inOrder(walk.replacements))
}

interface Walk {
  readonly text: string
  readonly rules: Rules
  readonly replacements: Array<Replacement>
  readonly frames: Array<Frame>
}

// If a value precedes its name, its replacement is found late and covers those inside the value.
const inOrder = (replacements: Array<Replacement>): ReadonlyArray<Replacement> =>
  replacements.sort((a, b) => a.from - b.from || b.to - a.to)

const replace = (walk: Walk, from: number, to: number, written: string): void => {
  walk.replacements.push({ from, to, text: JSON.stringify(written) })
}

const keyAt = (walk: Walk, frame: Frame, from: number): number => {
  const end = closingQuote(walk.text, from)
  const key = stringOf(walk.text, from, end)
  const written = walk.rules.text(key, undefined)
  if (written !== key) replace(walk, from, end, written)
  frame.key = key
  return end
}

const valueAt = (walk: Walk, frame: Frame | undefined, from: number, unit: number): number => {
  const { rules, text } = walk
  const name = frame === undefined ? undefined : NamedPlaces.nameOf(frame.place, frame.key)
  const isList = frame?.place.isList === true
  if (unit === openObject || unit === openList) {
    const isEmpty = text.charCodeAt(skipSpace(text, from + 1)) === unit + 2
    const written = name === undefined || isEmpty ? undefined : rules.under?.(name, undefined)
    if (written === undefined) {
      const place = NamedPlaces.make(unit === openList, isList ? undefined : frame?.key, isList)
      walk.frames.push({ place, start: from, key: undefined, said: undefined, value: undefined })
      return from + 1
    }
    const end = valueEnd(text, from)
    replace(walk, from, end, written)
    return passed(frame!, from, end, undefined)
  }
  const end = unit === quote ? closingQuote(text, from) : scalarEnd(text, from)
  const said = unit === quote ? stringOf(text, from, end) : undefined
  // `true`, `false`, `null` and the empty text need no redaction.
  const isEmpty = said === "" || (said === undefined && unit >= 0x61)
  if (!isEmpty) {
    const before = said ?? text.slice(from, end)
    const key = isList ? undefined : frame?.key
    const written = (name === undefined ? undefined : rules.under?.(name, said)) ??
      (said === undefined ? rules.text(before, undefined) : mapText(said, rules, key))
    if (written !== before) replace(walk, from, end, written)
  }
  return frame === undefined ? end : passed(frame, from, isEmpty ? from : end, said, end)
}

// The reader moves past a value. Its range is kept if its name may follow.
const passed = (frame: Frame, from: number, to: number, said: string | undefined, end = to): number => {
  if (frame.place.isList) NamedPlaces.advance(frame.place, said)
  else {
    if (frame.key === NamedPlaces.valueKey && to > from) frame.value = { from, to, text: said }
    else if (said !== undefined && NamedPlaces.isNaming(frame.key!)) frame.said = said
    frame.key = undefined
  }
  return end
}

const closed = (walk: Walk, frame: Frame, end: number): number => {
  const { said, start, value } = frame
  if (said !== undefined && value !== undefined) {
    const written = walk.rules.under?.(said, value.text)
    if (written !== undefined && written !== value.text) replace(walk, value.from, value.to, written)
  }
  walk.frames.pop()
  const outer = walk.frames.at(-1)
  return outer === undefined ? end : passed(outer, start, end, undefined)
}

/**
 * Changes a text, or the texts inside it if it holds a JSON object or array. `key` is the direct key of the text, if
 * there is one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapText = (text: string, rules: Rules, key?: string): string =>
  isJson(text) ? map(text, rules) : rules.text(text, key)
