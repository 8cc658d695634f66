/**
 * Readers for values of other libraries, which need not be JSON.
 *
 * **Gotchas**
 *
 * Members of prototypes count, because classes have getters there. A getter can throw: read inside a guard.
 *
 * @since 0.2.0
 */

/**
 * A member of a value. `undefined` if the value is no object.
 *
 * @category accessors
 * @since 0.2.0
 */
export const member = (u: unknown, name: string): unknown =>
  typeof u === "object" && u !== null ? (u as { readonly [name: string]: unknown })[name] : undefined

/**
 * A text that is not empty. `undefined` for any other value.
 *
 * @category accessors
 * @since 0.2.0
 */
export const text = (u: unknown): string | undefined => typeof u === "string" && u !== "" ? u : undefined
