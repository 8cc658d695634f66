/**
 * The form of an API key.
 *
 * @since 0.2.0
 */

/**
 * The form, in words.
 *
 * @category constants
 * @since 0.2.0
 */
export const expected = "a key of at most 256 printable ASCII characters without a space in it"

/**
 * The key without the surrounding white space that a file or a shell can add. `undefined` if the rest cannot be the
 * value of a header.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (u: unknown): string | undefined => {
  const key = typeof u === "string" ? u.trim() : ""
  return /^[\x21-\x7e]{1,256}$/.test(key) ? key : undefined
}
