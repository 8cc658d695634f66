/**
 * The headers of a request as the pure readers see them, for any server or client library.
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
 * The header as one text, its lines joined by commas and trimmed. `undefined` if it is missing or empty.
 *
 * **Details**
 *
 * If a header that must not repeat does repeat, the joined text violates its grammar and is refused, as the W3C
 * requires.
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

// More than any server accepts, and few enough to search.
const most = { headers: 1_024, lines: 64, characters: 65_536 } as const

/**
 * A lookup over a program's headers in any form: a record, or pairs in any iterable. Only text is read, alone or in a
 * list. A value that is no text (brokers put numbers and dates beside their headers), is unreadable or exceeds the
 * limits is left out.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromUnknown = (headers: unknown): HeaderLookup => {
  const byName = new Map<string, Array<string>>()
  let characters = 0
  const add = (name: unknown, value: unknown): void => {
    if (typeof name !== "string" || name.length > most.characters) return
    for (const line of Array.isArray(value) ? value.slice(0, most.lines) : [value]) {
      if (typeof line !== "string" || characters + line.length > most.characters) continue
      characters += line.length
      const key = name.toLowerCase()
      const known = byName.get(key)
      if (known === undefined) byName.set(key, [line])
      else if (known.length < most.lines) known.push(line)
    }
  }
  try {
    let seen = 0
    for (const entry of entries(headers)) {
      if (++seen > most.headers) break
      try {
        const pair = entry()
        if (Array.isArray(pair)) add(pair[0], pair[1])
      } catch {
        // An unreadable header is left out alone.
      }
    }
  } catch {
    // If an iterable throws, the headers before are kept.
  }
  return (name) => byName.get(name)
}

const entries = function*(headers: unknown): Generator<() => unknown> {
  if (typeof headers !== "object" || headers === null) return
  if (Symbol.iterator in headers) {
    for (const pair of headers as Iterable<unknown>) yield () => pair
  } else {
    for (const name of Object.keys(headers)) {
      yield () => [name, (headers as { readonly [name: string]: unknown })[name]]
    }
  }
}
