/**
 * Personal data with a recognisable form: e-mail addresses, card numbers, IBANs and telephone numbers.
 *
 * **Details**
 *
 * Card numbers and IBANs must pass their check digits. Full-width characters, the digits of other scripts, and the
 * typographic spaces and hyphens between digits are read as their plain forms.
 *
 * @since 0.2.0
 */
import type { Replacement } from "./Replacement.ts"
import * as Replacements from "./Replacement.ts"
import type { SecretPattern } from "./SecretPatterns.ts"

const isWordUnit = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a) || unit > 0x7f

// . _ % + - and the other characters that addresses use before the @.
const isLocalUnit = (unit: number): boolean =>
  isWordUnit(unit) || (unit > 0x20 && "!#$%&'*+-./=?^_`{|}~".includes(String.fromCharCode(unit)))

const isDomainUnit = (unit: number): boolean => isWordUnit(unit) || unit === 0x2d || unit === 0x2e

const longestLocal = 64
const longestDomain = 253

const email: SecretPattern = {
  name: "email",
  hints: ["@", "%40"],
  find: (text) => {
    const out: Array<Replacement> = []
    let kept = 0
    for (const sign of text.matchAll(/@|%40/g)) {
      const at = sign.index
      const after = at + sign[0].length
      let from = at
      while (from > kept && at - from < longestLocal && isLocalUnit(text.charCodeAt(from - 1))) from--
      let to = after
      while (to < text.length && to - after < longestDomain && isDomainUnit(text.charCodeAt(to))) to++
      while (to > after && !isWordUnit(text.charCodeAt(to - 1))) to--
      if (from === at || !isDomain(text.slice(after, to))) continue
      out.push({ from, to, text: Replacements.placeholder("email") })
      kept = to
    }
    return out
  }
}

// An address has at least two labels, none of them empty, the last one of at least two letters.
const isDomain = (text: string): boolean => {
  const labels = text.split(".")
  return labels.length > 1 && !labels.includes("") && /^[^\d-]{2,253}$/.test(labels.at(-1)!)
}

// Ranges of the first six digits, and lengths, by issuer.
const cardForms: ReadonlyArray<readonly [from: number, to: number, lengths: ReadonlyArray<number>]> = [
  [400_000, 499_999, [19, 16, 13]],
  [510_000, 559_999, [16]],
  [220_000, 279_999, [16]],
  [340_000, 349_999, [15]],
  [370_000, 379_999, [15]],
  [601_100, 601_199, [19, 16]],
  [644_000, 659_999, [19, 16]],
  [620_000, 629_999, [19, 16]],
  [350_000, 359_999, [19, 16]],
  [500_000, 509_999, [19, 16]],
  [560_000, 599_999, [19, 16]],
  [630_000, 639_999, [19, 16]],
  [670_000, 679_999, [19, 16]],
  [300_000, 305_999, [14, 16]],
  [360_000, 369_999, [14, 16]],
  [380_000, 399_999, [14, 16]]
]

