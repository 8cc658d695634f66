/**
 * Bounded copies of mutable values.
 *
 * **Details**
 *
 * An annotated value is read once and copied into plain JSON at once. Later changes to the value have no effect, and
 * the copy cannot throw later. Depth, number of values and characters are limited, so a hostile value costs linear time
 * up to the limits.
 *
 * | a value | its copy |
 * | --- | --- |
 * | text | itself, lone surrogates replaced by U+FFFD |
 * | `NaN`, `Infinity`, `-Infinity` | its name as text: JSON has no such numbers, and `null` would hide which one it was |
 * | bigint | a number if it is a safe integer, else its decimal text |
 * | `undefined`, function, symbol | left out of objects, `null` in arrays, as `JSON.stringify` does |
 * | anything with a `toJSON` (`Date`, `URL`, …) | the value that `toJSON` returns |
 * | `Map`, `Set` | object, array |
 * | `Error` | `name`, `message` and its own enumerable properties |
 * | numeric typed array | array of numbers |
 * | bytes (`Uint8Array`, `Buffer`, `ArrayBuffer`, `DataView`) | a text with their count |
 * | objects of a class that have a `toString` and no properties of their own | that text |
 * | other objects | their own enumerable properties |
 * | a container inside itself | a text that reports the cycle |
 * | a container below the deepest level | its JSON text |
 *
 * @since 0.1.0
 */
import * as Problem from "../Problem.ts"
import * as LongText from "./LongText.ts"

/**
 * A JSON value. Objects may have an own key named `__proto__`, so copy them by spread or by `Object.defineProperty`,
 * never by assignment.
 *
 * @category models
 * @since 0.1.0
 */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | JsonObject

/**
 * A JSON object. Its keys are its own members.
 *
 * @category models
 * @since 0.1.0
 */
export interface JsonObject {
  readonly [key: string]: Json
}

/**
 * A checked value with a cheap upper bound of its size: `bytes` is never below the length of `JSON.stringify(value)`,
 * in UTF-8 or with every character outside ASCII escaped. It can be six times too large.
 *
 * @category models
 * @since 0.1.0
 */
export interface Measured<out A> extends Problem.Checked<A> {
  readonly bytes: number
}

/**
 * The limits of one snapshot.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** The depth at which containers become text. The value itself is at depth 0. */
  readonly depth: number
  /** Values, containers included. */
  readonly values: number
  /** UTF-16 code units of all texts and keys together. */
  readonly characters: number
}

/**
 * Depth 12 is where Datadog's SDKs stop keeping structure, counted from `meta`. A caller that knows the place of the
 * value in `meta` subtracts its depth. The other limits allow any event that the intake accepts.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultLimits: Limits = { depth: 12, values: 100_000, characters: 8_000_000 }

/**
 * The default limits for a value `place` levels below `meta`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const limitsBelowMeta = (place: number): Limits => ({ ...defaultLimits, depth: defaultLimits.depth - place })

/**
 * Whether a value of a snapshot is an object, and not an array.
 *
 * @category guards
 * @since 0.1.0
 */
export const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json)

/**
 * Whether a value of a snapshot is an array: `Array.isArray` does not narrow readonly arrays.
 *
 * @category guards
 * @since 0.1.0
 */
export const isArray = (json: Json | undefined): json is ReadonlyArray<Json> => Array.isArray(json)

/**
 * The size bound of a text: quotes, and six bytes for each code unit (`\u0000` is the longest escape).
 *
 * @category combinators
 * @since 0.1.0
 */
export const textBytes = (text: string): number => text.length * 6 + 2

// -0.0000012345678901234567
const numberBytes = 25
const literalBytes = 5
// A key has quotes and a colon; every entry may have a comma.
const entryBytes = 4
// Values nested deeper than this are not even converted to text. It also bounds our own recursion.
const textDepth = 50
// The decimal text of a bigint takes more than linear time, so a larger one is not converted.
const largestBigint = 1n << 4096n

const circular = "[this value contains itself]"
const unreadable = "[this value could not be read]"
const tooDeep = "[nested too deeply]"
const tooMany = "[more values left out]"

