/**
 * The accounts that `LLMObs.withRouting` names. The road of each is opened when it is first named.
 */
import * as Redacted from "effect/Redacted"
import * as Account from "../adapters/intake/Account.ts"
import * as Problem from "../domain/Problem.ts"
import { maxAccounts } from "../engine/lane/AccountLanes.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { Routing } from "../ports/Routing.ts"
import type { Settings } from "./Settings.ts"

/**
 * The account of events whose own cannot be resolved. They are not sent, because an event meant for one account must
 * not go to another.
 */
export const nowhere = "nowhere"

/** Returns the name of a routing's account: `undefined` for the layer's own. */
export const make = (options: {
  readonly own: Pick<Settings, "apiKey" | "site" | "allowUnknownSite">
  readonly diagnostics: DiagnosticsService
  /** Opens the road to an account. Returns `false` if there are too many. */
  readonly open: (account: Account.Account) => boolean
}): (routing: Routing) => string | undefined => {
  const { allowUnknownSite, apiKey, site } = options.own
  const own = { apiKey, site: site?.value, allowUnknownSite }
  const ownName = own.apiKey === undefined || own.site === undefined
    ? undefined
    : Account.nameOf(own.site, Redacted.value(own.apiKey))
  const known = new WeakMap<Routing, string>()

  const name = (routing: Routing): string => {
    const { problems, value: account } = Account.resolve(routing, own)
    options.diagnostics.report(problems)
    if (account === undefined) return nowhere
    if (account.name === ownName || options.open(account)) return account.name
    options.diagnostics.report([tooMany])
    return nowhere
  }

  return (routing) => {
    let found = known.get(routing)
    if (found === undefined) {
      found = name(routing)
      known.set(routing, found)
    }
    return found === ownName ? undefined : found
  }
}

const tooMany = Problem.make(
  "invalid_setting",
  `A layer sends to ${maxAccounts} accounts besides its own at most. Events of the others are set aside.`
)
