/**
 * The name of a span.
 *
 * @since 0.2.0
 */

/**
 * The name as text. A program without types can pass any value as a name. A value that is no text is converted with
 * `String`; if that fails, the name of its type is used.
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

/**
 * The name as lines of a log show it: in quotes, in one line, and with at most 80 characters.
 *
 * @category combinators
 * @since 0.2.0
 */
export const shown = (name: unknown): string => `"${fromUnknown(name).slice(0, 80).replace(unprintable(), "?")}"`

// V8 reads the tables of Unicode for a literal when it parses the module.
const unprintable = () => new RegExp(String.raw`[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029"]`, "gu")
