/**
 * The W3C `baggage` header: two readers and one writer.
 *
 * **Details**
 *
 * Anybody can send baggage, so it labels and never routes. The reader for our labels (`parseLenient`) skips a bad member
 * and keeps the others. The reader that feeds APM (`parseStrict`) does as Datadog's tracers do: one malformed member
 * voids the header. What it keeps goes on to the next service as it came, properties included.
 *
 * @since 0.1.0
 */
import type { Problem } from "../Problem.ts"
import * as Problems from "../Problem.ts"

/**
 * Limits for one request over all header lines, in both directions, and for one of our labels.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits = { items: 64, bytes: 8_192, label: 200 } as const

/**
 * A member: its decoded value, and the text it came as, which is written again unless somebody changes the value.
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
 * Changes members: a text replaces the value of a member or adds one at the end, `undefined` takes one away. The others
 * stay as they came.
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
 * What a reader kept, how many members it dropped, and at most one problem about them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Read<out A> {
  readonly value: A
  readonly dropped: number
  readonly problems: ReadonlyArray<Problem>
}

const members = function*(lines: ReadonlyArray<string>): Generator<string> {
  for (const line of lines) {
    let start = 0
    while (start <= line.length) {
      const comma = line.indexOf(",", start)
      const end = comma === -1 ? line.length : comma
      yield line.slice(start, end)
      start = end + 1
    }
  }
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
const unsafe = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

/**
 * Whether a text may become one of our labels: 1 to 200 characters, none of them a control or a direction mark.
 *
 * @category guards
 * @since 0.1.0
 */
export const isLabel = (text: string): boolean => text !== "" && text.length <= limits.label && !unsafe.test(text)

const isBlank = (member: string): boolean => member.length <= limits.bytes && member.trim() === ""

/**
 * Reads labels out of the lines of the header. A member that is malformed, or whose value is not usable as a label, is
 * dropped and counted, never altered: an altered id joins nothing. The last of two members with one key wins.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseLenient = (lines: ReadonlyArray<string>): Read<ReadonlyMap<string, string>> => {
  const value = new Map<string, string>()
  let dropped = 0
  let seen = 0
  let bytes = 0
  let full = false
  for (const member of members(lines)) {
    if (isBlank(member)) continue
    seen++
    // Once a limit is reached the rest is counted, not looked at.
    full ||= seen > limits.items || member.length > limits.bytes
    if (!full) bytes += byteLength(member) + (seen > 1 ? 1 : 0)
    full ||= bytes > limits.bytes
    const label = full ? undefined : parseLabel(member)
    if (label === undefined) dropped++
    else value.set(label[0], label[1])
  }
  return { value, dropped, problems: dropped === 0 ? Problems.none : [unusable] }
}

const unusable = Problems.make(
  "invalid_baggage",
  "Members of the baggage header were dropped: malformed, above the limits, or not usable as a label."
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
 * Reads the members for APM and the next service. A member without `=`, key or value voids the whole header; above the
 * limits the leading members are kept.
 *
 * **Details**
 *
 * The value is decoded and without properties. A text that is not valid percent-encoding stays as it is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseStrict = (lines: ReadonlyArray<string>): Read<Items> => {
  const value = new Map<string, Item>()
  let seen = 0
  let bytes = 0
  for (const member of members(lines.filter((line) => !isBlank(line)))) {
    seen++
    const size = member.length > limits.bytes ? limits.bytes + 1 : byteLength(member) + (seen > 1 ? 1 : 0)
    if (seen > limits.items || bytes + size > limits.bytes) {
      return {
        value,
        dropped: 1,
        problems: [Problems.make("invalid_baggage", "The baggage header is above the limits.")]
      }
    }
    bytes += size
    const parsed = parseItem(member.trim())
    if (parsed === undefined) {
      return {
        value: new Map(),
        dropped: seen,
        problems: [Problems.make("invalid_baggage", "The baggage header has a malformed member and was ignored.")]
      }
    }
    value.set(parsed[0], parsed[1])
  }
  return { value, dropped: 0, problems: Problems.none }
}

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
 * Renders members within the limits: whole members only, the leading ones. A member that a Datadog receiver would void
 * the header for (an empty key or value), or that is not valid text, is left out.
 *
 * **Details**
 *
 * A member that came from elsewhere and was not changed is written as it came; others are percent-encoded as Datadog's
 * tracers do. A bare text stands for a value to encode.
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
    const text = renderMember(key, item)
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

const renderMember = (key: string, item: Item | string): string | undefined => {
  const { raw, value } = typeof item === "string" ? { value: item, raw: undefined } : item
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
