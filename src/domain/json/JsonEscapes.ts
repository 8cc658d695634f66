/**
 * The short escapes of a JSON string.
 *
 * @since 0.2.0
 */

/**
 * The letter of each short escape, by its character; 0 for the others.
 *
 * @category constants
 * @since 0.2.0
 */
export const letters = new Uint8Array(0x80)
for (const [unit, letter] of ["\bb", "\tt", "\nn", "\ff", "\rr", "\"\"", "\\\\"]) {
  letters[unit!.charCodeAt(0)] = letter!.charCodeAt(0)
}
