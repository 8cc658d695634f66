/**
 * A strict reader of MessagePack that keeps every wire type apart.
 *
 * **Details**
 *
 * The trace Agent refuses a whole request because of float32 in place of float64, or str in place of bin. Library
 * decoders map those to one JavaScript type, so a test with them would pass where production fails. This reader keeps
 * the wire types.
 *
 * **Gotchas**
 *
 * Input is untrusted: nesting and the number of values are bounded, a length is checked against the remaining bytes
 * before anything is allocated, and no input makes it throw.
 */

/**
 * One value as it was written. Integers are `bigint` whatever their width; `int` is a signed and `uint` an unsigned
 * wire format. `bin` and `ext` are views on the bytes read, not copies.
 */
export type MsgpackValue =
  | { readonly type: "nil" }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "uint"; readonly value: bigint }
  | { readonly type: "float32"; readonly value: number }
  | { readonly type: "float64"; readonly value: number }
  | { readonly type: "str"; readonly value: string }
  | { readonly type: "bin"; readonly value: Uint8Array }
  | { readonly type: "ext"; readonly code: number; readonly value: Uint8Array }
  | { readonly type: "array"; readonly items: ReadonlyArray<MsgpackValue> }
  | { readonly type: "map"; readonly entries: ReadonlyArray<readonly [key: MsgpackValue, value: MsgpackValue]> }

/** Bounds of one reading. */
export interface Limits {
  /** Deepest nesting of arrays and maps. */
  readonly maxDepth: number
  /** Most values in all, keys included. */
  readonly maxValues: number
}

/**
 * Room for every payload that fits the Agent's 25 MiB in practice, small enough that hostile bytes cannot exhaust the
 * stack or the heap.
 */
const defaultLimits: Limits = { maxDepth: 512, maxValues: 4_000_000 }

/** The value and the offset after it, or an error with its offset. */
export type ReadResult =
  | { readonly ok: true; readonly value: MsgpackValue; readonly end: number }
  | { readonly ok: false; readonly message: string; readonly offset: number }

interface Cursor {
  readonly bytes: Buffer
  readonly limits: Limits
  at: number
  values: number
  failure: string | undefined
}

const nil: MsgpackValue = { type: "nil" }
const yes: MsgpackValue = { type: "bool", value: true }
const no: MsgpackValue = { type: "bool", value: false }
const fixUints: ReadonlyArray<MsgpackValue> = Array.from({ length: 128 }, (_, i) => ({
  type: "uint",
  value: BigInt(i)
}))
const fixInts: ReadonlyArray<MsgpackValue> = Array.from({ length: 32 }, (_, i) => ({
  type: "int",
  value: BigInt(i - 32)
}))

const fail = (cursor: Cursor, message: string): MsgpackValue => {
  cursor.failure ??= message
  return nil
}

const has = (cursor: Cursor, count: number): boolean => {
  if (count <= cursor.bytes.length - cursor.at) {
    return true
  }
  fail(cursor, "unexpected end of input")
  return false
}

const take = (cursor: Cursor, count: number): number => {
  const from = cursor.at
  cursor.at += count
  return from
}

const readLength = (cursor: Cursor, width: number): number | undefined =>
  has(cursor, width) ? cursor.bytes.readUIntBE(take(cursor, width), width) : undefined

const readText = (cursor: Cursor, length: number | undefined): MsgpackValue => {
  if (length === undefined || !has(cursor, length)) {
    return nil
  }
  const from = take(cursor, length)
  return { type: "str", value: cursor.bytes.toString("utf8", from, from + length) }
}

const readBytes = (cursor: Cursor, length: number): Uint8Array | undefined => {
  if (!has(cursor, length)) {
    return undefined
  }
  const from = take(cursor, length)
  return new Uint8Array(cursor.bytes.buffer, cursor.bytes.byteOffset + from, length)
}

const readBin = (cursor: Cursor, width: number): MsgpackValue => {
  const length = readLength(cursor, width)
  const value = length === undefined ? undefined : readBytes(cursor, length)
  return value === undefined ? nil : { type: "bin", value }
}

const readExt = (cursor: Cursor, length: number | undefined): MsgpackValue => {
  if (length === undefined || !has(cursor, 1)) {
    return nil
  }
  const code = cursor.bytes.readInt8(take(cursor, 1))
  const value = readBytes(cursor, length)
  return value === undefined ? nil : { type: "ext", code, value }
}

const readArray = (cursor: Cursor, length: number | undefined, depth: number): MsgpackValue => {
  if (length === undefined || !has(cursor, length)) {
    return nil
  }
  const items: Array<MsgpackValue> = []
  for (let i = 0; i < length && cursor.failure === undefined; i++) {
    items.push(readValue(cursor, depth + 1))
  }
  return { type: "array", items }
}

const readMap = (cursor: Cursor, length: number | undefined, depth: number): MsgpackValue => {
  if (length === undefined || !has(cursor, length * 2)) {
    return nil
  }
  const entries: Array<readonly [MsgpackValue, MsgpackValue]> = []
  for (let i = 0; i < length && cursor.failure === undefined; i++) {
    const key = readValue(cursor, depth + 1)
    entries.push([key, readValue(cursor, depth + 1)])
  }
  return { type: "map", entries }
}