interface Walk {
  /** The values that the current container may still read. */
  values: number
  /** The characters left for texts. If it falls below zero, the texts are cut once all are known. */
  characters: number
  keyCharacters: number
  bytes: number
  tooLarge: boolean
  /** Whether values were left out because of the limit of values. */
  starved: boolean
  /** Whether a container is below the deepest level. */
  deep: boolean
  unreadable: boolean
  /** Whether each part gets an equal share of the values, so that none takes the share of another. */
  readonly fair: boolean
  readonly depth: number
  readonly ancestors: Array<object>
}

const walkOf = (limits: Limits, fair: boolean): Walk => ({
  values: limits.values,
  characters: limits.characters,
  keyCharacters: Math.ceil(limits.characters / 2),
  bytes: 0,
  tooLarge: false,
  starved: false,
  deep: false,
  unreadable: false,
  fair,
  depth: limits.depth,
  ancestors: []
})

/**
 * Copies a value. `value` is `undefined` for `undefined`, and with a problem for functions and symbols. `path` names
 * the place in the problems.
 *
 * **Details**
 *
 * Over a limit, the largest parts give way: the contents of media become a note, the longest texts keep their head and
 * tail, and long lists keep their first items. A value with too many parts is read a second time, each part with its
 * share.
 *
 * @category constructors
 * @since 0.1.0
 */
export const take = (value: unknown, limits: Limits = defaultLimits, path?: string): Measured<Json | undefined> => {
  if (typeof value === "string" && value.length <= limits.characters) {
    return { value: wellFormed(value), bytes: textBytes(value), problems: Problem.none }
  }
  if (value === undefined) return nothing
  const row = rowOf(value, limits)
  if (row !== undefined) return row
  let walk = walkOf(limits, false)
  let copy = copied(walk, value)
  if (walk.starved) {
    walk = walkOf(limits, true)
    copy = copied(walk, value)
  }
  if (copy === undefined) {
    walk.unreadable = true
    walk.bytes = 0
  } else {
    if (walk.characters < 0) {
      walk.tooLarge = true
      const shorter = shortened(copy, -walk.characters)
      copy = shorter.value
      walk.bytes -= shorter.saved * 6
    }
    if (walk.deep) {
      copy = flatten(copy, limits.depth)
      walk.bytes *= 2
    }
  }
  return { value: copy, bytes: walk.bytes, problems: problemsOf(walk, path) }
}

// Most objects are a few texts, numbers and booleans. They need no walk. Anything else, also an object that throws, is
// read again by one.
const rowOf = (value: unknown, limits: Limits): Measured<Json> | undefined => {
  if (typeof value !== "object" || value === null || limits.depth < 1) return undefined
  try {
    if (Object.getPrototypeOf(value) !== Object.prototype || "toJSON" in value) return undefined
    const keys = Object.keys(value)
    if (keys.length > mostOfRow || keys.length > limits.values) return undefined
    const out: { [key: string]: Json } = {}
    // A walk cuts texts and leaves out keys beyond this.
    let left = Math.min(limits.characters / 2, longestOfRow)
    let bytes = 2
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!
      const member = (value as { readonly [key: string]: unknown })[key]
      if (key.length > left || key === "__proto__" || !key.isWellFormed()) return undefined
      if (member === undefined) continue
      left -= key.length
      bytes += key.length * 6 + entryBytes
      if (typeof member === "string") {
        left -= member.length
        if (left < 0 || !member.isWellFormed()) return undefined
        bytes += textBytes(member)
        out[key] = member
      } else if (typeof member === "number" && Number.isFinite(member)) {
        bytes += numberBytes
        out[key] = member === 0 ? 0 : member
      } else if (typeof member === "boolean" || member === null) {
        bytes += literalBytes
        out[key] = member
      } else return undefined
    }
    return left < 0 ? undefined : { value: out, bytes, problems: Problem.none }
  } catch {
    return undefined
  }
}

const mostOfRow = 32
const longestOfRow = 1_000

const copied = (walk: Walk, value: unknown): Json | undefined => {
  try {
    return copyOf(walk, value, "", 0)
  } catch {
    // This happens only if the stack was nearly full before the call.
    walk.unreadable = true
    return given(walk, unreadable)
  }
}

