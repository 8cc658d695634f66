/**
 * The patterns of sampling rules: `*` is any text, `?` any one character, case does not matter.
 *
 * @since 0.1.0
 */

/**
 * A pattern that is ready to match. `anything` means that it consists of `*` alone.
 *
 * @category models
 * @since 0.1.0
 */
export interface Glob {
  readonly pattern: string
  readonly anything: boolean
}

/**
 * Prepares a pattern.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (pattern: string): Glob => {
  let folded = ""
  for (const c of pattern.toLowerCase()) if (c !== "*" || !folded.endsWith("*")) folded += c
  return { pattern: folded, anything: folded === "*" }
}

/**
 * Whether the whole text matches.
 *
 * **Details**
 *
 * Only the last `*` is reconsidered, because it can take any text that an earlier one could. The time is at most the
 * length of the text times that of the pattern. `?` counts UTF-16 units.
 *
 * @category guards
 * @since 0.1.0
 */
export const matches = (self: Glob, text: string): boolean => {
  if (self.anything) return true
  const { pattern } = self
  const subject = text.toLowerCase()
  let p = 0
  let s = 0
  let star = -1
  let resume = 0
  while (s < subject.length) {
    const c = p < pattern.length ? pattern.charCodeAt(p) : -1
    if (c === asterisk) {
      star = p++
      resume = s
    } else if (c === questionMark || c === subject.charCodeAt(s)) {
      p++
      s++
    } else if (star >= 0) {
      p = star + 1
      s = ++resume
    } else {
      return false
    }
  }
  while (p < pattern.length && pattern.charCodeAt(p) === asterisk) p++
  return p === pattern.length
}

const asterisk = 0x2a
const questionMark = 0x3f
