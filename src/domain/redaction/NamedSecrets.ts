/**
 * Secrets in a text that follow their name: `password: "a b"`, `API_KEY=abc`, `Cookie: a=b; c=d`, `--token abc`,
 * `<password>abc</password>`, `curl -u user:password`.
 *
 * **Details**
 *
 * At each sign that can separate a name from its value, the 64 characters before it are searched for a name. A value is
 * read to its end once, so the time is linear in the text.
 *
 * | a value | ends at |
 * | --- | --- |
 * | in quotes, escaped or not | the quote that closes it, else the end of the line |
 * | in brackets | the bracket that closes it, else the end of the text |
 * | of a cookie or authorization header | the end of the line, or of the quotes around the header |
 * | in an assignment that begins its line | the next space |
 * | any other | the next space, quote, bracket or one of `,;&` |
 *
 * @since 0.2.0
 */
import type { Replacement } from "./Replacement.ts"
import * as Replacements from "./Replacement.ts"
import * as SecretNames from "./SecretNames.ts"

const written = Replacements.placeholder("secret")

// Words in the place of a value that are no secrets: types, and words for no value.
const noValues: ReadonlySet<string> = new Set([
  "string",
  "str",
  "number",
  "int",
  "boolean",
  "bool",
  "object",
  "text",
  "any",
  "unknown",
  "never",
  "void",
  "null",
  "undefined",
  "none",
  "nil",
  "true",
  "false",
  "required",
  "optional"
])

const schemes: ReadonlySet<string> = new Set([
  "basic",
  "bearer",
  "digest",
  "token",
  "apikey",
  "api-key",
  "negotiate",
  "ntlm",
  "hawk",
  "aws4-hmac-sha256"
])

const longestName = 64

const isNameUnit = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a) ||
  unit === 0x5f || unit === 0x2d || unit === 0x2e

const isBlank = (unit: number): boolean => unit === 0x20 || unit === 0x09

const isQuote = (unit: number): boolean => unit === 0x22 || unit === 0x27 || unit === 0x60

const isLineEnd = (unit: number): boolean => unit === 0x0a || unit === 0x0d

const is = (characters: string) => {
  const units = new Uint8Array(128)
  for (const character of characters) units[character.charCodeAt(0)] = 1
  return (unit: number): boolean => unit < 128 && units[unit] === 1
}

const isSeparator = is(":=>,")
// Quotes, brackets and marks that can follow a name before its separator.
const isBehindName = is("\"'`\\]?*")
const endsBare = is(" \t\r\n\"'`,;&<>{}[]()")

// An escaped line end or quote.
const isEscape = (text: string, at: number): boolean => "nrt\"'".includes(text.charAt(at + 1) || "-")

interface Name {
  readonly start: number
  readonly end: number
  /** The name with the words before it, as `my API key`. */
  readonly phrase: string
  readonly name: string
  /** Whether the name alone is in quotes, as a key of data is. */
  readonly isQuoted: boolean
}