/**
 * The same value with containers at `depth` and below as JSON text; itself if none is that deep.
 *
 * @category combinators
 * @since 0.2.0
 */
export const flatten = (json: Json, depth: number): Json => {
  if (typeof json !== "object" || json === null) return json
  if (depth <= 0) return JSON.stringify(json)
  if (isArray(json)) {
    let items: Array<Json> | undefined
    for (let i = 0; i < json.length; i++) {
      const item = flatten(json[i]!, depth - 1)
      if (item !== json[i]) (items ??= [...json])[i] = item
    }
    return items ?? json
  }
  let members: { [key: string]: Json } | undefined
  for (const key of Object.keys(json)) {
    const item = flatten(json[key]!, depth - 1)
    if (item !== json[key]) put(members ??= { ...json }, key, item)
  }
  return members ?? json
}

const put = (into: { [key: string]: Json }, key: string, value: Json): void => {
  if (key === "__proto__") {
    Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true })
  } else into[key] = value
}

const nothing: Measured<undefined> = { value: undefined, bytes: 0, problems: Problem.none }

const problemsOf = (walk: Walk, path: string | undefined): ReadonlyArray<Problem.Problem> => {
  if (!walk.tooLarge && !walk.unreadable) return Problem.none
  const problems: Array<Problem.Problem> = []
  if (walk.unreadable) {
    problems.push(
      Problem.make("unreadable_value", "A part could not be read and was left out. Give plain JSON values.", path)
    )
  }
  if (walk.tooLarge) {
    problems.push(
      Problem.make("value_too_large", "The largest parts were over the size limit and were cut. Give less.", path)
    )
  }
  return problems
}

const wellFormed = (text: string): string => text.isWellFormed() ? text : text.toWellFormed()

const copyOf = (walk: Walk, value: unknown, key: string, depth: number): Json | undefined => {
  switch (typeof value) {
    case "string":
      return textOf(walk, value)
    case "number":
      walk.bytes += numberBytes
      return Number.isFinite(value) ? value === 0 ? 0 : value : String(value)
    case "boolean":
      walk.bytes += literalBytes
      return value
    case "bigint":
      return bigintOf(walk, value)
    case "object":
      if (value === null) {
        walk.bytes += literalBytes
        return null
      }
      return containerOf(walk, value, key, depth)
    default:
      return undefined
  }
}

const given = (walk: Walk, text: string): string => {
  walk.bytes += textBytes(text)
  return text
}

// Texts are kept by reference at first, because a text over the limit is cut once all are known.
const textOf = (walk: Walk, text: string): string => {
  walk.characters -= text.length
  walk.bytes += textBytes(text)
  return walk.characters < 0 ? text : wellFormed(text)
}

const bigintOf = (walk: Walk, value: bigint): Json => {
  if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) {
    walk.bytes += numberBytes
    return Number(value)
  }
  if (value < largestBigint && value > -largestBigint) return textOf(walk, value.toString())
  walk.tooLarge = true
  return given(walk, "[an integer too large to write]")
}

const containerOf = (walk: Walk, value: object, key: string, depth: number): Json | undefined => {
  if (walk.ancestors.includes(value)) return given(walk, circular)
  if (depth >= walk.depth + textDepth) {
    walk.tooLarge = true
    return given(walk, tooDeep)
  }
  const { bytes, characters } = walk
  const level = walk.ancestors.length
  walk.ancestors.push(value)
  let copy: Json | undefined
  try {
    copy = structureOf(walk, value, key, depth)
  } catch {
    walk.unreadable = true
    walk.bytes = bytes
    walk.characters = characters
    copy = given(walk, unreadable)
  }
  walk.ancestors.length = level
  if (depth === walk.depth && typeof copy === "object" && copy !== null) walk.deep = true
  return copy
}

