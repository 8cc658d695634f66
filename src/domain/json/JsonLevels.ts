/**
 * How deeply JSON is nested that another process wrote.
 *
 * **Details**
 *
 * A parser reads any number of levels. A few thousand are too many for whatever goes through a value afterwards, such as a
 * message to another thread or a Schema.
 *
 * @since 0.2.0
 */
import type { Json } from "./JsonSnapshot.ts"
import * as JsonSnapshot from "./JsonSnapshot.ts"

/**
 * Whether a value has at most so many levels of objects and lists.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isWithin = (json: Json, levels: number): boolean =>
  typeof json !== "object" || json === null ||
  (levels > 0 && (JsonSnapshot.isArray(json) ? json : Object.values(json)).every((item) => isWithin(item, levels - 1)))
