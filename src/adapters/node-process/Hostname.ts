/**
 * The name of this machine.
 */
import { hostname } from "node:os"

/** The name of this host. `undefined` if the system gives none. */
export const read = (): string | undefined => {
  try {
    return hostname() || undefined
  } catch {
    return undefined
  }
}
