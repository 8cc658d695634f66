/**
 * Finds the texts in JSON that a `MsgpackWriter` wrote, and replaces some of them, without making values of it.
 *
 * **Details**
 *
 * The bytes are this process's own and whole, so they are not checked. Keys are no texts here.
 *
 * @since 0.2.0
 */
import * as Utf8 from "./Utf8.ts"

/**
 * The place of a text: its header begins at `head`, and its UTF-8 stands from `from` to `to`.
 *
 * @category models
 * @since 0.2.0
 */
export interface PackedText {
  readonly head: number
  readonly from: number
  readonly to: number
  /** Whether a path marks it. */
  readonly isMarked: boolean
}

/**
 * Paths to texts: through a member of each name, and through each item of a list.
 *
 * @category models
 * @since 0.2.0
 */
export interface Paths {
  readonly members?: ReadonlyMap<string, Paths>
  readonly items?: Paths
  readonly isMarked?: boolean
}

/**
 * The texts of at least `least` bytes among members that stand one after another, without the head of a map.
 *
 * @category combinators
 * @since 0.2.0
 */
export const find = (
  bytes: Uint8Array,
  from: number,
  members: number,
  least: number,
  paths: Paths
): ReadonlyArray<PackedText> => {
  const finder = new Finder(bytes, from, least)
  finder.map(members, paths)
  return finder.found
}

/**
 * A text, and the parts of the one that takes its place.
 *
 * @category models
 * @since 0.2.0
 */
export interface Replacement extends Pick<PackedText, "head" | "to"> {
  readonly by: ReadonlyArray<Uint8Array>
}

/**
 * A copy in which some texts are replaced, step by step.
 *
 * @category combinators
 * @since 0.2.0
 */
export function* replace(
  bytes: Uint8Array,
  from: number,
  to: number,
  texts: ReadonlyArray<Replacement>
): Generator<void, Uint8Array> {
  const out = Utf8.allocate(
    texts.reduce((sum, { by, head, to }) => sum + headerBytes + lengthOf(by) - (to - head), to - from)
  )
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength)
  let at = 0
  let left = stepBytes
  function* copy(part: Uint8Array): Generator<void> {
    for (let from = 0; from < part.byteLength; from += stepBytes) {
      const piece = part.subarray(from, from + stepBytes)
      out.set(piece, at)
      at += piece.byteLength
      left -= piece.byteLength
      if (left > 0) continue
      left = stepBytes
      yield
    }
  }
  let next = from
  for (const { by, head, to } of texts.toSorted((a, b) => a.head - b.head)) {
    yield* copy(bytes.subarray(next, head))
    out[at] = 0xdb
    view.setUint32(at + 1, lengthOf(by))
    at += headerBytes
    for (const part of by) yield* copy(part)
    next = to
  }
  yield* copy(bytes.subarray(next, to))
  return out
}

const stepBytes = 256 * 1024

const lengthOf = (parts: ReadonlyArray<Uint8Array>): number => parts.reduce((sum, part) => sum + part.byteLength, 0)

// Of a str 32, which need not be the shortest form.
const headerBytes = 5

// The bytes behind the head of a number that has some.
const numberBytes: ReadonlyMap<number, number> = new Map([
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8]
])

class Finder {
  readonly found: Array<PackedText> = []
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private readonly least: number
  private at: number

  constructor(bytes: Uint8Array, at: number, least: number) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.least = least
  }

  map(count: number, paths: Paths | undefined): void {
    const members = paths?.members
    for (let i = 0; i < count; i++) {
      const length = this.text() ?? 0
      const from = this.at
      this.at += length
      this.value(members === undefined ? undefined : members.get(Utf8.read(this.bytes, from, this.at)))
    }
  }

  private list(count: number, paths: Paths | undefined): void {
    for (let i = 0; i < count; i++) this.value(paths?.items)
  }

  private value(paths: Paths | undefined): void {
    const head = this.at
    const length = this.text()
    if (length !== undefined) {
      const from = this.at
      this.at += length
      if (length >= this.least) this.found.push({ head, from, to: this.at, isMarked: paths?.isMarked === true })
      return
    }
    const byte = this.unsigned(1)
    if (byte >= 0x80 && byte < 0x90) this.map(byte & 0x0f, paths)
    else if (byte >= 0x90 && byte < 0xa0) this.list(byte & 0x0f, paths)
    else if (byte === 0xdc || byte === 0xdd) this.list(this.unsigned(byte === 0xdc ? 2 : 4), paths)
    else if (byte === 0xde || byte === 0xdf) this.map(this.unsigned(byte === 0xde ? 2 : 4), paths)
    else this.at += numberBytes.get(byte) ?? 0
  }

  // The length of the text whose header stands here, which is passed over. `undefined` for any other value.
  private text(): number | undefined {
    const head = this.bytes[this.at]!
    if (head >= 0xa0 && head < 0xc0) return this.unsigned(1) & 0x1f
    if (head < 0xd9 || head > 0xdb) return undefined
    this.at++
    return this.unsigned(head === 0xd9 ? 1 : head === 0xda ? 2 : 4)
  }

  private unsigned(size: 1 | 2 | 4): number {
    const from = this.at
    this.at += size
    return size === 1 ? this.bytes[from]! : size === 2 ? this.view.getUint16(from) : this.view.getUint32(from)
  }
}
