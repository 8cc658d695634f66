/**
 * The capabilities and the filters of an Agent, from its answer to `GET /info`.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"
import type { AgentPattern } from "./AgentPattern.ts"
import * as Pattern from "./AgentPattern.ts"

/**
 * A tag filter of the Agent. Without a `value` the key alone decides. A text has to be equal, a pattern has to match.
 *
 * @category models
 * @since 0.1.0
 */
export interface TagFilter {
  readonly key: string
  readonly value?: string | AgentPattern | Unreadable
}

/**
 * A pattern of the Agent that cannot be run here. It counts as dropping the trace, because an event that leaves by
 * itself is never lost, even if it could have ridden.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unreadable {
  readonly _tag: "Unreadable"
}

/**
 * The capabilities of an Agent, as its `/info` lists them.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentCapabilities {
  readonly version: string | undefined
  /**
   * The `Datadog-Agent-State` of this answer. A later answer with another state means that `/info` must be read again.
   */
  readonly stateHash: string | undefined
  readonly endpoints: ReadonlyArray<string>
  /**
   * The path of the proxy for events, without a trailing slash, such as `/evp_proxy/v2`. `undefined` if there is none.
   */
  readonly evpProxy: string | undefined
  /**
   * Whether traces may carry structs. `undefined` if the Agent does not say, as older Agents that can carry them do
   * not.
   */
  readonly spanMetaStructs: boolean | undefined
  /** `false` if the Agent samples by itself and ignores priorities. */
  readonly clientDropP0s: boolean | undefined
  /** The largest trace payload it takes, in bytes. */
  readonly maxRequestBytes: number
  readonly ignoreResources: ReadonlyArray<AgentPattern | Unreadable>
  readonly requireTags: ReadonlyArray<TagFilter>
  readonly rejectTags: ReadonlyArray<TagFilter>
}

/**
 * The largest trace payload of an Agent that names none: 25 MiB.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultMaxRequestBytes = 26_214_400

/**
 * The most endpoints, patterns and filters that are read from each list of an answer.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxEntries = 1_000

// v2 is the version that every SDK of Datadog uses; all versions behave alike.
const evpVersions = [2, 4, 3, 1]

const unreadable: Unreadable = { _tag: "Unreadable" }

/**
 * Reads the JSON body of `/info`. `stateHash` is the header `Datadog-Agent-State` of that answer. `undefined` for a
 * body that is not an Agent's.
 *
 * **Details**
 *
 * The proxy is recognised with and without a trailing slash, and in any version. Datadog's Python SDK ignores the proxy
 * of an Agent that lists only v4.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (info: unknown, stateHash?: string | undefined): Checked<AgentCapabilities | undefined> => {
  if (!isObject(info) || !Array.isArray(own(info, "endpoints"))) {
    const message = "The answer to /info is not that of a known Agent. Check the address of the Agent."
    return { value: undefined, problems: [Problem.make("unreadable_value", message)] }
  }
  const endpoints = texts(own(info, "endpoints"))
  const version = own(info, "version")
  const config = own(info, "config")
  const max = isObject(config) ? own(config, "max_request_bytes") : undefined
  const ignoreResources = texts(own(info, "ignore_resources")).map(readPattern)
  const plain = own(info, "filter_tags")
  const regex = own(info, "filter_tags_regex")
  const requireTags = [...filters(plain, "require", false), ...filters(regex, "require", true)]
  const rejectTags = [...filters(plain, "reject", false), ...filters(regex, "reject", true)]
  const anyUnreadable = ignoreResources.includes(unreadable) ||
    requireTags.some((filter) => filter.value === unreadable) ||
    rejectTags.some((filter) => filter.value === unreadable)
  return {
    value: {
      version: typeof version === "string" ? version : undefined,
      stateHash,
      endpoints,
      evpProxy: evpVersions.map((v) => `/evp_proxy/v${v}`).find((path) =>
        endpoints.some((endpoint) => endpoint === path || endpoint.startsWith(`${path}/`))
      ),
      spanMetaStructs: flag(own(info, "span_meta_structs")),
      clientDropP0s: flag(own(info, "client_drop_p0s")),
      maxRequestBytes: typeof max === "number" && Number.isSafeInteger(max) && max > 0 ? max : defaultMaxRequestBytes,
      ignoreResources,
      requireTags,
      rejectTags
    },
    problems: anyUnreadable ? [unreadableProblem] : Problem.none
  }
}

/**
 * Whether traces to this Agent may carry structs. They may unless the Agent denies it or takes no v0.4 payloads.
 *
 * @category guards
 * @since 0.1.0
 */
