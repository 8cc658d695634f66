/**
 * Cutting the longest texts first, without keeping the whole texts in memory.
 *
 * @since 0.2.0
 */

/**
 * The largest size to which all longer texts must be cut to save `excess`. `sizes` falls. `undefined` if cutting all of
 * them to `smallest` saves less.
 *
 * @category combinators
 * @since 0.2.0
 */
export const commonLevel = (sizes: ReadonlyArray<number>, excess: number, smallest: number): number | undefined => {
  let sum = 0
  for (let i = 0; i < sizes.length; i++) {
    sum += sizes[i]!
    const level = Math.floor((sum - excess) / (i + 1))
    if (level >= (sizes[i + 1] ?? smallest)) return level
  }
  return undefined
}

/**
 * The first and the last part of a text, each of `units` UTF-16 code units or one less, and never half a character.
 *
 * @category combinators
 * @since 0.2.0
 */
export const headAndTail = (text: string, units: number): readonly [head: string, tail: string] => {
  const tail = Math.floor(units / 4)
  return [copied(text.slice(0, wholeAt(text, units - tail))), copied(text.slice(endOf(text, text.length - tail)))]
}

/**
 * The end of a head that splits no surrogate pair: the index, or the one before it.
 *
 * @category accessors
 * @since 0.2.0
 */
export const wholeAt = (text: string, index: number): number => splits(text, index) ? index - 1 : index

// The start of a tail, likewise: the index, or the one behind it.
const endOf = (text: string, index: number): number => splits(text, index) ? index + 1 : index

const splits = (text: string, index: number): boolean => {
  const unit = text.charCodeAt(index)
  const before = text.charCodeAt(index - 1)
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff
}

// A slice keeps the whole text in memory; concatenation makes an independent text.
const copied = (part: string): string => ` ${part}`.slice(1)
