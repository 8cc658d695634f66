/**
 * Changing every text of a value: of objects their keys too, and in texts that hold JSON the texts within.
 *
 * **Details**
 *
 * Structured input and output of most kinds is kept as JSON text. A rule that worked on such a text as it stands could
 * miss what an escape hides, and could break the JSON; so the texts inside are read one by one and written back, and
 * everything between them stays as it is, down to the last digit. The cost is linear in the size of the value.
 *
 * @since 0.1.0
 */

/**
 * Changes one text. `key` is the name under which it stands, if it stands directly under one.
 *
 * @category models
 * @since 0.1.0
 */
export type TextRule = (text: string, key: string | undefined) => string

/**
 * Changes every text of a JSON value. What does not change is the same object as before.
 *
 * **Details**
 *
 * A number is shown to the rule as its text, and becomes a text when the rule changes that: a card number is often a
 * number. Meant for trees: it recurses as deep as the value goes.
 *
 * @category combinators
 * @since 0.1.0
 */
export const map = (value: unknown, rule: TextRule, key?: string): unknown => {
  switch (typeof value) {
    case "string":
      return mapText(value, rule, key)
    case "number": {
      const text = String(value)
      const changed = rule(text, undefined)
      return changed === text ? value : changed
    }
    case "object":
      return value === null ? null : Array.isArray(value) ? mapArray(value, rule) : mapObject(value, rule)
    default:
      return value
  }
}

const mapArray = (items: ReadonlyArray<unknown>, rule: TextRule): ReadonlyArray<unknown> => {
  let out: Array<unknown> | undefined
  for (let i = 0; i < items.length; i++) {
    const changed = map(items[i], rule)
    if (changed !== items[i] && out === undefined) out = items.slice(0, i)
    out?.push(changed)
  }
  return out ?? items
}

const mapObject = (source: object, rule: TextRule): object => {
  const keys = Object.keys(source)
  const out: { [key: string]: unknown } = {}
  let same = true
  for (const key of keys) {
    const value = (source as { readonly [key: string]: unknown })[key]
    const name = rule(key, undefined)
    const changed = map(value, rule, key)
    if (name !== key || changed !== value) same = false
    if (name === "__proto__") {
      Object.defineProperty(out, name, { value: changed, enumerable: true, configurable: true, writable: true })
    } else out[name] = changed
  }
  return same ? source : out
}

// Changes a text, or the texts inside it when it holds a JSON object or array.
const mapText = (text: string, rule: TextRule, key?: string): string =>
  holdsJson(text) ? mapJson(text, rule) : rule(text, key)

// Whether a text holds a JSON object or array.
const holdsJson = (text: string): boolean => {
  if (!startsLikeJson(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/**
 * Whether a text begins as JSON with keys in it does, whole or cut short.
 *
 * @category guards
 * @since 0.1.0
 */
export const looksLikeJson = (text: string): boolean => /^\s*(?:\{\s*["}]|\[\s*["{[\]])/.test(text)

const startsLikeJson = (text: string): boolean => {
  let start = 0
  while (start < text.length && isSpace(text.charCodeAt(start))) start++
  return text[start] === "{" || text[start] === "["
}

const isSpace = (unit: number): boolean => unit === 0x20 || (unit >= 9 && unit <= 13)

const isNumberPart = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || unit === 0x2d || unit === 0x2b || unit === 0x2e || unit === 0x65 || unit === 0x45

// The text is known to be JSON, so a quote opens a string and the next one that is not escaped closes it.
const mapJson = (text: string, rule: TextRule): string => {
  let out = ""
  let kept = 0
  let key: string | undefined
  let i = 0
  const replace = (start: number, end: number, written: string): void => {
    out += text.slice(kept, start) + written
    kept = end
  }
  while (i < text.length) {
    const unit = text.charCodeAt(i)
    if (unit === 0x22) {
      const end = closingQuote(text, i)
      const inner = text.slice(i + 1, end - 1)
      const value = inner.includes("\\") ? JSON.parse(text.slice(i, end)) as string : inner
      const isKey = nextIsColon(text, end)
      const changed = isKey ? rule(value, undefined) : mapText(value, rule, key)
      if (changed !== value) replace(i, end, JSON.stringify(changed))
      key = isKey ? value : undefined
      i = end
    } else if (unit === 0x2d || (unit >= 0x30 && unit <= 0x39)) {
      let end = i + 1
      while (end < text.length && isNumberPart(text.charCodeAt(end))) end++
      const number = text.slice(i, end)
      const changed = rule(number, undefined)
      if (changed !== number) replace(i, end, JSON.stringify(changed))
      key = undefined
      i = end
    } else {
      if (unit === 0x5b || unit === 0x7b || unit === 0x2c) key = undefined
      i++
    }
  }
  return kept === 0 ? text : out + text.slice(kept)
}

const closingQuote = (text: string, open: number): number => {
  let i = open + 1
  while (i < text.length && text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1
  return i + 1
}

const nextIsColon = (text: string, from: number): boolean => {
  let i = from
  while (i < text.length && isSpace(text.charCodeAt(i))) i++
  return text.charCodeAt(i) === 0x3a
}
