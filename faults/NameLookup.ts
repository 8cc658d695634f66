/**
 * Names that this process cannot resolve, until it can: the system's resolver is asked for all others.
 */
import type { LookupAddress } from "node:dns"
import Dns from "node:dns"
import { syncBuiltinESMExports } from "node:module"

const system = Dns.lookup
const known = new Map<string, boolean>()

type Answer = (error: NodeJS.ErrnoException | null, address: string | Array<LookupAddress>, family?: number) => void

/** A name that nobody resolves: the system's resolver says so until `resolve` is called. */
export const make = (name: string): { readonly host: string; readonly resolve: () => void } => {
  const host = `${name}.invalid`
  known.set(host, false)
  if (Dns.lookup === system) {
    const lookup = (asked: string, options: { readonly all?: boolean }, answer: Answer) => {
      if (known.get(asked) !== true) {
        return (system as (asked: string, options: object, answer: Answer) => void)(asked, options, answer)
      }
      const address = { address: "127.0.0.1", family: 4 }
      process.nextTick(() => options.all === true ? answer(null, [address]) : answer(null, address.address, 4))
    }
    Dns.lookup = lookup as unknown as typeof Dns.lookup
    syncBuiltinESMExports()
  }
  return { host, resolve: () => known.set(host, true) }
}
