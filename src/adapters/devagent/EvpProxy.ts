/**
 * The checks of the Agent's EVP proxy before it forwards a request to `https://<subdomain>.<site><path>`.
 *
 * **Details**
 *
 * All versions behave alike. The proxy answers 502 with an empty body to every invalid request, which a client cannot
 * distinguish from a broken connection to the intake.
 */

/** The largest body the proxy forwards whole, in bytes. From this size on the answer is 502. */
export const maxBytes = 10 * 1024 * 1024

/** The address that a request is forwarded to, or that it is refused. */
export type Target =
  | { readonly ok: true; readonly subdomain: string; readonly path: string }
  | { readonly ok: false }

const refused: Target = { ok: false }
const subdomainText = /^[A-Za-z0-9_.-]+$/
const pathText = /^[A-Za-z0-9/_+-]*$/
const queryText = /^[A-Za-z0-9/_+@?&=.:"[\]-]*$/

const decoded = (path: string): string | undefined => {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/**
 * The version prefix of a proxy path (`/evp_proxy/v2/`) and the rest with its leading slash; nothing for other paths.
 */
export const split = (path: string): { readonly prefix: string; readonly rest: string } | undefined => {
  const found = /^(\/evp_proxy\/v[1-4])(\/.*)$/s.exec(path)
  return found === null ? undefined : { prefix: `${found[1]}/`, rest: found[2]! }
}

/** Checks subdomain, path and query. The path is judged after percent-decoding, the query as it was sent. */
export const target = (subdomain: string | undefined, path: string, query: string): Target => {
  const plain = decoded(path)
  return subdomain !== undefined && subdomainText.test(subdomain)
      && plain !== undefined && pathText.test(plain)
      && queryText.test(query)
    ? { ok: true, subdomain, path: plain }
    : refused
}
