/**
 * Whether the stack has room for a step that must not be cut in the middle.
 *
 * **Details**
 *
 * A program can end spans at the bottom of a deep recursion. A step that is begun there overflows somewhere inside it; one
 * that looks first has not begun.
 */

// About what deciding a chunk needs, with a good margin.
const frames = 200

/** Throws the engine's own `RangeError` when there is no room. */
export const need = (left: number = frames): number => left === 0 ? 0 : 1 + need(left - 1)
