/**
 * The version of this library, as in events and headers.
 */

export const libraryVersion = "0.1.0"
