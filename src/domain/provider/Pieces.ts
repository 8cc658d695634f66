/**
 * The pieces of a streamed answer, by the place that the provider gives each.
 *
 * **Details**
 *
 * There are at most 10,000 pieces, even if a stream names more places. Further pieces are left out.
 *
 * @since 0.2.0
 */
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"

/**
 * A piece: members that chunks set and append to.
 *
 * @category models
 * @since 0.2.0
 */
export type Piece = { [key: string]: Json }

/**
 * The pieces of one answer.
 *
 * @category models
 * @since 0.2.0
 */
export interface Pieces {
  /** Returns the piece at a place, and creates it if needed. `undefined` if there are too many. */
  readonly at: (place: string | number) => Piece | undefined
  readonly has: (place: string | number) => boolean
  readonly all: () => ReadonlyArray<Piece>
  readonly entries: () => ReadonlyArray<readonly [string | number, Piece]>
}

const most = 10_000

/**
 * No pieces yet.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (): Pieces => {
  const pieces = new Map<string | number, Piece>()
  return {
    at: (place) => {
      const found = pieces.get(place)
      if (found !== undefined || pieces.size >= most) return found
      const piece: Piece = {}
      pieces.set(place, piece)
      return piece
    },
    has: (place) => pieces.has(place),
    all: () => [...pieces.values()],
    entries: () => [...pieces]
  }
}

/**
 * Adds to a text of a piece.
 *
 * @category combinators
 * @since 0.2.0
 */
export const append = (piece: Piece, key: string, text: string | undefined): void => {
  if (text === undefined) return
  const before = piece[key]
  piece[key] = typeof before === "string" ? before + text : text
}

/**
 * Sets the members of a chunk that a piece does not have yet.
 *
 * @category combinators
 * @since 0.2.0
 */
export const fill = (piece: Piece, members: JsonObject): void => {
  for (const key of Object.keys(members)) {
    if (key !== "__proto__" && !Object.hasOwn(piece, key)) piece[key] = members[key]!
  }
}

/**
 * Sets the members of a chunk on a piece.
 *
 * @category combinators
 * @since 0.2.0
 */
export const assign = (piece: Piece | undefined, members: JsonObject | undefined): void => {
  if (piece === undefined || members === undefined) return
  for (const key of Object.keys(members)) {
    if (key !== "__proto__") piece[key] = members[key]!
  }
}
