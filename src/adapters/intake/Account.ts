/**
 * A Datadog account: its site and its key.
 */
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../../domain/delivery/ApiKey.ts"
import type { Site } from "../../domain/delivery/Site.ts"
import * as Sites from "../../domain/delivery/Site.ts"
import * as Problem from "../../domain/Problem.ts"
import type { Routing } from "../../ports/Routing.ts"
import * as Sha256 from "./Sha256.ts"

/** `name` identifies the account, also across processes, and holds no key: the site, and a part of the key's digest. */
export interface Account {
  readonly name: string
  readonly site: Site
  readonly apiKey: Redacted.Redacted
}

/**
 * Resolves a routing to an account. Omitted fields are taken from `own`. `undefined`, with a problem, if there is no
 * account, because an event meant for one account must not go to another.
 */
export const resolve = (routing: Routing, own: {
  readonly apiKey: Redacted.Redacted | undefined
  readonly site: Site | undefined
  readonly allowUnknownSite: boolean
}): Problem.Checked<Account | undefined> => {
  const sites = routing.site === undefined && own.site !== undefined
    ? Problem.ok<Site | undefined>(own.site)
    : Sites.parse(routing.site, { allowUnknown: own.allowUnknownSite })
  if (sites.value === undefined) return { value: undefined, problems: [badSite] }
  const apiKey = routing.apiKey ?? own.apiKey
  const key = ApiKey.parse(Redacted.isRedacted(apiKey) ? Redacted.value(apiKey) : undefined)
  if (key === undefined) return { value: undefined, problems: [badKey] }
  return Problem.ok({ name: nameOf(sites.value, key), site: sites.value, apiKey: Redacted.make(key) })
}

/** The name of an account. */
export const nameOf = (site: Site, key: string): string => `${site.name}:${Sha256.hex(key).slice(0, 16)}`

const consequence = "Events of its region are not sent anywhere; LLMObs.setAside has them."

const badSite = Problem.make(
  "missing_site",
  `The site that withRouting names is not a Datadog site that is known here. ${consequence}`
)

const badKey = Problem.make(
  "missing_api_key",
  `withRouting names no API key that can be sent, and the layer has none. ${consequence}`
)
