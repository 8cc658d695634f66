/**
 * Reads the protobuf wire format: as much of it as the Agent's payloads need.
 *
 * @since 0.1.0
 */

/**
 * One field of a message. A varint and a fixed64 give a number, a length-delimited field its bytes.
 *
 * @category models
 * @since 0.1.0
 */
export type Field =
  | { readonly number: number; readonly _tag: "Number"; readonly value: bigint }
  | { readonly number: number; readonly _tag: "Bytes"; readonly value: Uint8Array }

/**
 * Reads the fields of a message in order. Throws on bytes that are not a message: a payload that cannot be read is a
 * failure of the check, not a case to be handled.
 *
 * @category constructors
 * @since 0.1.0
 */
export function* fields(message: Uint8Array): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  let offset = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = view.getUint8(offset++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new Error("a varint is longer than ten bytes")
  }
  while (offset < message.byteLength) {
    const key = varint()
    const number = Number(key >> 3n)
    switch (Number(key & 7n)) {
      case 0:
        yield { number, _tag: "Number", value: varint() }
        break
      case 1:
        yield { number, _tag: "Number", value: view.getBigUint64(offset, true) }
        offset += 8
        break
      case 2: {
        const length = Number(varint())
        if (length > message.byteLength - offset) throw new Error("a field is longer than its message")
        yield { number, _tag: "Bytes", value: message.subarray(offset, offset + length) }
        offset += length
        break
      }
      case 5:
        yield { number, _tag: "Number", value: BigInt(view.getUint32(offset, true)) }
        offset += 4
        break
      default:
        throw new Error("an unknown wire type")
    }
  }
}

/**
 * The bytes of every occurrence of a field.
 *
 * @category accessors
 * @since 0.1.0
 */
export const all = (message: Uint8Array, number: number): Array<Uint8Array> => {
  const found: Array<Uint8Array> = []
  for (const field of fields(message)) if (field.number === number && field._tag === "Bytes") found.push(field.value)
  return found
}

/**
 * The number in a field; what is not on the wire is zero.
 *
 * @category accessors
 * @since 0.1.0
 */
export const number = (message: Uint8Array, at: number): bigint => {
  let value = 0n
  for (const field of fields(message)) if (field.number === at && field._tag === "Number") value = field.value
  return value
}

/**
 * The text in a field; what is not on the wire is empty.
 *
 * @category accessors
 * @since 0.1.0
 */
export const text = (message: Uint8Array, at: number): string => toText(all(message, at).at(-1) ?? new Uint8Array())

/**
 * Bytes as UTF-8 text.
 *
 * @category combinators
 * @since 0.1.0
 */
export const toText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
