/**
 * The name of this machine.
 */
import * as Builtin from "./Builtin.ts"

/** The name of this host. `undefined` if the system gives none. */
export const read = (): string | undefined => {
  try {
    return Builtin.get("node:os")?.hostname() || undefined
  } catch {
    return undefined
  }
}
