/**
 * The numbers of events in a file: `segment * 2^30 + n`.
 *
 * @since 0.1.0
 */

/**
 * The ids of one segment: from `segment * segmentSize` up to, and without, the next one's.
 *
 * @category constants
 * @since 0.1.0
 */
export const segmentSize = 2 ** 30

/**
 * Beyond it an id would not be an exact number.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxSegment = 2 ** 23 - 1

/**
 * @category accessors
 * @since 0.1.0
 */
export const segmentOf = (id: number): number => Math.floor(id / segmentSize)

/**
 * The last id that a segment can have.
 *
 * @category accessors
 * @since 0.1.0
 */
export const lastOf = (segment: number): number => (segment + 1) * segmentSize - 1