const nameBefore = (text: string, separator: number, kept: number): Name | undefined => {
  let end = separator
  const first = Math.max(kept, separator - 8)
  while (end > first && isBlank(text.charCodeAt(end - 1))) end--
  const closed = end
  while (end > first && isBehindName(text.charCodeAt(end - 1))) end--
  const isQuoted = end < closed && /["'`]/.test(text.slice(end, closed))
  const furthest = Math.max(kept, end - longestName)
  let start = end
  let phrase = end
  while (phrase > furthest) {
    const unit = text.charCodeAt(phrase - 1)
    if (isNameUnit(unit)) phrase--
    else if (unit === 0x20 && phrase < end && isNameUnit(text.charCodeAt(phrase - 2))) {
      if (start === end) start = phrase
      phrase--
    } else break
  }
  if (start === end) start = phrase
  return start === end
    ? undefined
    : { start, end, phrase: text.slice(phrase, end), name: text.slice(start, end), isQuoted }
}

// `slashes` backslashes precede the opening quote; the closing one has no more of them.
const quotedEnd = (text: string, open: number, slashes: number): number => {
  const quote = text.charCodeAt(open)
  let run = 0
  let end = open + 1
  for (; end < text.length && !isLineEnd(text.charCodeAt(end)); end++) {
    const unit = text.charCodeAt(end)
    if (unit === 0x5c) run++
    else {
      if (unit === quote && (slashes === 0 ? run % 2 === 0 : run <= slashes)) return end - Math.min(run, slashes)
      run = 0
    }
  }
  return end
}

const bracketEnd = (text: string, open: number): number => {
  let depth = 0
  let before = 0
  for (let i = open; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (isQuote(unit) && opensQuote(before)) i = quotedEnd(text, i, 0)
    else if (unit === 0x5b || unit === 0x7b) depth++
    else if ((unit === 0x5d || unit === 0x7d) && --depth === 0) return i + 1
    if (!isBlank(unit)) before = unit
  }
  return text.length
}

const opensQuote = is("[{(,:=\n")

// A header in quotes of its own, as in `curl -H 'Cookie: a=b'`, ends with them, or at an escaped line end.
const headerEnd = (text: string, name: Name, from: number): number => {
  const quote = name.isQuoted ? 0 : text.charCodeAt(name.start - 1)
  let end = from
  for (; end < text.length; end++) {
    const unit = text.charCodeAt(end)
    if (isLineEnd(unit) || (isQuote(quote) && unit === quote)) break
    if (unit === 0x5c && isEscape(text, end)) break
  }
  return end
}

const bareEnd = (text: string, name: Name, separator: number, from: number): number => {
  const isAssignment = text[separator] === "=" && from === separator + 1 && beginsLine(text, name.start)
  let end = from
  while (end < text.length) {
    const unit = text.charCodeAt(end)
    if (unit === 0x5c) {
      if (isEscape(text, end)) break
    } else if (isAssignment ? isBlank(unit) || isLineEnd(unit) : endsBare(unit)) break
    end++
  }
  return end
}

const beginsLine = (text: string, at: number): boolean =>
  at === 0 || isLineEnd(text.charCodeAt(at - 1)) || text.slice(Math.max(0, at - 7), at) === "export "

// Prose can mention a header: "Authorization: see below" is kept. The beginning of the value decides.
const isHeaderValue = (name: string, text: string, from: number): boolean => {
  const line = text.slice(from, from + 256).split(/[\r\n]/, 1)[0]!
  if (/cookie[^a-z]{0,64}$/i.test(name.slice(-longestName))) return line.includes("=")
  const [first = "", second] = line.trim().split(/\s/, 2)
  return schemes.has(first.toLowerCase()) ? second !== undefined : second === undefined && first.length >= 4
}

interface Value {
  readonly from: number
  readonly to: number
}

const vagueValue = /\\{0,8}["'`]?([^\s"'`,;&<>{}[\]()\\]{7,512})/y

const valueAfter = (text: string, name: Name, separator: number): Value | undefined => {
  const sign = text[separator]
  let from = separator + 1
  const most = Math.min(text.length, from + 8)
  if (sign === ":" || sign === "=") { while (from < most && /[=>:]/.test(text[from]!)) from++ }
  while (from < most && (isBlank(text.charCodeAt(from)) || (sign === ":" && text[from] === "*"))) from++
  // A value is skipped once it is read, because texts with many names would otherwise be read many times.
  if (!isNamed(name)) {
    if (!SecretNames.isVague(name.name)) return undefined
    vagueValue.lastIndex = from
    const value = vagueValue.exec(text)?.[1]
    if (value === undefined || !SecretNames.namesSecret(name.name, value)) return undefined
    return { from: vagueValue.lastIndex - value.length, to: vagueValue.lastIndex }
  }
  let open = from
  while (open < most && text.charCodeAt(open) === 0x5c) open++
  if (isQuote(text.charCodeAt(open))) {
    const to = quotedEnd(text, open, open - from)
    return to > open + 1 ? { from: open + 1, to } : undefined
  }
  if (sign === ",") return undefined
  if (/[[{]/.test(text.charAt(from))) return { from, to: bracketEnd(text, from) }
  if (sign === ":" && SecretNames.isSecretHeader(name.name)) {
    return isHeaderValue(name.name, text, from) ? { from, to: headerEnd(text, name, from) } : undefined
  }
  const to = bareEnd(text, name, separator, from)
  const least = sign === "=" || sign === ">" || name.isQuoted ? 1 : 4
  if (to - from < least) return undefined
  const word = text.slice(from, Math.min(to, from + 16)).toLowerCase()
  return noValues.has(word.endsWith(".") ? word.slice(0, -1) : word) ? undefined : { from, to }
}

const isNamed = (name: Name): boolean =>
  SecretNames.namesSecret(name.name) || (name.phrase !== name.name && SecretNames.endsWithSecret(name.phrase))

// A comma separates a header from its value, `>` an element from its text.
const separates = (text: string, at: number, name: Name): boolean => {
  switch (text[at]) {
    case ",":
      return name.isQuoted && SecretNames.isSecretHeader(name.name)
    case ">":
      return text[name.start - 1] === "<"
    default:
      return true
  }
}

const option = /--?[A-Za-z][\w.-]{0,63}(?=[ \t][ \t]{0,7}[^\s-])/y

// The option of a command, whose value follows a space.
const optionAt = (text: string, at: number): Name | undefined => {
  if (at > 0 && text.charCodeAt(at - 1) > 0x20) return undefined
  option.lastIndex = at
  const name = option.exec(text)?.[0]
  return name === undefined ? undefined : { start: at, end: at + name.length, phrase: name, name, isQuoted: true }
}

/**
 * Finds the values of names that denote a secret.
 *
 * @category combinators
 * @since 0.2.0
 */
export const find = (text: string): ReadonlyArray<Replacement> => {
  if (!SecretNames.hint.test(text)) return Replacements.none
  const out: Array<Replacement> = []
  let kept = 0
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    let name: Name | undefined
    let separator = at
    if (unit === 0x2d) {
      name = optionAt(text, at)
      separator = name?.end ?? at
    } else if (isSeparator(unit) && (unit !== 0x2c || isQuote(text.charCodeAt(at - 1)))) {
      name = nameBefore(text, at, kept)
      if (name !== undefined && !separates(text, at, name)) continue
    }
    if (name === undefined || !SecretNames.hint.test(name.name)) continue
    const value = valueAfter(text, name, separator)
    if (value === undefined) continue
    out.push({ ...value, text: written })
    kept = value.to
    at = value.to - 1
  }
  return out
}

const credentials = Replacements.placeholder("credentials")

/**
 * Finds the credentials that `curl` gets by `-u`, `--user` and `--proxy-user`.
 *
 * @category combinators
 * @since 0.2.0
 */
export const findCurlUser = (text: string): ReadonlyArray<Replacement> => {
  if (!text.includes("curl")) return Replacements.none
  const out: Array<Replacement> = []
  const option = /(?<=\s)(?:-u|-U|--user|--proxy-user)(?:=|[ \t]{0,5})(?:\\{0,4}"[^"\n]*|\\{0,4}'[^'\n]*|[^\s"'\\]+)/g
  for (const match of text.matchAll(option)) {
    const start = /^(?:-u|-U|--user|--proxy-user)(?:=|[ \t]{0,5})\\{0,4}["']?/.exec(match[0])![0].length
    // A value without a colon is a user name: `curl` prompts for the password.
    if (!match[0].slice(start).includes(":")) continue
    const to = match.index + match[0].length
    out.push({ from: match.index + start, to: text[to - 1] === "\\" ? to - 1 : to, text: credentials })
  }
  return out
}