export const canCarry = (self: AgentCapabilities): boolean =>
  self.spanMetaStructs !== false && self.endpoints.includes("/v0.4/traces")

/**
 * The most steps that the filters of an Agent may take for one trace. They take about two milliseconds.
 *
 * @category constants
 * @since 0.2.0
 */
export const maxWork = 100_000

/**
 * Whether the Agent has filters of traces.
 *
 * @category guards
 * @since 0.2.0
 */
export const hasFilters = (self: AgentCapabilities): boolean =>
  self.ignoreResources.length > 0 || self.rejectTags.length > 0 || self.requireTags.length > 0

/**
 * Whether the Agent will drop a trace with this local root, whatever its priority.
 *
 * **Details**
 *
 * The answer is yes, too, if it would take more than {@link maxWork} steps, because an event that leaves by itself is
 * not lost.
 *
 * @category guards
 * @since 0.1.0
 */
export const rootIsFiltered = (
  self: AgentCapabilities,
  root: { readonly resource: string; readonly meta: { readonly [key: string]: string } }
): boolean => {
  const scan: Scan = { meta: root.meta, work: { left: maxWork }, texts: new Map() }
  const resource = Pattern.text(root.resource)
  return self.ignoreResources.some((pattern) => pattern === unreadable || runs(pattern, resource, scan.work)) ||
    self.rejectTags.some((filter) => applies(filter, scan, true)) ||
    self.requireTags.some((filter) => !applies(filter, scan, false)) ||
    scan.work.left < 0
}

// The tags of one root, each split into characters once, and the steps that are left.
interface Scan {
  readonly meta: { readonly [key: string]: string }
  readonly work: Pattern.Work
  readonly texts: Map<string, Pattern.Text>
}

const textOf = ({ meta, texts }: Scan, key: string): Pattern.Text => {
  const known = texts.get(key)
  if (known !== undefined) return known
  const text = Pattern.text(meta[key]!)
  texts.set(key, text)
  return text
}

const unreadableProblem = Problem.make(
  "unreadable_value",
  "The Agent filters traces by a pattern that cannot be evaluated here. Events of traces it may concern leave by themselves."
)

const runs = (pattern: AgentPattern | Unreadable, text: Pattern.Text, work: Pattern.Work): boolean =>
  work.left >= 0 && "matches" in pattern && pattern.matches(text, work)

const applies = (
  filter: TagFilter,
  scan: Scan,
  whenUnreadable: boolean
): boolean => {
  const { meta } = scan
  scan.work.left--
  if (!Object.hasOwn(meta, filter.key)) return false
  const { value } = filter
  if (value === undefined) return true
  if (typeof value === "string") return meta[filter.key] === value
  return value === unreadable ? whenUnreadable : runs(value, textOf(scan, filter.key), scan.work)
}

const isObject = (u: unknown): u is object => typeof u === "object" && u !== null && !Array.isArray(u)

const own = (o: object, key: string): unknown =>
  Object.hasOwn(o, key) ? (o as { readonly [key: string]: unknown })[key] : undefined

const flag = (u: unknown): boolean | undefined => typeof u === "boolean" ? u : undefined

const texts = (u: unknown): ReadonlyArray<string> =>
  Array.isArray(u) ? u.slice(0, maxEntries).filter((e) => typeof e === "string") : []

const readPattern = (source: string): AgentPattern | Unreadable => Pattern.compile(source) ?? unreadable

const filters = (u: unknown, list: "require" | "reject", regex: boolean): ReadonlyArray<TagFilter> =>
  isObject(u) ? texts(own(u, list)).map((text) => readFilter(text, regex)) : []

// `key:value`, `key:pattern` or `key`, as in the Agent's own settings.
const readFilter = (text: string, regex: boolean): TagFilter => {
  const colon = text.indexOf(":")
  const key = (colon < 0 ? text : text.slice(0, colon)).trim()
  const value = colon < 0 ? "" : text.slice(colon + 1).trim()
  return value === "" ? { key } : { key, value: regex ? readPattern(value) : value }
}
