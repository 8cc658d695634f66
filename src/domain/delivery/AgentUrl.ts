/**
 * The address of the Agent.
 *
 * @since 0.1.0
 */

/**
 * An address. `host` is a name or an address without brackets, ready to connect to. `authority` is the host and port as
 * in a URL and the `Host` header. `basePath` is `""`, or begins with a slash and does not end with one.
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
 * The default port of an Agent, and the socket that is used if nothing is configured and the socket exists.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults = { host: "localhost", port: 8126, socketPath: "/var/run/datadog/apm.socket" } as const

/**
 * The address if no URL is set: the host and the port if one of them is set, else the socket if `defaults.socketPath`
 * exists, else `http://localhost:8126`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromParts = (parts: {
  /** A host as {@link parseHost} gives it. */
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly socketExists?: boolean | undefined
}): AgentUrl =>
  parts.host === undefined && parts.port === undefined && parts.socketExists === true
    ? unix(defaults.socketPath)
    : http("http", parts.host ?? defaults.host, parts.port ?? defaults.port, "")

/**
 * Reads a URL: `http://`, `https://` with a host, or `unix://` with the path of a socket. A missing port is the scheme's
 * own. Credentials, query and fragment are left out.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): AgentUrl | undefined => {
  const socket = /^unix:\/\/(\/[^?#]+)/i.exec(text)
  if (socket !== null) return control.test(text) ? undefined : unix(socket[1]!)
  if (unsafe.test(text)) return undefined
  const found = /^(https?):\/\/([^/?#]*)([^?#]*)/i.exec(text)
  if (found === null) return undefined
  const scheme = found[1]!.toLowerCase() === "https" ? "https" : "http"
  const authority = found[2]!
  const path = found[3]!
  const parts = /^(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?$/.exec(authority.slice(authority.lastIndexOf("@") + 1))
  if (parts === null) return undefined
  const host = parseHost(parts[1]!)
  const port = parts[2] === undefined || parts[2] === "" ? scheme === "https" ? 443 : 80 : Number(parts[2])
  if (host === undefined || port < 1 || port > 65_535) return undefined
  return http(scheme, host, port, path)
}

/**
 * Reads a host: a name, or an address with or without brackets. The result has no brackets.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseHost = (text: string): string | undefined => {
  const inner = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text
  if (text.length > 253) return undefined
  if (inner.includes(":")) return ipv6.test(inner) ? inner : undefined
  return inner === text && hostName.test(text) ? text : undefined
}

/**
 * Reads the number of a port.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parsePort = (text: string): number | undefined => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : undefined
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
// The path of a socket is no part of a request, and may hold spaces.
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/
const hostName = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?$/
// At least two colons: one alone is a port that does not belong here.
const ipv6 = /^(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]{2,45}(?:%[A-Za-z0-9_.-]{1,32})?$/

const unix = (socketPath: string): AgentUrl => ({ _tag: "unix", socketPath, authority: "localhost", basePath: "" })

const http = (scheme: "http" | "https", host: string, port: number, path: string): AgentUrl => ({
  _tag: scheme,
  host,
  port,
  authority: `${host.includes(":") ? `[${host}]` : host}:${port}`,
  basePath: path.replace(/\/{1,100}$/, "")
})
