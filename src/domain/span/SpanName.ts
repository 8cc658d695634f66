/**
 * The name of a span.
 *
 * @since 0.2.0
 */

/**
 * The name as text. A program without types can name a span by anything, and what is no text cannot be sent: it is
 * written as JavaScript writes it, and what has no text of its own by the name of its type.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromUnknown = (name: unknown): string => {
  if (typeof name === "string") return name
  try {
    return String(name)
  } catch {
    return typeof name
  }
}
