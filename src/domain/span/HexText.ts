/**
 * Texts of hex characters, as ids are written.
 *
 * @since 0.2.0
 */

// 0 for the lower-case hex characters. A look into a table takes a third of the time of an expression.
const others = Uint8Array.from({ length: 0x80 }, (_, unit) => /[0-9a-f]/.test(String.fromCharCode(unit)) ? 0 : 1)

/**
 * Whether a text is made of so many lower-case hex characters.
 *
 * @category guards
 * @since 0.2.0
 */
export const isLower = (text: string, length: number): boolean => {
  // A span of another tracer can have no id.
  if (typeof text !== "string" || text.length !== length) return false
  let found = 0
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i)
    found |= unit < 0x80 ? others[unit]! : 1
  }
  return found === 0
}
