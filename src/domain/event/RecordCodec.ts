/**
 * The durable form of a record: one text that holds all that an event is rendered from.
 *
 * **Details**
 *
 * The text is a line of JSON, followed by the long strings of the content. Each long string has a mark in the line,
 * `U+007F` and its offset and length in UTF-16 units. JSON would search every character of these strings, usually the
 * most of an event, for escapes.
 *
 * A disk outlives the process that wrote it, so the text carries the version of its form. A reader refuses versions
 * that it does not know, and so leaves the events of a newer release alone.
 *
 * @since 0.1.0
 */
import * as JsonLevels from "../json/JsonLevels.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as HeldContents from "./HeldContent.ts"

// The form that is written.
const version = 2

// In the first version all strings were in the line.
const first = 1

// JSON has no `undefined`: keys that are always present are restored when the text is read.
const recordKeys: ReadonlyArray<keyof SpanRecord> = ["model", "prompt", "toolVersion", "error"]
const contextKeys: ReadonlyArray<keyof SpanRecord["context"]> = [
  "parentSource",
  "session",
  "userId",
  "accountId",
  "agent",
  "retention",
  "experiment",
  "account"
]

/**
 * The text of a record, without the labels of its context that are not rendered. It is well-formed Unicode without unpaired surrogates.
 *
 * @category combinators
 * @since 0.1.0
 */
export const encode = (record: SpanRecord): string => {
  const texts = new LongTexts()
  const { annotation, error, prompt } = HeldContents.plain(record)
  const plain = {
    ...record,
    context: rendered(record.context),
    annotation: texts.cut(annotation),
    prompt: texts.cut(prompt),
    error: texts.cut(error),
    startNs: record.startNs.toString()
  }
  const line = JSON.stringify({ version, record: plain })
  const sound = line.includes("\\") && doubtfulKey.test(line)
    ? JSON.stringify({ version, flattened: flattened(plain) })
    : line
  return texts.all === "" ? sound : `${sound}\n${texts.all}`
}

/**
 * Decodes a text. `value` is `undefined`, with a problem, for any text that `encode` did not write.
 *
 * @category constructors
 * @since 0.1.0
 */
export const decode = (text: string): Problem.Checked<SpanRecord | undefined> => {
  const end = text.indexOf("\n")
  const json = parse(end === -1 ? text : text.slice(0, end))
  if (!JsonSnapshot.isObject(json) || (json["version"] !== version && json["version"] !== first)) return unreadable
  if (!JsonLevels.isWithin(json, mostLevels)) return unreadable
  const record = json["record"] ?? raised(json["flattened"] ?? null)
  if (!isRecord(record)) return unreadable
  if (json["version"] === version && !pasted(record, end === -1 ? "" : text.slice(end + 1))) return unreadable
  return Problem.ok({
    ...withKeys(record, recordKeys),
    context: withKeys(record["context"], contextKeys),
    startNs: BigInt(record["startNs"])
  } as unknown as SpanRecord)
}

// Redaction runs over what an event shows. Labels that are not shown by themselves, since they are among the tags, are as
// the program or a request gave them, and stay out of the text; of an experiment it is enough whether
// it puts the span into the scope.
const rendered = (context: SpanRecord["context"]): SpanRecord["context"] => ({
  ...context,
  userId: undefined,
  accountId: undefined,
  experiment: context.experiment?.experimentId === undefined ? undefined : { experimentId: "", tags: {} }
})

// No text of practice has this character, and JSON does not escape it.
const mark = "\u007f"

// Below this length, searching for escapes costs less than cutting the string out.
const long = 256

// Replaces the long strings of values by marks.
class LongTexts {
  all = ""

  cut(value: unknown): unknown {
    if (typeof value === "string") return this.#cutText(value)
    if (typeof value !== "object" || value === null) return value
    if (Array.isArray(value)) {
      const items = value.map((item) => this.cut(item))
      return items.some((item, i) => item !== value[i]) ? items : value
    }
    let changed = false
    const entries = Object.entries(value).map(([key, item]) => {
      const cut = this.cut(item)
      changed ||= cut !== item
      return [key, cut] as const
    })
    return changed ? Object.fromEntries(entries) : value
  }

  // A text that a disk would not return unchanged stays in the line, where JSON escapes it.
  #cutText(text: string): string {
    const isMark = text.startsWith(mark)
    if (text.length < long && !isMark) return text
    if (!text.isWellFormed() || text.includes("\0")) return isMark ? mark + text : text
    const place = `${mark}${this.all.length}:${text.length}`
    this.all += text
    return place
  }
}

