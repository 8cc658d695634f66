/** MessagePack written by hand, so that a test decides on every wire type itself. */

const encoder = new TextEncoder()

export const join = (...parts: ReadonlyArray<Uint8Array>): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => Array.from(part)))

export const raw = (...bytes: ReadonlyArray<number>): Uint8Array => new Uint8Array(bytes)

export const nil = raw(0xc0)

export const str = (text: string): Uint8Array => {
  const bytes = encoder.encode(text)
  return join(raw(0xda, bytes.length >> 8, bytes.length & 0xff), bytes)
}

export const bin = (bytes: Uint8Array): Uint8Array => join(raw(0xc5, bytes.length >> 8, bytes.length & 0xff), bytes)

const wide = (lead: number, write: (view: DataView) => void): Uint8Array => {
  const view = new DataView(new ArrayBuffer(9))
  view.setUint8(0, lead)
  write(view)
  return new Uint8Array(view.buffer)
}

export const uint64 = (value: bigint): Uint8Array => wide(0xcf, (view) => view.setBigUint64(1, value))

export const int64 = (value: bigint): Uint8Array => wide(0xd3, (view) => view.setBigInt64(1, value))

export const float64 = (value: number): Uint8Array => wide(0xcb, (view) => view.setFloat64(1, value))

export const float32 = (value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(5))
  view.setUint8(0, 0xca)
  view.setFloat32(1, value)
  return new Uint8Array(view.buffer)
}

export const array = (...items: ReadonlyArray<Uint8Array>): Uint8Array =>
  join(raw(0xdc, items.length >> 8, items.length & 0xff), ...items)

export type Field = readonly [key: string | Uint8Array, value: Uint8Array]

export const map = (...entries: ReadonlyArray<Field>): Uint8Array =>
  join(
    raw(0xde, entries.length >> 8, entries.length & 0xff),
    ...entries.flatMap(([key, value]) => [typeof key === "string" ? str(key) : key, value])
  )

/** A span with ids 7 (trace) and 9 (span), and whatever fields are given after them. */
export const span = (...fields: ReadonlyArray<Field>): Uint8Array =>
  map(["trace_id", uint64(7n)], ["span_id", uint64(9n)], ...fields)

/** A payload of one chunk. */
export const payload = (...spans: ReadonlyArray<Uint8Array>): Uint8Array => array(array(...spans))
