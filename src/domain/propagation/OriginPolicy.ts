/**
 * The services that get all headers of a request. Other services get only those that a distributed trace needs.
 *
 * @since 0.1.0
 */

/**
 * The default: addresses of the machine and its private network, the two name spaces that only resolve inside one, and
 * the machine's own name.
 *
 * **Details**
 *
 * - `loopback`: `localhost`, names below it, `127.0.0.0/8`, `::1`
 * - `private`: `10.0.0.0/8`, `172.16.0.0/12`, `192.168.0.0/16`, `fc00::/7`. Link-local addresses are not among them
 * - `self`: the name of this machine
 *
 * Every other entry is a host (`api.example.com`), a host with a port, an origin (`https://api.example.com`), or every
 * name below one (`*.example.com`).
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults: ReadonlyArray<string> = [
  "loopback",
  "private",
  "self",
  "*.internal",
  "*.svc",
  "*.svc.cluster.local"
]

/**
 * Whether a URL matches one of the entries. A text that is no HTTP URL matches none.
 *
 * @category guards
 * @since 0.1.0
 */
export const allows = (
  url: string | URL,
  allowed: ReadonlyArray<string> = defaults,
  self: string | undefined = undefined
): boolean => {
  const target = parse(url)
  if (target === undefined) return false
  const host = target.hostname.toLowerCase().replace(/\.$/, "")
  return host !== "" && allowed.some((entry) => matches(entry.toLowerCase(), target, host, self?.toLowerCase()))
}

const parse = (url: string | URL): URL | undefined => {
  try {
    const parsed = typeof url === "string" ? new URL(url) : url
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed : undefined
  } catch {
    return undefined
  }
}

const matches = (entry: string, target: URL, host: string, self: string | undefined): boolean => {
  switch (entry) {
    case "loopback":
      return isLoopback(host)
    case "private":
      return isPrivate(host)
    case "self":
      return self !== undefined && self !== "" && host === self
    default:
      if (entry.startsWith("*.")) return host.endsWith(entry.slice(1)) && host.length > entry.length - 1
      return entry.includes("://") ? parse(entry)?.origin === target.origin : entry === host || entry === target.host
  }
}

// A URL normalises every form of an IPv4 address to dotted decimals.
const ipv4 = (host: string): ReadonlyArray<number> | undefined => {
  if (host.length > 15 || !/^\d+\.\d+\.\d+\.\d+$/.test(host)) return undefined
  return host.split(".").map(Number)
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || ipv4(host)?.[0] === 127

const isPrivate = (host: string): boolean => {
  const [a, b = 0] = ipv4(host) ?? []
  if (a !== undefined) return a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168)
  return /^\[f[cd][0-9a-f]{2}:/.test(host)
}
