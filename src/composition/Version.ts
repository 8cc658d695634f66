/**
 * The version of this library, as it stands in events and headers.
 *
 * @since 0.1.0
 */

/**
 * @category constants
 * @since 0.1.0
 */
export const libraryVersion = "0.1.0"
