/**
 * The W3C `baggage` header: two readers and one writer.
 *
 * **Details**
 *
 * Any client can send baggage, so it only sets labels and never decides a route. The reader for our labels
 * (`parseLenient`) skips a bad member and keeps the others. The reader that feeds APM (`parseStrict`) follows Datadog's
 * tracers: one malformed member voids the header. The members that it keeps go on to the next service unchanged,
 * properties included. Both readers stop at the limits, so the work is bounded.
 *
 * @since 0.1.0
 */
import type { Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"

/**
 * Limits for one request over all header lines, in both directions, and the limit of a label.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits = { items: 64, bytes: 8_192, label: 200 } as const

/**
 * A member: its decoded value and its original text, which is sent on unless the value is changed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Item {
  readonly value: string
  readonly raw?: string | undefined
}

/**
 * Members by decoded key, in their order.
 *
 * @category models
 * @since 0.1.0
 */
export type Items = ReadonlyMap<string, Item>

/**
 * No members.
 *
 * @category constants
 * @since 0.1.0
 */
export const empty: Items = new Map()

/**
 * Changes members: a text replaces the value of a member or adds one at the end, `undefined` removes one. The other
 * members are not changed.
 *
 * @category combinators
 * @since 0.1.0
 */
export const change = (items: Items, changes: ReadonlyMap<string, string | undefined>): Items => {
  if (changes.size === 0) return items
  const changed = new Map(items)
  for (const [key, value] of changes) {
    if (value === undefined) changed.delete(key)
    else if (changed.get(key)?.value !== value) changed.set(key, { value })
  }
  return changed
}

/**
 * The members that a reader kept, the number of dropped members, and at most one problem about them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Read<out A> {
  readonly value: A
  readonly dropped: number
  readonly problems: ReadonlyArray<Problem>
}

// Members beyond this length are not even counted.
const longestLooked = 2 * limits.bytes

/**
 * Passes the members within the limits to `visit`, in order, until it returns `false`, and counts the members above
 * them. Lines count as one text joined by commas. Blanks and commas count as bytes too, so a member behind 8,192 bytes
 * of them is above the limit. With `skipsBlank`, blank members are visited but not counted.
 */
const walk = (lines: ReadonlyArray<string>, skipsBlank: boolean, visit: (member: string) => boolean): number => {
  let bytes = 0
  let items = 0
  let above = 0
  let left: number = longestLooked
  for (let n = 0; n < lines.length && left > 0; n++) {
    const line = lines[n]!.slice(0, left)
    left -= line.length + 1
    if (n > 0) bytes++
    if (isBlank(line)) {
      bytes += line.length
      continue
    }
    let start = 0
    while (start <= line.length) {
      const comma = line.indexOf(",", start)
      const end = comma === -1 ? line.length : comma
      const member = line.slice(start, end)
      if (start > 0) bytes++
      start = end + 1
      if (bytes <= limits.bytes) bytes += byteLength(member)
      if (skipsBlank && isBlank(member)) continue
      items++
      if (bytes > limits.bytes || items > limits.items) above++
      else if (!visit(member)) return above
    }
  }
  return above
}

const byteLength = (text: string): number => {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // A surrogate pair is two units of two bytes each: four in all.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3
  }
  return bytes
}

