/**
 * Promises that come back from a program's functions where a value is needed at once.
 *
 * @since 0.2.0
 */

/**
 * Whether a value is a promise. The rejection of one is taken here: left alone it would end the process.
 *
 * @category guards
 * @since 0.2.0
 */
export const take = (value: unknown): boolean => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false
  try {
    const { then } = value as { readonly then?: unknown }
    if (typeof then !== "function") return false
    then.call(value, ignore, ignore)
    return true
  } catch {
    // A promise whose `then` fails is none that could give a value.
    return true
  }
}

const ignore = (): void => {}
