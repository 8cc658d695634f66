/**
 * Where the Agent is.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"

/**
 * An address. `host` is a name or an address without brackets, ready to connect to; `authority` is what a URL and the
 * `Host` header hold. `basePath` is `""` or begins with a slash and does not end with one.
 *
 * @category models
 * @since 0.1.0
 */
export type AgentUrl =
  | {
    readonly _tag: "http" | "https"
    readonly host: string
    readonly port: number
    readonly authority: string
    readonly basePath: string
  }
  | { readonly _tag: "unix"; readonly socketPath: string; readonly authority: "localhost"; readonly basePath: "" }

/**
 * The port of an Agent, and the socket that is used when nothing is set and it exists.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults = { host: "localhost", port: 8126, socketPath: "/var/run/datadog/apm.socket" } as const

/**
 * The settings, under the names of their environment variables. `socketExists` says whether there is something at
 * `defaults.socketPath`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  readonly DD_TRACE_AGENT_URL?: string | undefined
  readonly DD_AGENT_HOST?: string | undefined
  readonly DD_TRACE_AGENT_HOSTNAME?: string | undefined
  readonly DD_TRACE_AGENT_PORT?: string | undefined
  readonly socketExists?: boolean | undefined
}

/**
 * Finds the address: the URL, else host and port, else the socket, else `http://localhost:8126`. A setting that cannot be
 * read is reported and passed over. Problems never hold the setting, which may contain credentials.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolve = (settings: Settings): Checked<AgentUrl> => {
  const problems: Array<Problem.Problem> = []
  const url = given(settings.DD_TRACE_AGENT_URL)
  if (url !== undefined) {
    const value = parse(url)
    if (value !== undefined) return Problem.ok(value)
    problems.push(bad("DD_TRACE_AGENT_URL is not an http, https or unix URL"))
  }
  let host: string = defaults.host
  let port: number = defaults.port
  const givenHost = given(settings.DD_AGENT_HOST) ?? given(settings.DD_TRACE_AGENT_HOSTNAME)
  const givenPort = given(settings.DD_TRACE_AGENT_PORT)
  let isSet = false
  if (givenHost !== undefined) {
    const name = readHost(givenHost)
    if (name === undefined) problems.push(bad("DD_AGENT_HOST is not a host name or address"))
    else {
      host = name
      isSet = true
    }
  }
  if (givenPort !== undefined) {
    const number = /^\d{1,5}$/.test(givenPort) ? Number(givenPort) : 0
    if (number < 1 || number > 65_535) problems.push(bad("DD_TRACE_AGENT_PORT is not a port"))
    else {
      port = number
      isSet = true
    }
  }
  const value = !isSet && settings.socketExists === true ? unix(defaults.socketPath) : http("http", host, port, "")
  return { value, problems: problems.length === 0 ? Problem.none : problems }
}

/**
 * Reads a URL: `http://`, `https://` with a host, or `unix://` with the path of a socket. A missing port is the scheme's
 * own. Credentials, query and fragment are left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): AgentUrl | undefined => {
  if (unsafe.test(text)) return undefined
  const found = /^([a-z]{1,5}):\/\/([^/?#]*)([^?#]*)/i.exec(text)
  if (found === null) return undefined
  const scheme = found[1]!.toLowerCase()
  const authority = found[2]!
  const path = found[3]!
  if (scheme === "unix") return authority === "" && path.length > 1 ? unix(path) : undefined
  if (scheme !== "http" && scheme !== "https") return undefined
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(authority.slice(authority.lastIndexOf("@") + 1))
  if (parts === null) return undefined
  const host = readHost(parts[1]!)
  const port = parts[2] === undefined || parts[2] === "" ? scheme === "https" ? 443 : 80 : Number(parts[2])
  if (host === undefined || port < 1 || port > 65_535) return undefined
  return http(scheme, host, port, path)
}

/**
 * The address as text, to show.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (self: AgentUrl): string =>
  self._tag === "unix" ? `unix://${self.socketPath}` : `${self._tag}://${self.authority}${self.basePath}`

// Spaces and control characters, which could end a header or a line of a request.
const unsafe = /[^\x21-\x7e]/
const hostName = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/
// At least two colons: one alone is a port that does not belong here.
const ipv6 = /^(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?$/

const bad = (what: string): Problem.Problem => Problem.make("invalid_setting", `${what}. It is ignored.`)

const given = (text: string | undefined): string | undefined => {
  const trimmed = text?.trim()
  return trimmed === "" ? undefined : trimmed
}

const readHost = (text: string): string | undefined => {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text
  if (text.length > 253) return undefined
  if (inner.includes(":")) return ipv6.test(inner) ? inner : undefined
  return inner === text && hostName.test(text) ? text : undefined
}

const unix = (socketPath: string): AgentUrl => ({ _tag: "unix", socketPath, authority: "localhost", basePath: "" })

const http = (scheme: "http" | "https", host: string, port: number, path: string): AgentUrl => ({
  _tag: scheme,
  host,
  port,
  authority: `${host.includes(":") ? `[${host}]` : host}:${port}`,
  basePath: path.replace(/\/{1,100}$/, "")
})
