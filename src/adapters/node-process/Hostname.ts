/**
 * The name of this machine.
 *
 * @since 0.1.0
 */
import { hostname } from "node:os"

/**
 * @category accessors
 * @since 0.1.0
 */
export const read = (): string | undefined => {
  try {
    return hostname() || undefined
  } catch {
    return undefined
  }
}
