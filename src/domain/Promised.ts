/**
 * Promises that a program's function returned where a value is needed at once.
 *
 * @since 0.2.0
 */

/**
 * Whether a value is a promise. Its rejection is handled here, because an unhandled rejection would end the process.
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
    // A promise whose `then` throws can give no value.
    return true
  }
}

const ignore = (): void => {}
