/**
 * Texts of unknown origin on a terminal: none can move the cursor, change a colour, or be wider than its place.
 *
 * @since 0.2.0
 */

// As literals, the expressions with a property of Unicode would cost a millisecond at import: V8 reads the tables of each
// when it parses the module.

// Format characters (direction, zero width), lone surrogates and variation selectors could hide or reorder what follows.
const unprintable = () => new RegExp(String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Co}\ufe00-\ufe0f]`, "gu")
// A command goes whole: without its escape character the rest of it would be left over.
const escape = "\u001b"
const commands = new RegExp(`${escape}\\[[0-?]*[ -/]*[@-~]`, "g")
const spaces = /\s+/g

// Longer than any line, and short enough to read at once.
const most = 2_000

/**
 * The text in one line, without anything that a terminal obeys.
 *
 * @category combinators
 * @since 0.2.0
 */
export const clean = (text: string): string =>
  text.slice(0, most).replace(commands, "").replace(spaces, " ").replace(unprintable(), "").trim() +
  (text.length > most ? "…" : "")

const combining = () => new RegExp(String.raw`\p{M}`, "u")
const emoji = () => new RegExp(String.raw`\p{Emoji_Presentation}`, "u")
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u

const columnsOf = (character: string): number =>
  character < "\u0300" ? 1 : combining().test(character) ? 0 : wide.test(character) || emoji().test(character) ? 2 : 1

/**
 * The columns that a cleaned text takes on a terminal.
 *
 * @category accessors
 * @since 0.2.0
 */
export const columns = (text: string): number => {
  let sum = 0
  for (const character of text) sum += columnsOf(character)
  return sum
}

/**
 * The beginning of a cleaned text that fits into some columns, with an ellipsis if that is not all.
 *
 * @category combinators
 * @since 0.2.0
 */
export const cut = (text: string, room: number): string => {
  if (columns(text) <= room) return text
  if (room < 1) return ""
  let kept = ""
  let left = room - 1
  for (const character of text) {
    left -= columnsOf(character)
    if (left < 0) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}
