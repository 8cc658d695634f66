/**
 * The log lines about events that cannot be delivered: the state of delivery as a sentence.
 *
 * **Details**
 *
 * Each sentence says what happened, how many events wait, and what to do, in the names that the program itself used: the
 * option or the variable that was given, and else the one that can be given. It holds addresses and codes, and no content
 * and no key.
 *
 * @since 0.2.0
 */
import * as Site from "./Site.ts"

/**
 * Why events cannot be delivered now. `reason` is a short code such as `ECONNREFUSED`.
 *
 * - `AgentUnreachable`: nothing answers at the Agent's address
 * - `NotAnAgent`: something answers there, and not as an Agent does
 * - `NoProxy`: the Agent has no EVP proxy for events that do not ride a trace; `status` is the answer of one that lists it
 * - `MissingCredentials`: there is to be no Agent, and the key or the site is missing
 * - `CredentialsRefused`: the intake refuses the key
 * - `IntakeUnreachable`: no connection to the intake, or no answer from it
 * - `IntakeFailing`: the intake answers with a status by which nothing arrived
 * - `QueueUnreachable`, `QueueFull`: the queue of relays
 *
 * @category models
 * @since 0.2.0
 */
export type Trouble =
  | { readonly _tag: "AgentUnreachable"; readonly reason: string }
  | { readonly _tag: "NotAnAgent"; readonly status: number | undefined }
  | { readonly _tag: "NoProxy"; readonly status?: number | undefined }
  | { readonly _tag: "MissingCredentials"; readonly missing: "apiKey" | "site" }
  | { readonly _tag: "CredentialsRefused"; readonly status: number }
  | { readonly _tag: "IntakeUnreachable"; readonly reason: string }
  | { readonly _tag: "IntakeFailing"; readonly status: number }
  | { readonly _tag: "QueueUnreachable" }
  | { readonly _tag: "QueueFull" }

/**
 * A setting as a sentence names it, and whether the program gave it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Named {
  /** Such as `DD_TRACE_AGENT_URL`, or `the option agentUrl`. */
  readonly name: string
  readonly given: boolean
}

/**
 * The facts in the sentences, beside the trouble itself.
 *
 * @category models
 * @since 0.2.0
 */
export interface Facts {
  /** Events that wait. */
  readonly events: number
  /** The address of the Agent. */
  readonly agent: string
  /** The address of the intake, or of the site it belongs to. */
  readonly intake: string
  /** Whether the events go through an Agent, whose key and connection count then. */
  readonly proxied: boolean
  /** The account that the events are for, as a sentence names it; `undefined` for the layer's own. */
  readonly account?: string | undefined
  /** The settings of the endpoint of OTLP, if the events go there; `intake` is then its address. */
  readonly otlp?: { readonly endpoint: Named; readonly headers: Named } | undefined
  readonly settings: {
    readonly agentUrl: Named
    readonly agentless: Named
    readonly apiKey: Named
    readonly site: Named
  }
  /** How an option or variable `agentless` is written with the value true. */
  readonly agentlessOn: string
  /** The treatment of events without an Agent: they go direct after a time, may not, or lack the credentials. */
  readonly withoutAgent: "later" | "refused" | "missing"
}

/**
 * One row of the table: how long a trouble lasts before it is said, in milliseconds, and its sentences.
 *
 * @category models
 * @since 0.2.0
 */
export interface Notice<T extends Trouble = Trouble> {
  readonly graceMillis: number
  /** The sentence that says what happened. */
  readonly happened: (trouble: T, facts: Facts) => string
  /** The sentence that says what to do. */
  readonly remedy: (facts: Facts, trouble: T) => string
}

// The time for which a connection may fail before a line says so.
const graceMillis = 5_000

const start = ({ agentlessOn, settings: { agentUrl, apiKey, site }, withoutAgent }: Facts): string => {
  const address = agentUrl.given ? `correct ${agentUrl.name}` : `set ${agentUrl.name}`
  if (withoutAgent === "refused") return `Start one, or ${address}.`
  if (withoutAgent === "later") return `Start one, or ${address}; without one, events go to the LLM intake directly.`
  return `Start one, ${address}, or set ${agentlessOn} with ${apiKey.name} and ${site.name}.`
}

/**
 * The table.
 *
 * @category constants
 * @since 0.2.0
 */