// Restores the long strings, and returns whether each one was there. No two have the same characters: a short text with
// many marks of one string would become gigabytes.
const pasted = ({ annotation, error, prompt }: JsonSnapshot.JsonObject, texts: string): boolean => {
  let left = texts.length
  const text = (value: string): string | undefined => {
    if (value.startsWith(mark, 1)) return value.slice(1)
    const [from, length] = value.slice(1).split(":").map(Number)
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(length)) return undefined
    if (from! < 0 || length! < 0 || from! + length! > texts.length) return undefined
    left -= length!
    return left < 0 ? undefined : texts.slice(from, from! + length!)
  }
  const paste = (value: JsonSnapshot.Json): boolean => {
    if (typeof value !== "object" || value === null) return true
    const inside = value as { [key: string]: JsonSnapshot.Json }
    return Object.keys(inside).every((key) => {
      const item = inside[key]!
      if (typeof item !== "string" || !item.startsWith(mark)) return paste(item)
      const found = text(item)
      if (found === undefined) return false
      inside[key] = found
      return true
    })
  }
  return [annotation, prompt, error].every((part) => part === undefined || paste(part))
}

// The JSON parser of V8 in Node 24 can take a key with an escape for another key that has a backslash. In a text
// with such a key, objects are written as arrays of their keys and values.
const doubtfulKey = /\\(?:u[\da-f]{4}|[^u])[^"\\]*":/

const flattened = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(flattened)
    : typeof value === "object" && value !== null
    ? { entries: Object.entries(value).flatMap(([key, item]) => item === undefined ? [] : [[key, flattened(item)]]) }
    : value

const raised = (json: JsonSnapshot.Json): JsonSnapshot.Json =>
  JsonSnapshot.isArray(json)
    ? json.map(raised)
    : JsonSnapshot.isObject(json)
    ? Object.fromEntries(entriesOf(json["entries"]))
    : json

const entriesOf = (json: JsonSnapshot.Json | undefined): Array<readonly [string, JsonSnapshot.Json]> => {
  const entries: Array<readonly [string, JsonSnapshot.Json]> = []
  for (const entry of JsonSnapshot.isArray(json) ? json : []) {
    if (JsonSnapshot.isArray(entry) && isText(entry[0])) entries.push([entry[0], raised(entry[1] ?? null)])
  }
  return entries
}

const unreadable: Problem.Checked<undefined> = {
  value: undefined,
  problems: [Problem.make(
    "unreadable_value",
    "A stored event could not be read. It is set aside; a newer release may have written it."
  )]
}

const parse = (text: string): JsonSnapshot.Json | undefined => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// No record has so many, even flattened.
const mostLevels = 512

type Encoded = JsonSnapshot.JsonObject & {
  readonly context: JsonSnapshot.JsonObject
  readonly startNs: string
}

// These checks suffice for rendering: the parts were checked before they were written, and a checksum guards the
// text.
const isRecord = (json: JsonSnapshot.Json | undefined): json is Encoded => {
  if (!JsonSnapshot.isObject(json)) return false
  const { annotation, bytes, context, durationNs, prompt, startNs, tags } = json
  return JsonSnapshot.isObject(context) && isText(context["kind"]) && isText(context["name"]) &&
    isText(context["spanId"]) && isText(context["parentId"]) && isText(context["traceId"]) &&
    isText(context["apmTraceId"]) && JsonSnapshot.isObject(context["mlApp"]) && JsonSnapshot.isObject(annotation) &&
    // Each is spread into an object. A text would become one of its characters, in a thousand times the memory.
    isMissingOrObject(annotation["metadata"]) && isMissingOrObject(annotation["manifest"]) &&
    isMissingOrObject(prompt) &&
    JsonSnapshot.isObject(tags) && typeof durationNs === "number" && typeof bytes === "number" && isText(startNs) &&
    /^-?\d{1,20}$/.test(startNs)
}

const isMissingOrObject = (json: JsonSnapshot.Json | undefined): boolean =>
  json === undefined || JsonSnapshot.isObject(json)

const isText = (json: JsonSnapshot.Json | undefined): json is string => typeof json === "string"

const withKeys = (json: JsonSnapshot.JsonObject, keys: ReadonlyArray<string>): { readonly [key: string]: unknown } => {
  const out: { [key: string]: unknown } = { ...json }
  for (const key of keys) {
    if (!Object.hasOwn(json, key)) out[key] = undefined
  }
  return out
}
