/**
 * Chance that can be repeated: the same seed gives the same choices in the same order.
 */
export interface Chance {
  /** From 0, and below 1. */
  readonly next: () => number
  /** A whole number from 0, and below `n`. */
  readonly below: (n: number) => number
  readonly happens: (probability: number) => boolean
  readonly pick: <A>(from: ReadonlyArray<A>) => A
  /** A seed for a chance of its own, which others' choices do not change. */
  readonly seed: () => number
}

/** Makes a chance of a whole number below 2^32. */
export const make = (seed: number): Chance => {
  let state = seed >>> 0
  // Mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n: number): number => Math.floor(next() * n)
  return {
    next,
    below,
    happens: (probability) => next() < probability,
    pick: (from) => from[below(from.length)]!,
    seed: () => below(4_294_967_296)
  }
}
