/**
 * Checks that the stack has room for a step that must not be cut in the middle.
 *
 * **Details**
 *
 * A program can end spans at the bottom of a deep recursion. A step that begins there can overflow halfway. A step that
 * checks first has not begun.
 */

// More frames than deciding a chunk needs, with a good margin.
const frames = 200

/** Throws the engine's own `RangeError` if there is no room. */
export const need = (left: number = frames): number => left === 0 ? 0 : 1 + need(left - 1)