export const table: { readonly [K in Trouble["_tag"]]: Notice<Extract<Trouble, { readonly _tag: K }>> } = {
  AgentUnreachable: {
    graceMillis,
    happened: ({ reason }, { agent }) => `No Datadog Agent at ${agent} (${code(reason)}).`,
    remedy: start
  },
  NotAnAgent: {
    graceMillis,
    happened: ({ status }, { agent }) =>
      `No Datadog Agent at ${agent}: ${
        status === undefined ? "the answer to /info is not an Agent's" : `/info is answered with ${status}`
      }.`,
    remedy: ({ settings: { agentUrl } }) =>
      `Another program may use that port: ${agentUrl.given ? "correct" : "set"} ${agentUrl.name}.`
  },
  NoProxy: {
    graceMillis,
    happened: ({ status }, { agent }) =>
      `The Agent at ${agent} has no EVP proxy${
        status === undefined ? "" : ` (${status})`
      }, so events that cannot ride a trace do not leave.`,
    remedy: ({ agentlessOn, settings: { apiKey, site }, withoutAgent }) =>
      withoutAgent === "refused"
        ? "Enable evp_proxy_config in the Agent."
        : `Enable evp_proxy_config in the Agent, or set ${agentlessOn} with ${apiKey.name} and ${site.name}.`
  },
  MissingCredentials: {
    graceMillis: 0,
    happened: ({ missing }, { settings }) =>
      `missing_${
        missing === "site" ? "site" : "api_key"
      }: Without an Agent, events need ${settings.apiKey.name} and ${settings.site.name}.`,
    remedy: ({ settings }, { missing }) =>
      missing === "site"
        ? `Set ${settings.site.name} to one of: ${sites()}.`
        : `Set ${settings.apiKey.name}, or start an Agent and leave ${settings.agentless.name} out.`
  },
  CredentialsRefused: {
    graceMillis: 0,
    happened: ({ status }, { account, intake, otlp, proxied }) =>
      otlp !== undefined
        ? `${intake} refuses the credentials (${status}).`
        : proxied
        ? `The LLM intake refuses the API key of the Agent (${status}).`
        : account === undefined
        ? `${intake} refuses the API key (${status}).`
        : `${intake} refuses the API key of ${account} (${status}).`,
    remedy: ({ account, agent, otlp, proxied, settings: { apiKey, site } }) =>
      otlp !== undefined
        ? `${otlp.headers.given ? "Correct" : "Set"} ${otlp.headers.name}; see docs/otlp.md.`
        : proxied
        ? `Correct api_key and site in the configuration of the Agent at ${agent}.`
        : account === undefined
        ? `Check that ${apiKey.name} is a key of the organisation at ${site.name}; sites: ${sites()}.`
        : `Check that its key belongs to its site; sites: ${sites()}.`
  },
  IntakeUnreachable: {
    graceMillis,
    happened: ({ reason }, { intake }) => `${intake} cannot be reached (${code(reason)}).`,
    remedy: ({ account, otlp, settings: { site } }) =>
      otlp !== undefined
        ? `Check the network, and ${otlp.endpoint.given ? "correct" : "set"} ${otlp.endpoint.name}; see docs/otlp.md.`
        : `Check the network${account === undefined ? ` and ${site.name}` : ""}; a proxy is set by DD_PROXY_HTTPS.`
  },
  IntakeFailing: {
    graceMillis,
    happened: ({ status }, { agent, intake, proxied }) =>
      proxied ? `The LLM intake, through the Agent at ${agent}, answers ${status}.` : `${intake} answers ${status}.`,
    remedy: ({ otlp }, { status }) =>
      status >= 300 && status < 500 && status !== 429 && status !== 408
        ? `Check the proxy and ${otlp === undefined ? "the address of the intake" : otlp.endpoint.name}.`
        : otlp !== undefined
        ? "They are sent again for up to 24 hours; its log has the reason."
        : "They are sent again for up to 24 hours; see status.datadoghq.com."
  },
  QueueUnreachable: {
    graceMillis,
    happened: () => "Redis cannot be reached or takes nothing.",
    remedy: () => "Check the url of RedisOutbox.layer and that Redis runs."
  },
  QueueFull: {
    graceMillis,
    happened: () => "The queue of the relays is full.",
    remedy: () => "Start more relays: effect-llmobs relay."
  }
}

/**
 * The line for a trouble.
 *
 * @category combinators
 * @since 0.2.0
 */
export const render = <T extends Trouble>(trouble: T, facts: Facts): string => {
  const { happened, remedy } = table[trouble._tag] as unknown as Notice<T>
  return `${happened(trouble, facts)} ${held(facts.events)}${remedy(facts, trouble)}`
}

/**
 * A trouble with an address as a few words: a code, or what was answered.
 *
 * @category combinators
 * @since 0.2.0
 */
export const reasonOf = (trouble: Trouble): string => {
  if ("reason" in trouble) return code(trouble.reason)
  return "status" in trouble && trouble.status !== undefined ? `status ${trouble.status}` : "another answer"
}

/**
 * A number of events, as sentences have it.
 *
 * @category combinators
 * @since 0.2.0
 */
export const counted = (events: number): string => `${events} ${events === 1 ? "event" : "events"}`

const held = (events: number): string => events === 0 ? "" : `${counted(events)} held. `

const sites = (): string => [...Site.known.keys()].filter((name) => name !== "datad0g.com").join(", ")

// A plugged transport may give any text as its reason.
const code = (reason: string): string => /^[A-Z][A-Z0-9_]{1,39}$/.test(reason) ? reason : "no answer"

/**
 * The pauses before a trouble is said again, in milliseconds: each is twice the one before, up to an hour.
 *
 * @category constants
 * @since 0.2.0
 */
export const pauses = { first: 30_000, most: 3_600_000 } as const

/**
 * The trouble that an outcome of the intake shows. `undefined` if the events arrived, or if the outcome
 * is about the events and not about the way.
 *
 * @category combinators
 * @since 0.2.0
 */
export const ofOutcome = (
  outcome:
    | { readonly _tag: "Answer"; readonly status: number }
    | { readonly _tag: "Failure"; readonly reason: string },
  way: { readonly proxied: boolean; readonly queue: boolean }
): Trouble | undefined => {
  if (outcome._tag === "Failure") {
    if (way.queue) return { _tag: "QueueUnreachable" }
    return way.proxied
      ? { _tag: "AgentUnreachable", reason: outcome.reason }
      : { _tag: "IntakeUnreachable", reason: outcome.reason }
  }
  const { status } = outcome
  if (status === 429 && way.queue) return { _tag: "QueueFull" }
  if (way.proxied && (status === 404 || status === 405)) return { _tag: "NoProxy", status }
  if (status === 401 || status === 403) return { _tag: "CredentialsRefused", status }
  const isAboutTheWay = status < 200 || (status >= 300 && status < 400) || status >= 500 ||
    status === 407 || status === 408 || status === 425 || status === 429
  return isAboutTheWay ? { _tag: "IntakeFailing", status } : undefined
}
