/**
 * The known name that an unknown name probably meant.
 *
 * @since 0.2.0
 */

/**
 * The longest name that is compared, in characters.
 *
 * @category constants
 * @since 0.2.0
 */
export const maxLength = 100

/**
 * The known name at the smallest distance, in letters changed, left out or added. `undefined` if no name is within
 * `most`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const nearest = (name: string, known: Iterable<string>, most: number): string | undefined => {
  if (name.length > maxLength) return undefined
  let best: string | undefined
  let distance = most + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= distance) continue
    const d = edits(name.toLowerCase(), candidate.toLowerCase())
    if (d >= distance) continue
    best = candidate
    distance = d
  }
  return best
}

// Levenshtein's distance, a row at a time.
const edits = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(change, above[j]! + 1, row[j - 1]! + 1))
    }
    above = row
  }
  return above[b.length]!
}
