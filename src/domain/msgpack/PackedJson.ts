/**
 * Reads the JSON that a `MsgpackWriter` wrote.
 *
 * **Details**
 *
 * The bytes are this process's own and whole, so they are not checked. Each key becomes a member, `__proto__` too.
 *
 * @since 0.2.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import * as Utf8 from "./Utf8.ts"

/**
 * The members of an object that were written one after another, without the head of a map.
 *
 * @category combinators
 * @since 0.2.0
 */
export const readMembers = (bytes: Uint8Array, from: number, count: number): { [key: string]: Json } => {
  return new Reader(bytes, from).members(count)
}

class Reader {
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private at: number

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
  }

  members(count: number): { [key: string]: Json } {
    const out: { [key: string]: Json } = {}
    for (let i = 0; i < count; i++) {
      const key = this.value() as string
      const value = this.value()
      if (key === "__proto__") Object.defineProperty(out, key, { value, ...own })
      else out[key] = value
    }
    return out
  }

  private value(): Json {
    const head = this.bytes[this.at++]!
    if (head < 0x80) return head
    if (head < 0x90) return this.members(head & 0x0f)
    if (head < 0xa0) return this.list(head & 0x0f)
    if (head < 0xc0) return this.text(head & 0x1f)
    if (head >= 0xe0) return head - 0x100
    const { view } = this
    switch (head) {
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xcb:
        return view.getFloat64(this.skip(8))
      case 0xcc:
        return view.getUint8(this.skip(1))
      case 0xcd:
        return view.getUint16(this.skip(2))
      case 0xce:
        return view.getUint32(this.skip(4))
      case 0xcf:
        return Number(view.getBigUint64(this.skip(8)))
      case 0xd0:
        return view.getInt8(this.skip(1))
      case 0xd1:
        return view.getInt16(this.skip(2))
      case 0xd2:
        return view.getInt32(this.skip(4))
      case 0xd3:
        return Number(view.getBigInt64(this.skip(8)))
      case 0xd9:
        return this.text(view.getUint8(this.skip(1)))
      case 0xda:
        return this.text(view.getUint16(this.skip(2)))
      case 0xdb:
        return this.text(view.getUint32(this.skip(4)))
      case 0xdc:
        return this.list(view.getUint16(this.skip(2)))
      case 0xdd:
        return this.list(view.getUint32(this.skip(4)))
      case 0xde:
        return this.members(view.getUint16(this.skip(2)))
      case 0xdf:
        return this.members(view.getUint32(this.skip(4)))
      default:
        return null
    }
  }

  private list(count: number): Array<Json> {
    const out: Array<Json> = []
    for (let i = 0; i < count; i++) out.push(this.value())
    return out
  }

  private text(length: number): string {
    const from = this.skip(length)
    return Utf8.read(this.bytes, from, from + length)
  }

  private skip(bytes: number): number {
    const from = this.at
    this.at += bytes
    return from
  }
}

const own = { configurable: true, enumerable: true, writable: true }
