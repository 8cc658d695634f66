/** Texts as models read and write them: sentences with quotes, in short lines. */

/** Plain ASCII; 2 % of the characters beyond it; or Chinese. */
export type Script = "ascii" | "accented" | "cjk"

const words = [
  "the",
  "parcel",
  "left",
  "our",
  "depot",
  "on",
  "Monday",
  "and",
  "should",
  "arrive",
  "tomorrow,",
  "said",
  "the",
  "driver:",
  "\"nobody",
  "was",
  "home\".",
  "Please",
  "track",
  "it",
  "with",
  "number",
  "4711",
  "or",
  "ask",
  "for",
  "a",
  "refund"
] as const

const beyond = ["é", "ü", "ñ", "à", "“", "”", "—", "€"] as const

const chinese = "包裹已于周一离开仓库预计明天送达司机表示当时无人在家请使用单号查询或申请退款"

const ascii = (length: number, seed: number): string => {
  let text = ""
  for (let word = seed; text.length < length; word++) {
    text += words[word % words.length]
    text += (word - seed) % 13 === 12 ? "\n" : " "
  }
  return text.slice(0, length)
}

// One character of 50.
const accented = (length: number, seed: number): string => {
  const text = Array.from(ascii(length, seed))
  for (let at = seed % 50; at < text.length; at += 50) text[at] = beyond[(at + seed) % beyond.length]!
  return text.join("")
}

const cjk = (length: number, seed: number): string => {
  let text = ""
  for (let at = seed; text.length < length; at++) text += at % 40 === 39 ? "\n" : chinese[at % chinese.length]
  return text
}

// A string that was put together is flattened when it is read for the first time; a text that was received is flat.
const flat = (text: string): string => Buffer.from(text).toString()

/** A text of this many characters. Another seed gives another text. */
export const make = (script: Script, length: number, seed: number): string =>
  flat(script === "ascii" ? ascii(length, seed) : script === "accented" ? accented(length, seed) : cjk(length, seed))
