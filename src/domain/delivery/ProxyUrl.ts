/**
 * The address of an HTTP proxy, as in `HTTPS_PROXY`.
 *
 * @since 0.2.0
 */

/**
 * The form, in words.
 *
 * @category constants
 * @since 0.2.0
 */
export const expected = "the address of an HTTP proxy (host:port, http://host:port or https://host:port)"

/**
 * Reads an address. `http://` is the default scheme. The result can be given to `new URL`. It may hold credentials, so
 * it must not be logged.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (text: string): string | undefined => {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  // eslint-disable-next-line no-control-regex
  if (/[\s\u0000-\u001f\u007f-\u009f]/.test(address)) return undefined
  const url = URL.parse(address)
  if (url === null || url.hostname === "" || (url.protocol !== "http:" && url.protocol !== "https:")) return undefined
  return isDecodable(url.username) && isDecodable(url.password) ? address : undefined
}

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
