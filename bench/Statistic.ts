/** Numbers of repetitions, and the numbers made of them. */

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The median with the least and the greatest; `undefined` of no numbers. */
export const spread = (numbers: ReadonlyArray<number>): Spread | undefined => {
  if (numbers.length === 0) return undefined
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/**
 * The median of the ratios of the same repetition, since a machine that slows down slows both. A repetition that lacks
 * one of them counts for nothing.
 */
export const ratio = (
  over: ReadonlyMap<number, number>,
  under: ReadonlyMap<number, number>
): number | undefined => {
  const ratios: Array<number> = []
  for (const [repetition, value] of over) {
    const base = under.get(repetition)
    if (base !== undefined && base > 0) ratios.push(value / base)
  }
  return spread(ratios)?.median
}
