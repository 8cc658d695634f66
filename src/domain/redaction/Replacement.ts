/**
 * A range of a text, and its replacement.
 *
 * @since 0.2.0
 */

/**
 * The units from `from` up to `to` of a text are replaced by `text`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Replacement {
  readonly from: number
  readonly to: number
  readonly text: string
}

/**
 * No replacements.
 *
 * @category constants
 * @since 0.2.0
 */
export const none: ReadonlyArray<Replacement> = []

/**
 * The replacement for a secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const placeholder = (name: string): string => `[redacted ${name}]`

/**
 * Replaces each match of a global pattern.
 *
 * @category constructors
 * @since 0.2.0
 */
export const matches = (text: string, pattern: RegExp, written: string): ReadonlyArray<Replacement> => {
  const out: Array<Replacement> = []
  for (const match of text.matchAll(pattern)) {
    out.push({ from: match.index, to: match.index + match[0].length, text: written })
  }
  return out
}

/**
 * The text with its replacements, which are given in order. Of two that overlap, the first one counts.
 *
 * @category combinators
 * @since 0.2.0
 */
export const apply = (text: string, replacements: ReadonlyArray<Replacement>): string => {
  if (replacements.length === 0) return text
  let out = ""
  let kept = 0
  for (const { from, text: written, to } of replacements) {
    if (from < kept) continue
    out += text.slice(kept, from) + written
    kept = to
  }
  return out + text.slice(kept)
}
