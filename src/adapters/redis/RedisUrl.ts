/**
 * The address of Redis.
 */
import * as Problem from "../../domain/Problem.ts"
import * as OriginPolicy from "../../domain/propagation/OriginPolicy.ts"

/** The options of the client. `url` can hold a password. */
export type RedisAddress = { readonly url: string } | { readonly path: string }

/**
 * Reads `redis://`, `rediss://` (TLS) and `unix://` URLs. Events are content, so a remote host needs TLS, unless
 * `allowPlaintext` is set. Problems never hold the URL.
 */
export const parse = (
  text: string,
  options: { readonly allowPlaintext?: boolean | undefined } = {}
): Problem.Checked<RedisAddress | undefined> => {
  if (text.startsWith("unix:///")) return Problem.ok({ path: text.slice("unix://".length) })
  const url = read(text)
  if (url === undefined || (url.protocol !== "redis:" && url.protocol !== "rediss:") || url.hostname === "") {
    return bad("is not a redis, rediss or unix URL")
  }
  if (url.protocol === "redis:" && options.allowPlaintext !== true) {
    if (!OriginPolicy.allows(`http://${url.host}`, ["loopback"])) {
      return bad("names another host without TLS; use rediss, or allow plain text explicitly")
    }
  }
  return Problem.ok({ url: text })
}

const bad = (what: string): Problem.Checked<undefined> => ({
  value: undefined,
  problems: [Problem.make("invalid_setting", `The URL of Redis ${what}.`)]
})

const read = (text: string): URL | undefined => {
  try {
    return new URL(text)
  } catch {
    return undefined
  }
}
