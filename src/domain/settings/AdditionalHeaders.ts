/**
 * Headers that a setting adds to requests: `name:value,name:value`.
 *
 * @since 0.2.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"

/**
 * Headers by name.
 *
 * @category models
 * @since 0.2.0
 */
export type AdditionalHeaders = { readonly [name: string]: string }

/**
 * No headers.
 *
 * @category constants
 * @since 0.2.0
 */
export const none: AdditionalHeaders = {}

/**
 * Reads the text. A part that is no header is left out and reported without its text, because it may be a credential.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parse = (text: string, setting: string): Checked<AdditionalHeaders> =>
  read(text, ":", (part) => part, `${setting} has a part that is no header. Write name:value,name:value.`)

/**
 * Reads headers in the form of OpenTelemetry's variables: `name=value,name=value`, percent-encoded. A part that is no
 * header after decoding is left out and reported without its text, because it may be a credential.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseOtlp = (text: string, setting: string): Checked<AdditionalHeaders> =>
  read(text, "=", decoded, `${setting} has a part that is no header. Write name=value,name=value.`)

/**
 * Reads headers by name. One that HTTP does not allow is left out and reported without its text, because it may be a
 * credential. Names become lower case.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromEntries = (
  entries: ReadonlyArray<readonly [name: string, value: string]>,
  problem: Problem.Problem
): Checked<AdditionalHeaders> => {
  const headers = entries
    .map(([name, value]) => [name.trim().toLowerCase(), value.trim()] as const)
    .filter(([name, value]) => token.test(name) && visible.test(value))
  return {
    value: Object.fromEntries(headers),
    problems: headers.length < entries.length ? [problem] : Problem.none
  }
}

// HTTP clients throw at any other character, and every request would fail.
const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const visible = /^[\x20-\x7e]*$/

const read = (text: string, separator: string, decode: (part: string) => string, message: string) =>
  fromEntries(
    text.split(",").filter((part) => part.trim() !== "").map((part) => {
      const at = part.indexOf(separator)
      return [decode(part.slice(0, Math.max(0, at)).trim()), decode(part.slice(at + 1).trim())]
    }),
    Problem.make("invalid_setting", message)
  )

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
