/**
 * Names of secrets, in data, in headers and in texts.
 *
 * **Details**
 *
 * A name is compared by its end, without separators and case: `db_password`, `dbPassword` and `x.db-password2` all end
 * with `password`. Short words such as `pwd` count only as a whole last word. Counts and settings that merely contain
 * such a word are no secrets: `max_tokens`, `token_count`, `tokenizer`, `passwordless`.
 *
 * **Example** (One rule for every way to write a name)
 *
 * ```ts import.meta.vitest
 * import * as Redaction from "effect-llmobs/Redaction"
 *
 * Redaction.redactSecrets("AZURE_OPENAI_API_KEY=abc") // => "AZURE_OPENAI_API_KEY=[redacted secret]"
 * Redaction.redactSecrets("max_tokens=4096") // => "max_tokens=4096"
 * ```
 *
 * @since 0.2.0
 */

// Compared with the end of a name in lower case, letters and digits only.
const endings: ReadonlyArray<string> = [
  "password",
  "passwords",
  "passwd",
  "passphrase",
  "passcode",
  "passwordhash",
  "passworddigest",
  "passwordconfirm",
  "passwordconfirmation",
  "secret",
  "secrets",
  "secretstring",
  "secretvalue",
  "secretkeybase",
  "apikey",
  "apikeys",
  "appkey",
  "applicationkey",
  "accesskey",
  "secretkey",
  "secretkeys",
  "privatekey",
  "privatekeys",
  "privatekeypem",
  "accountkey",
  "authkey",
  "cryptionkey",
  "signingkey",
  "masterkey",
  "servicekey",
  "servicerolekey",
  "subscriptionkey",
  "functionskey",
  "licensekey",
  "sshkey",
  "deploykey",
  "clientkey",
  "consumerkey",
  "hmackey",
  "adminkey",
  "sharedkey",
  "accesstoken",
  "accesstokens",
  "apitoken",
  "apitokens",
  "authtoken",
  "authtokens",
  "bearertoken",
  "bearertokens",
  "idtoken",
  "refreshtoken",
  "refreshtokens",
  "securitytoken",
  "sessiontoken",
  "basicauth",
  "proxyauth",
  "authorization",
  "cookie",
  "cookies",
  "credential",
  "credentials",
  "connectionstring",
  "amzsignature",
  "googsignature"
]

// Compared with the whole last word of a name.
const lastWords: ReadonlySet<string> = new Set(["pwd", "token", "jwt", "otp", "totp", "creds", "bearer", "pass"])

// These names are ambiguous: `token` is also what a model writes, and `pass` what a test does. The value under them
// is a secret if it looks like one.
const vague: ReadonlySet<string> = new Set(["token", "pass", "auth", "sig"])

// Names that end like a secret's name but denote positions in a text, counts or pages.
const harmless: ReadonlyArray<string> = [
  ...[
    "next",
    "prev",
    "previous",
    "page",
    "continuation",
    "cursor",
    "sync",
    "cancel",
    "cancellation",
    "first",
    "last",
    "start",
    "stop",
    "end",
    "special",
    "current",
    "each",
    "per",
    "max",
    "min",
    "total",
    "bos",
    "eos",
    "eot",
    "pad",
    "unk",
    "sep",
    "cls",
    "mask",
    "control",
    "input",
    "output",
    "prompt",
    "completion",
    "reasoning",
    "thinking",
    "cached",
    "generated",
    "sampled",
    "text",
    "audio",
    "image",
    "video"
  ].map((word) => `${word}token`),
  ...["first", "second", "third", "single", "multi", "forward", "backward", "test", "boarding", "render"].map(
    (word) => `${word}pass`
  )
]

// Only the end of a longer name is compared.
const longest = 64

const letters = /[^A-Za-z0-9]+/g

const flat = (name: string): string =>
  name.slice(-longest).replace(letters, "").replace(/[0-9]{1,64}$/, "").toLowerCase()

const endOf = (name: string): string => /[A-Z]?[a-z]{1,64}$|[A-Z]{1,64}$/.exec(name)?.[0].toLowerCase() ?? ""

const lastWord = (name: string): string => endOf(name.slice(-longest).replace(/[^A-Za-z]{1,64}$/, ""))

/**
 * A cheap test: without a match, no part of a text is the name of a secret.
 *
 * @category constants
 * @since 0.2.0
 */
export const hint: RegExp = /pass|pwd|secret|token|key|auth|cookie|cred|jwt|otp|bearer|string|sig/i

/**
 * Whether a phrase ends with the name of a secret, as `my API key` does.
 *
 * @category guards
 * @since 0.2.0
 */
export const endsWithSecret = (phrase: string): boolean => {
  const end = flat(phrase)
  return endings.some((ending) => end.endsWith(ending))
}

/**
 * Whether the value under a name is a secret. `text` is the value, if it is a text: a few names count only together
 * with it.
 *
 * @category guards
 * @since 0.1.0
 */
export const namesSecret = (name: string, text?: string): boolean => {
  if (!hint.test(name.slice(-longest))) return false
  const end = flat(name)
  if (vague.has(end)) return text !== undefined && looksRandom(text)
  if (endings.some((ending) => end.endsWith(ending))) return true
  const last = lastWord(name)
  return lastWords.has(last) && !harmless.some((word) => end.endsWith(word))
}

/**
 * Whether a name is ambiguous, so that `namesSecret` also needs the text under it.
 *
 * @category guards
 * @since 0.2.0
 */
export const isVague = (name: string): boolean => vague.has(flat(name))

// At least seven characters, one of them a digit, and no space.
const looksRandom = (text: string): boolean => text.length >= 7 && /^(?=\D{0,512}\d)\S{7,512}/.test(text)

/**
 * Whether a name is that of a header whose value is a secret, in any case.
 *
 * @category guards
 * @since 0.2.0
 */
export const isSecretHeader = (name: string): boolean => {
  const end = flat(name)
  return end.endsWith("authorization") || end.endsWith("cookie")
}

/**
 * Whether a name is that of a list of headers, in which names and values alternate.
 *
 * @category guards
 * @since 0.2.0
 */
export const isHeaderList = (name: string): boolean => /(?:headers?|trailers?)$/i.test(name.slice(-longest))