const structureOf = (walk: Walk, value: object, key: string, depth: number): Json | undefined => {
  if (ArrayBuffer.isView(value)) return viewOf(walk, value, depth)
  const toJSON: unknown = (value as { readonly toJSON?: unknown }).toJSON
  if (typeof toJSON === "function") {
    const result: unknown = toJSON.call(value, key)
    if (typeof result !== "object" || result === null) return copyOf(walk, result, key, depth)
    // `toJSON` of the result is not called: an object that returns another such object could loop for ever.
    if (result !== value && walk.ancestors.includes(result)) return given(walk, circular)
    if (ArrayBuffer.isView(result)) return viewOf(walk, result, depth)
    walk.ancestors.push(result)
    return membersOf(walk, result, depth)
  }
  return membersOf(walk, value, depth)
}

const membersOf = (walk: Walk, value: object, depth: number): Json | undefined => {
  if (Array.isArray(value)) return arrayOf(walk, value, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return propertiesOf(walk, value, Object.keys(value), depth)
  if (value instanceof Map) return mapOf(walk, value, depth)
  if (value instanceof Set) return arrayOf(walk, Array.from(first(value, walk.values + 1)), depth)
  if (value instanceof Error) return propertiesOf(walk, value, ["name", "message", ...Object.keys(value)], depth)
  if (value instanceof String || value instanceof Number || value instanceof Boolean || value instanceof BigInt) {
    return copyOf(walk, value.valueOf(), "", depth)
  }
  if (value instanceof ArrayBuffer) return bytesOf(walk, value.byteLength)
  const text = ownText(value)
  if (text !== undefined) return textOf(walk, text)
  return propertiesOf(walk, value, Object.keys(value), depth)
}

// The own text of an object without properties, such as a `RegExp` or a user's value class.
const ownText = (value: object): string | undefined => {
  if (value.toString === Object.prototype.toString || Object.keys(value).length > 0) return undefined
  const text: unknown = value.toString()
  return typeof text === "string" ? text : undefined
}

const bytesOf = (walk: Walk, length: number): string => given(walk, `[${Number(length)} bytes]`)

const viewOf = (walk: Walk, view: ArrayBufferView, depth: number): Json =>
  view instanceof DataView || view instanceof Uint8Array || view instanceof Uint8ClampedArray
    ? bytesOf(walk, view.byteLength)
    : arrayOf(walk, view as unknown as ArrayLike<unknown>, depth)

const first = function*<A>(items: Iterable<A>, count: number): Generator<A> {
  let left = count
  for (const item of items) {
    if (left-- <= 0) return
    yield item
  }
}

const arrayOf = (walk: Walk, source: ArrayLike<unknown>, depth: number): ReadonlyArray<Json> => {
  const out: Array<Json> = []
  const length = source.length
  const count = spend(walk, length)
  walk.bytes += 2
  for (let i = 0; i < count; i++) {
    walk.bytes += 1
    const copy = shared(walk, count - i, read(walk, source, i), "", depth)
    if (copy === undefined) walk.bytes += literalBytes
    out.push(copy === undefined ? null : copy)
  }
  if (count > 0 && count < length) out.push(given(walk, tooMany))
  return out
}

const propertiesOf = (walk: Walk, source: object, keys: ReadonlyArray<string>, depth: number): JsonObject => {
  const out: { [key: string]: Json } = {}
  const count = spend(walk, keys.length)
  walk.bytes += 2
  for (let i = 0; i < count; i++) property(walk, out, count - i, keys[i]!, read(walk, source, keys[i]!), depth)
  return out
}

const mapOf = (walk: Walk, source: ReadonlyMap<unknown, unknown>, depth: number): JsonObject => {
  const out: { [key: string]: Json } = {}
  let left = spend(walk, source.size)
  walk.bytes += 2
  for (const [key, value] of source) {
    if (left === 0) break
    property(walk, out, left, typeof key === "string" ? key : keyText(walk, key, depth), value, depth)
    left -= 1
  }
  return out
}

// A key costs the values that its object reads, and its text is charged as a key.
const keyText = (walk: Walk, key: unknown, depth: number): string => {
  const copy = copyOf(walk, key, "", depth + 1)
  if (typeof copy === "string") return copy
  // Texts over the limit are still whole here, so their JSON text could exceed the longest string.
  return walk.characters < 0 ? typeof key : JSON.stringify(copy) ?? typeof key
}

const property = (
  walk: Walk,
  out: { [key: string]: Json },
  left: number,
  key: string,
  value: unknown,
  depth: number
): void => {
  if (key.length > walk.keyCharacters) {
    walk.tooLarge = true
    return
  }
  const before = walk.bytes
  walk.bytes += key.length * 6 + entryBytes
  const copy = shared(walk, left, value, key, depth)
  if (copy === undefined) {
    walk.bytes = before
    return
  }
  walk.keyCharacters -= key.length
  walk.characters -= key.length
  put(out, wellFormed(key), copy)
}

// All entries are paid for before any is entered, so that a deep one cannot take the values of its neighbours.
const spend = (walk: Walk, wanted: number): number => {
  const count = wanted > walk.values ? walk.values : wanted
  if (count < wanted) {
    walk.starved = true
    walk.tooLarge = true
  }
  walk.values -= count
  return count
}

// Copies one of `left` entries, with an equal share of the values if they are shared. Unused values are returned.
const shared = (walk: Walk, left: number, value: unknown, key: string, depth: number): Json | undefined => {
  if (!walk.fair || typeof value !== "object") return copyOf(walk, value, key, depth + 1)
  const share = Math.ceil(walk.values / left)
  const rest = walk.values - share
  walk.values = share
  const copy = copyOf(walk, value, key, depth + 1)
  walk.values += rest
  return copy
}

// Reads one property: a getter that throws loses its own property, not its neighbours.
const read = (walk: Walk, source: object, key: string | number): unknown => {
  try {
    return (source as { readonly [key: string | number]: unknown })[key]
  } catch {
    walk.unreadable = true
    return unreadable
  }
}

// A text of a copy, and its place.
interface Place {
  readonly holder: { [key: string | number]: Json }
  readonly key: string | number
  readonly text: string
  readonly isMedia: boolean
}

// The keys that name a media type. A part of a media content is worthless, so it is dropped whole.
const mediaKeys = ["format", "mime_type", "mimeType", "media_type", "mediaType"]
const mediaUrl = /^data:[^,]{0,128};base64,/

// Shorter texts are never cut.
const smallestCut = 64

// Room for the note in place of the cut.
const noteRoom = 48

const shortened = (copy: Json, excess: number): { readonly value: Json; readonly saved: number } => {
  const root: { [key: string]: Json } = { value: copy }
  const places = placesOf(root)
  let saved = 0
  const replace = ({ holder, key, text }: Place, by: string): void => {
    put(holder, key as string, by)
    saved += text.length - by.length
  }
  const rest: Array<Place> = []
  for (const place of places) {
    if (place.isMedia && saved < excess) replace(place, `[${place.text.length} characters left out]`)
    else rest.push(place)
  }
  const level = saved >= excess
    ? Infinity
    : LongText.commonLevel(rest.map((place) => place.text.length), excess - saved, smallestCut) ?? smallestCut
  for (const place of rest) {
    const { text } = place
    if (text.length <= level) {
      const whole = wellFormed(text)
      if (whole !== text) put(place.holder, place.key as string, whole)
    } else {
      const [head, tail] = LongText.headAndTail(text, Math.max(0, level - noteRoom))
      const left = text.length - head.length - tail.length
      replace(place, `${head.toWellFormed()}[${left} characters left out]${tail.toWellFormed()}`)
    }
  }
  return { value: root["value"]!, saved }
}

// Returns the longest texts first. The copy is ours, so it is changed in place.
const placesOf = (root: JsonObject): Array<Place> => {
  const places: Array<Place> = []
  const visit = (holder: Json): void => {
    if (typeof holder !== "object" || holder === null) return
    const isPicture = isObject(holder) && mediaKeys.some((key) => typeof holder[key] === "string")
    for (const key of Object.keys(holder)) {
      const value = (holder as JsonObject)[key]!
      if (typeof value === "string") {
        const isMedia = value.length > smallestCut && ((isPicture && !mediaKeys.includes(key)) || mediaUrl.test(value))
        places.push({ holder: holder as Place["holder"], key, text: value, isMedia })
      } else visit(value)
    }
  }
  visit(root)
  return places.sort((a, b) => b.text.length - a.text.length)
}
