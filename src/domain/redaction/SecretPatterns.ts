/**
 * The forms of secrets.
 *
 * **Details**
 *
 * Every pattern takes linear time for any text: quantifiers are bounded, or repeat one class of characters after a
 * fixed prefix, with nothing after them that could fail. Most patterns have a hint, a text without which there is no
 * match, so a text without secrets costs little more than a search for a few words.
 *
 * @since 0.1.0
 */
import * as KeyFormats from "./KeyFormats.ts"
import * as NamedSecrets from "./NamedSecrets.ts"
import type { Replacement } from "./Replacement.ts"
import * as Replacements from "./Replacement.ts"

/**
 * One kind of secret. `find` returns its ranges in a text, in order.
 *
 * @category models
 * @since 0.1.0
 */
export interface SecretPattern {
  readonly name: string
  /** Without one of these texts there is no match. Empty if only `find` can decide. */
  readonly hints: ReadonlyArray<string>
  readonly find: (text: string) => ReadonlyArray<Replacement>
}

const pattern = (name: string, hints: ReadonlyArray<string>, regex: RegExp): SecretPattern => ({
  name,
  hints,
  find: (text) => Replacements.matches(text, regex, Replacements.placeholder(name))
})

// A key whose end was cut off extends to the end of the text.
const privateKey: SecretPattern = {
  name: "private key",
  hints: ["PRIVATE KEY"],
  find: (text) => {
    const out: Array<Replacement> = []
    const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
    const end = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g
    for (let match = begin.exec(text); match !== null; match = begin.exec(text)) {
      end.lastIndex = match.index
      const to = end.exec(text) === null ? text.length : end.lastIndex
      out.push({ from: match.index, to, text: Replacements.placeholder("private key") })
      begin.lastIndex = to
    }
    return out
  }
}

// Three parts, of which the last may be empty or cut off.
const jwt: SecretPattern = {
  name: "token",
  hints: ["eyJ"],
  find: (text) => {
    const out: Array<Replacement> = []
    for (const { 0: run, index } of text.matchAll(/[A-Za-z0-9_.-]{24,}/g)) {
      const parts = run.split(".")
      let start = 0
      for (let i = 0; i + 1 < parts.length; i++) {
        const part = parts[i]!
        const at = part.indexOf("eyJ")
        if (at !== -1 && part.length - at >= 8 && parts[i + 1]!.length >= 4) {
          out.push({ from: index + start + at, to: index + run.length, text: Replacements.placeholder("token") })
          break
        }
        start += part.length + 1
      }
    }
    return out
  }
}

// Keys and tokens of well-known formats, credentials in addresses and headers, and the values of names that denote a
// secret.
const secrets: ReadonlyArray<SecretPattern> = [
  privateKey,
  pattern("credentials", ["://"], /(?<=:\/\/)[^\s/?#"'<>\\]{1,512}(?=@)/g),
  jwt,
  { name: "key", hints: [], find: KeyFormats.find },
  // Formats without a fixed prefix: Telegram, Azure, Mailchimp, Terraform, MaxMind.
  pattern("token", [":AA"], /[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}/g),
  pattern("key", ["Q~"], /(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,}/g),
  pattern("key", ["-us"], /(?<![A-Za-z0-9])[0-9a-f]{32}-us[0-9]{1,2}(?![A-Za-z0-9])/g),
  pattern("token", [".atlasv1."], /(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{40,}/g),
  pattern("key", ["_mmk"], /(?<![A-Za-z0-9])[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk(?![A-Za-z0-9])/g),
  pattern(
    "token",
    ["earer", "EARER"],
    /(?<=(?<![A-Za-z])bearer(?:[ \t]|%20|\+){1,4})(?=[A-Za-z._~+/=-]{0,200}[0-9]|[A-Za-z0-9._~+/=-]{40})[A-Za-z0-9._~+/=-]{8,}/gi
  ),
  { name: "secret", hints: [], find: NamedSecrets.find },
  { name: "credentials", hints: ["curl"], find: NamedSecrets.findCurlUser }
]

// The length of `pwd=a`.
const shortest = 5

/**
 * Replaces every match of the patterns.
 *
 * @category combinators
 * @since 0.1.0
 */
export const redact = (text: string): string => {
  if (text.length < shortest) return text
  let out = text
  for (const { find, hints } of secrets) {
    if (hints.length === 0 || hints.some((hint) => out.includes(hint))) out = Replacements.apply(out, find(out))
  }
  return out
}