const readValue = (cursor: Cursor, depth: number): MsgpackValue => {
  if (cursor.failure !== undefined || !has(cursor, 1)) {
    return nil
  }
  if (depth > cursor.limits.maxDepth) {
    return fail(cursor, "nested too deeply")
  }
  if (++cursor.values > cursor.limits.maxValues) {
    return fail(cursor, "too many values")
  }
  const lead = cursor.bytes[take(cursor, 1)]!
  if (lead < 0x80) {
    return fixUints[lead]!
  }
  if (lead < 0x90) {
    return readMap(cursor, lead & 0x0f, depth)
  }
  if (lead < 0xa0) {
    return readArray(cursor, lead & 0x0f, depth)
  }
  if (lead < 0xc0) {
    return readText(cursor, lead & 0x1f)
  }
  return lead >= 0xe0 ? fixInts[lead - 0xe0]! : readTagged(cursor, lead, depth)
}

const readTagged = (cursor: Cursor, lead: number, depth: number): MsgpackValue => {
  switch (lead) {
    case 0xc0:
      return nil
    case 0xc2:
      return no
    case 0xc3:
      return yes
    case 0xc4:
      return readBin(cursor, 1)
    case 0xc5:
      return readBin(cursor, 2)
    case 0xc6:
      return readBin(cursor, 4)
    case 0xc7:
      return readExt(cursor, readLength(cursor, 1))
    case 0xc8:
      return readExt(cursor, readLength(cursor, 2))
    case 0xc9:
      return readExt(cursor, readLength(cursor, 4))
    case 0xca:
      return has(cursor, 4) ? { type: "float32", value: cursor.bytes.readFloatBE(take(cursor, 4)) } : nil
    case 0xcb:
      return has(cursor, 8) ? { type: "float64", value: cursor.bytes.readDoubleBE(take(cursor, 8)) } : nil
    case 0xcc:
    case 0xcd:
    case 0xce: {
      const value = readLength(cursor, 1 << (lead - 0xcc))
      return value === undefined ? nil : { type: "uint", value: BigInt(value) }
    }
    case 0xcf:
      return has(cursor, 8) ? { type: "uint", value: cursor.bytes.readBigUInt64BE(take(cursor, 8)) } : nil
    case 0xd0:
    case 0xd1:
    case 0xd2: {
      const width = 1 << (lead - 0xd0)
      return has(cursor, width)
        ? { type: "int", value: BigInt(cursor.bytes.readIntBE(take(cursor, width), width)) }
        : nil
    }
    case 0xd3:
      return has(cursor, 8) ? { type: "int", value: cursor.bytes.readBigInt64BE(take(cursor, 8)) } : nil
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return readExt(cursor, 1 << (lead - 0xd4))
    case 0xd9:
      return readText(cursor, readLength(cursor, 1))
    case 0xda:
      return readText(cursor, readLength(cursor, 2))
    case 0xdb:
      return readText(cursor, readLength(cursor, 4))
    case 0xdc:
      return readArray(cursor, readLength(cursor, 2), depth)
    case 0xdd:
      return readArray(cursor, readLength(cursor, 4), depth)
    case 0xde:
      return readMap(cursor, readLength(cursor, 2), depth)
    case 0xdf:
      return readMap(cursor, readLength(cursor, 4), depth)
    default:
      return fail(cursor, "0xc1 is not a MessagePack type")
  }
}

/**
 * Reads one value from the start of the bytes. Bytes after it are left alone: `end` says where they begin.
 *
 * Invalid UTF-8 in a str is repaired with U+FFFD, as the Agent does.
 */
export const read = (bytes: Uint8Array, limits: Limits = defaultLimits): ReadResult => {
  const cursor: Cursor = {
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    limits,
    at: 0,
    values: 0,
    failure: undefined
  }
  const value = readValue(cursor, 0)
  return cursor.failure === undefined
    ? { ok: true, value, end: cursor.at }
    : { ok: false, message: cursor.failure, offset: cursor.at }
}

/**
 * A value as plain data: what JSON would hold, plus `bigint` for integers that a double cannot hold exactly and
 * `Uint8Array` for bin.
 */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ReadonlyArray<PlainValue>
  | { readonly [key: string]: PlainValue }

/** An integer as a number when a double holds it exactly. */
export const exactInteger = (value: bigint): number | bigint => {
  const asNumber = Number(value)
  return Number.isSafeInteger(asNumber) ? asNumber : value
}

const plainKey = (key: MsgpackValue): string =>
  key.type === "str" ? key.value : "value" in key ? String(key.value) : key.type

/**
 * Forgets the wire types. An ext becomes `{ $ext: code, bytes }`; a key that is not a str becomes its text; of equal
 * keys the last one stays. `__proto__` is an ordinary key.
 */
export const toPlain = (value: MsgpackValue): PlainValue => {
  switch (value.type) {
    case "nil":
      return null
    case "int":
    case "uint":
      return exactInteger(value.value)
    case "ext":
      return { $ext: value.code, bytes: value.value }
    case "array":
      return value.items.map(toPlain)
    case "map":
      return Object.fromEntries(value.entries.map(([key, item]) => [plainKey(key), toPlain(item)]))
    default:
      return value.value
  }
}
