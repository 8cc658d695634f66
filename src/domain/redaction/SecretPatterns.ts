/**
 * What secrets and personal data look like.
 *
 * **Details**
 *
 * Every pattern takes linear time whatever the text: quantifiers are bounded, or stand over one class of characters
 * behind a fixed beginning. Most patterns have a hint, a text without which there is no match, so that a text without
 * secrets costs little more than a search for a few words.
 *
 * @since 0.1.0
 */

/**
 * One kind of secret. `replace` gives the text without it.
 *
 * @category models
 * @since 0.1.0
 */
export interface SecretPattern {
  readonly name: string
  /** Without one of these in the text there is no match; empty when only a look at the whole text can say. */
  readonly hints: ReadonlyArray<string>
  readonly replace: (text: string) => string
}

/**
 * What stands in place of a secret.
 *
 * @category constructors
 * @since 0.1.0
 */
export const placeholder = (name: string): string => `[redacted ${name}]`

/**
 * Replaces whatever matches one of the patterns.
 *
 * @category combinators
 * @since 0.1.0
 */
export const replace = (text: string, patterns: ReadonlyArray<SecretPattern>): string => {
  let out = text
  for (const pattern of patterns) {
    if (pattern.hints.length === 0 || pattern.hints.some((hint) => out.includes(hint))) out = pattern.replace(out)
  }
  return out
}

// A token starts where no letter or digit precedes it. An escape that was not undone (`\n`, `%20`) ends with one.
const start = String.raw`(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2}))`

const token = (name: string, hints: ReadonlyArray<string>, source: string): SecretPattern => {
  const regex = new RegExp(start + source, "g")
  const written = placeholder(name)
  return { name, hints, replace: (text) => text.replace(regex, written) }
}

const word = "[A-Za-z0-9_-]"

const privateKey: SecretPattern = {
  name: "private key",
  hints: ["PRIVATE KEY"],
  // A key whose end was cut off goes to the end of the text.
  replace: (text) => {
    let out = ""
    let kept = 0
    const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
    const end = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
    for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
      end.lastIndex = match.index
      const closed = end.exec(text)
      out += text.slice(kept, match.index) + placeholder("private key")
      kept = closed === null ? text.length : end.lastIndex
      if (closed === null) break
      begin.lastIndex = kept
    }
    return kept === 0 ? text : out + text.slice(kept)
  }
}

const jwt: SecretPattern = {
  name: "token",
  hints: ["eyJ"],
  replace: (text) =>
    text.replace(/[A-Za-z0-9_.-]{24,}/g, (run) => {
      const parts = run.split(".")
      // Three parts, of which the last may be empty or cut off.
      for (let i = 0; i + 1 < parts.length; i++) {
        const at = parts[i]!.indexOf("eyJ")
        if (at === -1 || parts[i]!.length - at < 8 || parts[i + 1]!.length < 4) continue
        return [...parts.slice(0, i), parts[i]!.slice(0, at)].join(".") + placeholder("token")
      }
      return run
    })
}

