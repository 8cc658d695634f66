/**
 * How the pure readers see the headers of a request, whatever server or client library holds them.
 *
 * @since 0.1.0
 */

/**
 * The value of a header by its lower-case name: one text, or one text a header line.
 *
 * @category models
 * @since 0.1.0
 */
export type HeaderLookup = (name: string) => string | ReadonlyArray<string> | undefined

/**
 * The lines of a header, empty ones left out.
 *
 * @category combinators
 * @since 0.1.0
 */
export const lines = (headers: HeaderLookup, name: string): ReadonlyArray<string> => {
  const found: unknown = headers(name)
  if (typeof found === "string") return found === "" ? [] : [found]
  return Array.isArray(found) ? found.filter((line) => typeof line === "string" && line.trim() !== "") : []
}

/**
 * The header as one text, its lines joined by commas and trimmed; `undefined` when it is missing or empty.
 *
 * **Details**
 *
 * A header that must not repeat becomes a text that its own grammar refuses, which is what the W3C asks for.
 *
 * @category combinators
 * @since 0.1.0
 */
export const text = (headers: HeaderLookup, name: string): string | undefined => {
  const joined = lines(headers, name).join(",").trim()
  return joined === "" ? undefined : joined
}

/**
 * A lookup over name and value pairs, with names in any case and repeated names kept as lines.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromEntries = (
  entries: Iterable<readonly [string, string | ReadonlyArray<string> | undefined]>
): HeaderLookup => {
  const byName = new Map<string, Array<string>>()
  for (const [name, value] of entries) {
    if (value === undefined) continue
    const key = name.toLowerCase()
    const known = byName.get(key)
    const added = typeof value === "string" ? [value] : [...value]
    if (known === undefined) byName.set(key, added)
    else known.push(...added)
  }
  return (name) => byName.get(name)
}

/**
 * A lookup over a record of headers, with names in any case.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromRecord = (
  headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
): HeaderLookup => fromEntries(Object.entries(headers))
