/**
 * The most that one step packs of a payload, because packing is the longest step of a program that sends much.
 */

/** The limits of a step. It ends when either is reached. */
export interface PackingSlice {
  readonly bytes: number
  readonly events: number
}

/**
 * The slice while a share of the memory is filled: about 1.5 ms of packing, and four times as much from a half on, because a
 * program that never rests would fill the rest faster than it is emptied.
 */
export const make = (filled: number): PackingSlice => {
  const factor = 1 + 3 * Math.min(1, 2 * filled)
  return { bytes: factor * 256 * 1024, events: factor * 100 }
}

/** No limit. */
export const whole: PackingSlice = { bytes: Infinity, events: Infinity }
