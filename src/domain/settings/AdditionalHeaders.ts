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
export const parse = (text: string, setting: string): Checked<AdditionalHeaders> => {
  const headers: Array<readonly [string, string]> = []
  let bad = false
  for (const part of text.split(",")) {
    if (part.trim() === "") continue
    const colon = part.indexOf(":")
    const name = part.slice(0, Math.max(0, colon)).trim().toLowerCase()
    const value = part.slice(colon + 1).trim()
    if (/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value)) headers.push([name, value])
    else bad = true
  }
  return {
    value: Object.fromEntries(headers),
    problems: bad
      ? [Problem.make("invalid_setting", `${setting} has a part that is no header. Write name:value,name:value.`)]
      : Problem.none
  }
}

/**
 * Reads headers in the form of OpenTelemetry's variables: `name=value,name=value`, percent-encoded. A part that is no
 * header is left out and reported without its text, because it may be a credential.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseOtlp = (text: string, setting: string): Checked<AdditionalHeaders> => {
  const { problems, value } = parse(text.replace(/(^|,)([^=,]*)=/g, "$1$2:"), setting)
  return {
    value: Object.fromEntries(Object.entries(value).map(([name, encoded]) => [name, decoded(encoded)])),
    problems: problems.length === 0
      ? problems
      : [Problem.make("invalid_setting", `${setting} has a part that is no header. Write name=value,name=value.`)]
  }
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