const authorization: SecretPattern = {
  name: "authorization",
  hints: ["earer", "EARER", "asic", "BASIC", "igest", "oken", "TOKEN", "piKey", "pikey"],
  replace: (text) =>
    text
      .replace(
        /(?<![A-Za-z])(bearer)(?:[ \t]|%20|\+){1,4}(?=[A-Za-z._~+/=-]{0,200}[0-9]|[A-Za-z0-9._~+/=-]{40})[A-Za-z0-9._~+/=-]{8,}/gi,
        `$1 ${placeholder("token")}`
      )
      .replace(
        /(authorization["'\\]{0,4}[ \t]{0,4}[:=][ \t]{0,4}["'\\]{0,4}(?:basic|digest|token|apikey|bearer)[ \t]{1,4})[A-Za-z0-9._~+/=-]{4,}/gi,
        `$1${placeholder("token")}`
      )
}

const named: SecretPattern = {
  name: "secret",
  hints: [
    "assw",
    "ASSW",
    "pwd",
    "Pwd",
    "PWD",
    "ecret",
    "ECRET",
    "ey",
    "EY",
    "oken",
    "OKEN",
    "ignature",
    "AUTH"
  ],
  replace: (text) =>
    text.replace(
      /((?:passw(?:or)?d|passwd|pwd|(?:client|app|shared|aws)?[_-]?secret(?:[_-]?(?:access))?(?:[_-]?key)?|api[_-]?key|app(?:lication)?[_-]key|account[_-]?key|shared[_-]?access[_-]?key|private[_-]?key|(?:access|auth|refresh|session|security|id)[_-]?token|x-amz-signature)["'\\]{0,4}[ \t]{0,4}[:=][ \t]{0,4}["'\\]{0,4})([^\s"'\\,;&<>{}[\]]{4,})/gi,
      `$1${placeholder("secret")}`
    )
}

const userInfo: SecretPattern = {
  name: "credentials",
  hints: ["://"],
  replace: (text) => text.replace(/(?<=:\/\/)[^\s/?#"'<>\\]{1,512}@/g, `${placeholder("credentials")}@`)
}

/**
 * Keys and tokens of well-known formats.
 *
 * @category constants
 * @since 0.1.0
 */
export const secrets: ReadonlyArray<SecretPattern> = [
  privateKey,
  userInfo,
  jwt,
  token("key", ["sk-", "pk-", "rk-"], `[spr]k-${word}{16,}`),
  token("key", ["k_live_", "k_test_", "whsec_"], "(?:[spr]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,}"),
  token("AWS key", ["AKIA", "ASIA", "AROA", "AIDA"], "(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
  token("token", ["gh", "github_pat_"], "(?:gh[opusr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
  token("token", ["glpat-", "glrt-", "gldt-"], `gl(?:pat|rt|dt)-${word}{16,}`),
  token("token", ["xox", "xapp-"], "(?:xox[a-z]|xapp)-[A-Za-z0-9-]{10,}"),
  token("webhook", ["hooks.slack.com"], "hooks\\.slack\\.com/(?:services|workflows)/[A-Za-z0-9/_-]{10,}"),
  token("key", ["AIza"], `AIza${word}{30,}`),
  token("token", ["ya29."], "ya29\\.[A-Za-z0-9._-]{20,}"),
  token("key", ["SG."], `SG\\.${word}{16,}\\.${word}{16,}`),
  token("key", ["SK", "AC"], "(?:SK|AC)[0-9a-f]{32}(?![A-Za-z0-9])"),
  token(
    "token",
    ["npm_", "hf_", "gsk_", "r8_", "dop_v1_", "shpat_", "shpss_", "lin_api_", "ntn_", "secret_"],
    "(?:npm|hf|gsk|r8|dop_v1|shpat|shpss|lin_api|ntn|secret)_[A-Za-z0-9]{20,}"
  ),
  token("token", ["pypi-", "xai-", "pplx-"], `(?:pypi|xai|pplx)-${word}{20,}`),
  token("token", ["hvs.", "hvb.", "dapi"], "(?:hv[sb]\\.[A-Za-z0-9_-]{20,}|dapi[0-9a-f]{32})"),
  token("token", [":AA"], "[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}"),
  authorization,
  named
]

const secretNames: ReadonlySet<string> = new Set([
  "password",
  "passwd",
  "pwd",
  "passphrase",
  "secret",
  "clientsecret",
  "apikey",
  "xapikey",
  "ddapikey",
  "ddapplicationkey",
  "appkey",
  "accesskey",
  "secretkey",
  "secretaccesskey",
  "awssecretaccesskey",
  "privatekey",
  "accesstoken",
  "authtoken",
  "refreshtoken",
  "sessiontoken",
  "idtoken",
  "bearertoken",
  "authorization",
  "proxyauthorization",
  "cookie",
  "setcookie",
  "credentials",
  "connectionstring"
])

const longestName = 40

/**
 * Whether a key says that the text under it is a secret, whatever that looks like.
 *
 * @category guards
 * @since 0.1.0
 */
export const namesSecret = (key: string): boolean =>
  key.length <= longestName && secretNames.has(key.replace(/[^A-Za-z0-9]/g, "").toLowerCase())

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
  replace: (text) => {
    let out = ""
    let kept = 0
    for (const sign of text.matchAll(/@|%40/g)) {
      const at = sign.index
      const after = at + sign[0].length
      let from = at
      while (from > kept && at - from < longestLocal && isLocalUnit(text.charCodeAt(from - 1))) from--
      let to = after
      while (to < text.length && to - after < longestDomain && isDomainUnit(text.charCodeAt(to))) to++
      while (to > after && !isWordUnit(text.charCodeAt(to - 1))) to--
      if (from === at || !/^[^.]+(?:\.[^.]+)*\.[^.\d-]{2,}$/.test(text.slice(after, to))) continue
      out += text.slice(kept, from) + placeholder("email")
      kept = to
    }
    return kept === 0 ? text : out + text.slice(kept)
  }
}

// Beginnings and lengths by issuer.
const cardForms: ReadonlyArray<{ readonly begins: RegExp; readonly lengths: ReadonlyArray<number> }> = [
  { begins: /^4/, lengths: [19, 16, 13] },
  { begins: /^(?:5[1-5]|2[2-7])/, lengths: [16] },
  { begins: /^3[47]/, lengths: [15] },
  { begins: /^(?:6011|64[4-9]|65|62|35|50|5[6-9]|6[37])/, lengths: [19, 16] },
  { begins: /^3(?:0[0-5]|[689])/, lengths: [14, 16] }
]

const passesLuhn = (digits: string): boolean => {
  let sum = 0
  for (let i = digits.length - 1, even = false; i >= 0; i--, even = !even) {
    const digit = digits.charCodeAt(i) - 0x30
    sum += even ? digit * 2 > 9 ? digit * 2 - 9 : digit * 2 : digit
  }
  return sum % 10 === 0
}

const cardLength = (digits: string): number | undefined => {
  for (const { begins, lengths } of cardForms) {
    if (!begins.test(digits)) continue
    for (const length of lengths) {
      if (digits.length >= length && passesLuhn(digits.slice(0, length))) return length
    }
  }
  return undefined
}

const longestCard = 19

// A group of digits can precede the card, so every group is tried as its beginning.
const withoutCards = (run: string): string => {
  const places: Array<number> = []
  for (let i = 0; i < run.length; i++) if (isDigit(run, i)) places.push(i)
  if (places.length < 13) return run
  const digits = run.replace(/[ -]/g, "")
  let out = ""
  let kept = 0
  for (let i = 0; i < places.length; i++) {
    const from = places[i]!
    if (i > 0 && places[i - 1] === from - 1) continue
    const length = cardLength(digits.slice(i, i + longestCard))
    if (length === undefined) continue
    const to = places[i + length - 1]! + 1
    if (isDigit(run, to)) continue
    out += run.slice(kept, from) + placeholder("card")
    kept = to
    i += length - 1
  }
  return kept === 0 ? run : out + run.slice(kept)
}

const isDigit = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at)
  return unit >= 0x30 && unit <= 0x39
}

const card: SecretPattern = {
  name: "card",
  hints: [],
  replace: (text) => text.replace(/[0-9][0-9 -]{11,}[0-9]/g, withoutCards)
}

const isIban = (compact: string): boolean => {
  let rest = 0
  for (const unit of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(unit, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

// A word that follows can look like the last group: the longest valid beginning is taken.
const withoutIban = (found: string): string => {
  for (let end = found.length; end >= 15; end--) {
    if (found[end - 1] === " ") continue
    const compact = found.slice(0, end).replaceAll(" ", "")
    if (compact.length >= 15 && compact.length <= 34 && isIban(compact)) return placeholder("IBAN") + found.slice(end)
  }
  return found
}

const iban: SecretPattern = {
  name: "IBAN",
  hints: [],
  replace: (text) => text.replace(/(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}/g, withoutIban)
}

const phone: SecretPattern = {
  name: "phone",
  hints: [],
  replace: (text) =>
    text
      .replace(/(?<![\w+])(?:\+|00(?=[1-9]))[0-9](?:[ ()./-]{0,2}[0-9]){7,14}(?![0-9])/g, placeholder("phone"))
      .replace(/(?<![\w.])(?:\([0-9]{3}\) ?|[0-9]{3}[ .-])[0-9]{3}[ .-][0-9]{4}(?![\w])/g, placeholder("phone"))
      .replace(/(?<![\w.])0[0-9]{1,4}[ /-][0-9]{3,4}[ -]?[0-9]{3,5}(?![\w])/g, placeholder("phone"))
}

/**
 * E-mail addresses, card numbers that pass their check digit, IBANs that pass theirs, and telephone numbers.
 *
 * @category constants
 * @since 0.1.0
 */
export const personalData: ReadonlyArray<SecretPattern> = [email, iban, card, phone]
