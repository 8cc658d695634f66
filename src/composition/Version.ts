/**
 * The version of this library, as it stands in events and headers.
 */

export const libraryVersion = "0.1.0"
