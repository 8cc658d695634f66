/**
 * Checks that the stack has room for a step that must not be cut in the middle.
 *
 * **Details**
 *
 * A program can end spans at the bottom of a deep recursion. A step that begins there can overflow halfway. A step that
 * checks first has not begun.
 */

// 20 calls with 48 arguments take more stack than deciding a chunk needs, with a good margin. Many narrow calls that take
// as much are six times slower.
const calls = 20

// dprint-ignore
const take = (
  left: number,
  _0: 0, _1: 0, _2: 0, _3: 0, _4: 0, _5: 0, _6: 0, _7: 0, _8: 0, _9: 0, _10: 0, _11: 0, _12: 0, _13: 0, _14: 0,
  _15: 0, _16: 0, _17: 0, _18: 0, _19: 0, _20: 0, _21: 0, _22: 0, _23: 0, _24: 0, _25: 0, _26: 0, _27: 0, _28: 0,
  _29: 0, _30: 0, _31: 0, _32: 0, _33: 0, _34: 0, _35: 0, _36: 0, _37: 0, _38: 0, _39: 0, _40: 0, _41: 0, _42: 0,
  _43: 0, _44: 0, _45: 0, _46: 0, _47: 0
): number =>
  left === 0 ? 0 : 1 + take(
    left - 1,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  )

// dprint-ignore
/** Throws the engine's own `RangeError` if there is no room. */
export const need = (): number =>
  take(
    calls,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0
  )