const passesLuhn = (digits: ReadonlyArray<number>, from: number, length: number): boolean => {
  let sum = 0
  for (let i = 0; i < length; i++) {
    const digit = digits[from + length - 1 - i]!
    sum += i % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

const cardLength = (digits: ReadonlyArray<number>, at: number): number | undefined => {
  let begin = 0
  for (let i = 0; i < 6; i++) begin = begin * 10 + (digits[at + i] ?? 0)
  for (const [from, to, lengths] of cardForms) {
    if (begin < from || begin > to) continue
    for (const length of lengths) {
      if (at + length <= digits.length && passesLuhn(digits, at, length)) return length
    }
  }
  return undefined
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39

const isDigitOrGap = (unit: number): boolean => isDigit(unit) || unit === 0x20 || unit === 0x2d

// A group of digits can precede the card, so every group is tried as the first one.
const cardsIn = (text: string, start: number, end: number, out: Array<Replacement>): void => {
  const places: Array<number> = []
  const digits: Array<number> = []
  for (let i = start; i < end; i++) {
    const unit = text.charCodeAt(i)
    if (!isDigit(unit)) continue
    places.push(i)
    digits.push(unit - 0x30)
  }
  if (places.length < 13) return
  for (let i = 0; i < places.length; i++) {
    const from = places[i]!
    if (i > 0 && places[i - 1] === from - 1) continue
    const length = cardLength(digits, i)
    if (length === undefined) continue
    const to = places[i + length - 1]! + 1
    if (to < end && isDigit(text.charCodeAt(to))) continue
    out.push({ from, to, text: Replacements.placeholder("card") })
    i += length - 1
  }
}

const card: SecretPattern = {
  name: "card",
  hints: [],
  find: (text) => {
    const out: Array<Replacement> = []
    for (let start = 0; start < text.length; start++) {
      if (!isDigit(text.charCodeAt(start))) continue
      let end = start
      while (end < text.length && isDigitOrGap(text.charCodeAt(end))) end++
      cardsIn(text, start, end, out)
      start = end
    }
    return out
  }
}

// Lengths by country, of the registry of SWIFT (release 100, October 2025).
const ibanLengths: ReadonlyMap<string, number> = new Map(
  [
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24",
    "FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32",
    "LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24",
    "RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"
  ].join(" ").split(" ").map((entry) => [entry.slice(0, 2), Number(entry.slice(2))])
)

// The check of ISO 7064: the first four characters move to the end, letters become two digits.
const passesMod97 = (compact: ReadonlyArray<number>): boolean => {
  let rest = 0
  for (let i = 0; i < compact.length; i++) {
    const unit = compact[(i + 4) % compact.length]!
    rest = isDigit(unit) ? (rest * 10 + unit - 0x30) % 97 : (rest * 100 + (unit & 0x1f) + 9) % 97
  }
  return rest === 1
}

// The country determines the length. Groups are separated by single spaces or hyphens.
const ibanEnd = (text: string, from: number): number | undefined => {
  const length = ibanLengths.get(text.slice(from, from + 2).toUpperCase())
  if (length === undefined) return undefined
  const compact: Array<number> = []
  let at = from
  while (compact.length < length && at < text.length) {
    const unit = text.charCodeAt(at)
    if (isWordUnit(unit) && unit < 0x80) compact.push(unit)
    else if ((unit !== 0x20 && unit !== 0x2d) || !isWordUnit(text.charCodeAt(at + 1))) return undefined
    at++
  }
  if (compact.length < length || !passesMod97(compact)) return undefined
  const next = text.charCodeAt(at)
  return next < 0x80 && isWordUnit(next) ? undefined : at
}

const iban: SecretPattern = {
  name: "IBAN",
  hints: [],
  find: (text) => {
    const out: Array<Replacement> = []
    let kept = 0
    for (const match of text.matchAll(/(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}/g)) {
      const to = match.index < kept ? undefined : ibanEnd(text, match.index)
      if (to === undefined) continue
      out.push({ from: match.index, to, text: Replacements.placeholder("IBAN") })
      kept = to
    }
    return out
  }
}

const phone = (pattern: RegExp): SecretPattern => ({
  name: "phone",
  hints: [],
  find: (text) => Replacements.matches(text, pattern, Replacements.placeholder("phone"))
})

// E-mail addresses, card numbers that pass their check digit, IBANs that pass theirs, and telephone numbers.
const personalData: ReadonlyArray<SecretPattern> = [
  email,
  iban,
  card,
  phone(/(?<![\w+])(?:\+|00(?=[1-9]))[0-9](?:[ ()./-]{0,2}[0-9]){7,14}(?![0-9])/g),
  phone(/(?<![\w.])(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}(?![\w])/g),
  phone(/(?<![\w.])0[0-9]{1,4}[ /-][0-9]{3,4}[ -]?[0-9]{3,5}(?![\w])/g)
]

// The zero digits of other scripts: Arabic, its eastern form, Devanagari, Bengali, Thai.
const zeros: ReadonlyArray<number> = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50]

const plainUnit = (unit: number): number => {
  if (unit >= 0xff01 && unit <= 0xff5e) return unit - 0xfee0
  if (unit === 0xa0 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x202f || unit === 0x3000) return 0x20
  if ((unit >= 0x2010 && unit <= 0x2015) || unit === 0x2212) return 0x2d
  const zero = zeros.find((zero) => unit >= zero && unit < zero + 10)
  return zero === undefined ? unit : unit - zero + 0x30
}

// A text without any of these is already in its plain form.
const unusual =
  /[\u00a0\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0e50-\u0e59\u2000-\u2015\u202f\u2212\u3000\uff01-\uff5e]/g

// A text of the same length whose full-width characters, digits, spaces and hyphens are those of ASCII.
const plain = (text: string): string =>
  text.replace(unusual, (found) => String.fromCharCode(plainUnit(found.charCodeAt(0))))

// The length of `a@b.cd`.
const shortest = 6

/**
 * Replaces personal data; the rest of the text is not changed.
 *
 * @category combinators
 * @since 0.2.0
 */
export const redact = (text: string): string => {
  if (text.length < shortest) return text
  let out = text
  let read = plain(text)
  for (const { find, hints } of personalData) {
    if (hints.length > 0 && !hints.some((hint) => read.includes(hint))) continue
    const found = find(read)
    if (found.length === 0) continue
    out = Replacements.apply(out, found)
    read = Replacements.apply(read, found)
  }
  return out
}
