/**
 * The bytes around the parts of a request's body.
 *
 * @since 0.2.0
 */

/**
 * A layout: parts stand one behind the other, from the offset `head` on, each followed by `gap` bytes.
 *
 * @category models
 * @since 0.2.0
 */
export interface PayloadLayout {
  readonly head: number
  readonly gap: number
  /**
   * Writes the bytes before, between and behind parts of these lengths. Returns the offset at which the body begins.
   */
  readonly frame: (into: Uint8Array, lengths: ReadonlyArray<number>) => number
}

/**
 * The body with these parts, copied.
 *
 * @category combinators
 * @since 0.2.0
 */
export const join = ({ frame, gap, head }: PayloadLayout, parts: ReadonlyArray<Uint8Array>): Uint8Array => {
  const lengths = parts.map(({ byteLength }) => byteLength)
  const out = new Uint8Array(lengths.reduce((size, length) => size + length + gap, head))
  let at = head
  for (const part of parts) {
    out.set(part, at)
    at += part.byteLength + gap
  }
  return out.subarray(frame(out, lengths))
}