const decode = (text: string): string | undefined => {
  if (!text.includes("%")) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const printable = /^[\x20-\x7e]+$/
// Controls, line separators, marks that change the direction of text, and halves of surrogate pairs.
// By code points: V8 reads a table of Unicode for a property, such as `\p{Cc}`, when it parses the module.
// eslint-disable-next-line no-control-regex
const unsafe = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

/**
 * Whether a text may become a label: 1 to 200 characters, without controls and direction marks.
 *
 * @category guards
 * @since 0.1.0
 */
export const isLabel = (text: string): boolean => text !== "" && text.length <= limits.label && !unsafe.test(text)

const isBlank = (text: string): boolean => text.trim() === ""

/**
 * Reads labels from the lines of the header. A malformed member, or one whose value cannot be a label, is dropped and
 * counted. Values are never altered, because an altered id joins nothing. The last of two members with one key wins.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseLenient = (lines: ReadonlyArray<string>): Read<ReadonlyMap<string, string>> => {
  const value = new Map<string, string>()
  let bad = 0
  const above = walk(lines, true, (member) => {
    const label = parseLabel(member)
    if (label === undefined) bad++
    else value.set(label[0], label[1])
    return true
  })
  const dropped = bad + above
  return { value, dropped, problems: dropped === 0 ? Problems.none : [unusable] }
}

const unusable = Problems.make(
  "invalid_baggage",
  "Members of the baggage header were dropped, because they are malformed, above the limits or not usable as labels."
)

const parseLabel = (member: string): readonly [string, string] | undefined => {
  const equals = member.indexOf("=")
  if (equals < 1) return undefined
  const key = member.slice(0, equals).trim()
  const semicolon = member.indexOf(";", equals)
  const text = member.slice(equals + 1, semicolon === -1 ? member.length : semicolon).trim()
  if (!token.test(key) || !printable.test(text)) return undefined
  const value = decode(text)
  return value !== undefined && isLabel(value) ? [key, value] : undefined
}

/**
 * Reads the members for APM and the next service. A member without `=`, key or value voids the whole header. Above the
 * limits, the leading members are kept.
 *
 * **Details**
 *
 * Values are decoded and stripped of properties. A text that is not valid percent-encoding is kept unchanged.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseStrict = (lines: ReadonlyArray<string>): Read<Items> => {
  const value = new Map<string, Item>()
  let seen = 0
  let isMalformed = false
  const above = walk(lines, false, (member) => {
    seen++
    const item = parseItem(member.trim())
    isMalformed = item === undefined
    if (item !== undefined) value.set(item[0], item[1])
    return !isMalformed
  })
  if (isMalformed) return { value: empty, dropped: seen, problems: [malformed] }
  return above === 0 ? { value, dropped: 0, problems: Problems.none } : { value, dropped: above, problems: [tooLarge] }
}

const malformed = Problems.make(
  "invalid_baggage",
  "The baggage header has a malformed member and was ignored for APM."
)

const tooLarge = Problems.make(
  "invalid_baggage",
  "The baggage header is above 64 members or 8,192 bytes: the members above were dropped."
)

const parseItem = (member: string): readonly [string, Item] | undefined => {
  const equals = member.indexOf("=")
  if (equals < 1) return undefined
  const semicolon = member.indexOf(";", equals)
  const keyText = member.slice(0, equals).trim()
  const valueText = member.slice(equals + 1, semicolon === -1 ? member.length : semicolon).trim()
  if (keyText === "" || valueText === "") return undefined
  return [decode(keyText) ?? keyText, { value: decode(valueText) ?? valueText, raw: member }]
}

/**
 * Renders whole members within the limits, the leading ones first. A member is left out if it is not valid text, or if
 * its key or value is empty, because Datadog's receivers would void the header.
 *
 * **Details**
 *
 * A received and unchanged member is written with its original text; others are percent-encoded as Datadog's tracers
 * do. A bare text is a value to encode.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (
  items: ReadonlyMap<string, Item | string>,
  within: { readonly items: number; readonly bytes: number } = limits
): Read<string> => {
  const written: Array<string> = []
  let bytes = 0
  for (const [key, item] of items) {
    const text = renderMember(key, item, within.bytes)
    if (text === undefined) continue
    bytes += text.length + (written.length === 0 ? 0 : 1)
    if (written.length === within.items || bytes > within.bytes) break
    written.push(text)
  }
  const dropped = items.size - written.length
  return { value: written.join(","), dropped, problems: dropped === 0 ? Problems.none : [unwritten] }
}

const unwritten = Problems.make(
  "invalid_baggage",
  "Baggage members were not sent: above the limits, empty, or not valid text."
)

// A text that is too long unencoded does not get shorter, so it is returned without being encoded.
const renderMember = (key: string, item: Item | string, bytes: number): string | undefined => {
  const { raw, value } = typeof item === "string" ? { value: item, raw: undefined } : item
  if (key.length + value.length > bytes) return key + value
  if (raw !== undefined && legalMember.test(raw)) return raw
  if (key === "" || value === "" || !key.isWellFormed() || !value.isWellFormed()) return undefined
  return encode(key, keyCharacters) + "=" + encode(value, valueCharacters)
}

const legalMember =
  /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+(?:[ \t]*;[\t\x20-\x2b\x2d-\x7e]*)?$/

const keyCharacters = /^[!#$&'*+\-.^_`|~0-9A-Za-z]$/
const valueCharacters = /^[!#$&'()*+\-./:<>?@[\]^_`{|}~0-9A-Za-z]$/

const encode = (text: string, allowed: RegExp): string => {
  let encoded = ""
  for (const character of text) {
    encoded += allowed.test(character)
      ? character
      : character.length === 1 && character < "\x80"
      ? "%" + character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")
      : encodeURIComponent(character)
  }
  return encoded
}
