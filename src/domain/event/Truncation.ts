/**
 * Shrinking an event that is too large for the intake.
 *
 * **Details**
 *
 * The steps, in order, until the event fits:
 *
 * 1. the largest base64 contents of media parts are replaced by a note
 * 2. the longest texts are cut to one common length: head, a note of how many bytes are left out, tail
 * 3. the larger side of input and output is replaced by the sentence that Datadog's SDKs use, then the other one, and
 *    `collection_errors` says `dropped_io`; the prompt stays
 * 4. other parts are dropped, the least useful first
 * 5. all but the identity of the span is dropped
 *
 * If cutting texts cannot make the event fit, the texts stay whole for the next step. The result is measured and never
 * exceeds the limit. The intake's event and the struct inside an APM span have the same `meta`, so both can be shrunk.
 *
 * @since 0.1.0
 */
import * as JsonText from "../json/JsonText.ts"
import * as LongText from "../json/LongText.ts"
import * as Problem from "../Problem.ts"
import * as CutText from "./CutText.ts"

/**
 * The largest event that the intake takes, in bytes.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultLimit = 5_000_000

/**
 * The identity of a span always fits this many bytes; a lower limit counts as this one.
 *
 * @category constants
 * @since 0.1.0
 */
export const smallestLimit = 3_000

// Datadog's SDKs write this in place of a dropped input or output.
const droppedIo = "[This value has been dropped because this span's size exceeds the 5MB size limit.]"

/**
 * An event that fits, and whether it was shrunk.
 *
 * @category models
 * @since 0.1.0
 */
export interface Truncated<out A> extends Problem.Checked<A> {
  readonly truncated: boolean
}

interface Tree {
  readonly [key: string]: unknown
}

type Step = (event: Tree, size: number, limit: number) => Tree

/**
 * Shrinks an event or a struct to at most `limit` bytes. The input is not changed; it is returned if it fits.
 *
 * @category combinators
 * @since 0.1.0
 */
export const shrink = <A extends object>(event: A, limit: number = defaultLimit): Truncated<A> => {
  const most = Math.max(limit, smallestLimit)
  const before = JsonText.byteLength(event)
  if (before <= most) return { value: event, truncated: false, problems: Problem.none }
  let tree = event as unknown as Tree
  let size = before
  const done: Array<string> = []
  for (const [name, step] of steps) {
    if (size <= most) break
    const next = step(tree, size, most)
    if (next === tree) continue
    tree = next
    size = JsonText.byteLength(tree)
    if (!done.includes(name)) done.push(name)
  }
  const message = `An event of ${before} bytes is over the limit of ${most}: ${done.join(", ")}. Record less.`
  return { value: tree as unknown as A, truncated: true, problems: [Problem.make("event_too_large", message)] }
}

const isTree = (u: unknown): u is Tree => typeof u === "object" && u !== null && !Array.isArray(u)

const isList = (u: unknown): u is ReadonlyArray<unknown> => Array.isArray(u)

const at = (u: unknown, key: string): unknown => isTree(u) && Object.hasOwn(u, key) ? u[key] : undefined

const withMeta = (event: Tree, change: Tree): Tree => ({ ...event, meta: { ...at(event, "meta") as Tree, ...change } })

const media: Step = (event, size, limit) => {
  const found: Array<{ readonly part: Tree; readonly size: number }> = []
  for (const side of ["input", "output"]) {
    const messages = at(at(at(event, "meta"), side), "messages")
    for (const message of isList(messages) ? messages : []) {
      for (const key of ["audio_parts", "image_parts"]) {
        const parts = at(message, key)
        for (const part of isList(parts) ? parts : []) {
          const content = at(part, "content")
          if (typeof content === "string" && content.length >= CutText.smallest) {
            found.push({ part: part as Tree, size: JsonText.byteLength(content) })
          }
        }
      }
    }
  }
  found.sort((a, b) => b.size - a.size)
  const stubs = new Map<unknown, Tree>()
  let left = size
  for (const { part, size } of found) {
    if (left <= limit) break
    const content = CutText.note(size)
    stubs.set(part, { ...part, content })
    left -= size - JsonText.byteLength(content)
  }
  return stubs.size === 0 ? event : { ...event, meta: map(event["meta"], (u) => stubs.get(u) ?? u) }
}

// Copies a value with some parts replaced, sharing the rest with the original. Replacements are not entered.
const map = (value: unknown, replace: (u: unknown) => unknown): unknown => {
  const replaced = replace(value)
  if (replaced !== value) return replaced
  if (isList(value)) {
    let out: Array<unknown> | undefined
    for (let i = 0; i < value.length; i++) {
      const item = map(value[i], replace)
      if (item !== value[i]) (out ??= value.slice())[i] = item
    }
    return out ?? value
  }
  if (!isTree(value)) return value
  let out: { [key: string]: unknown } | undefined
  for (const key of Object.keys(value)) {
    const item = map(value[key], replace)
    if (item === value[key]) continue
    out ??= { ...value }
    Object.defineProperty(out, key, { value: item, enumerable: true, configurable: true, writable: true })
  }
  return out ?? value
}

// Ids are never cut, because an altered id joins nothing.
const ids: ReadonlySet<string> = new Set(["trace_id", "span_id", "parent_id", "session_id", "_dd"])

const cutTexts: Step = (event, size, limit) => {
  // The sizes of all but short texts, in the order of the walk: the second walk meets them in the same order.
  const sizes: Array<number> = []
  mapOutsideIds(event, (u) => {
    if (isLong(u)) sizes.push(JsonText.byteLength(u))
    return u
  })
  const level = LongText.commonLevel(
    sizes.filter((n) => n > CutText.smallest).sort((a, b) => b - a),
    size - limit,
    CutText.smallest
  )
  if (level === undefined) return event
  let next = 0
  return mapOutsideIds(event, (u) => {
    if (!isLong(u)) return u
    const known = sizes[next++]!
    return known > level ? CutText.text(u, known, level) : u
  })
}

const isLong = (u: unknown): u is string => typeof u === "string" && u.length * 6 > CutText.smallest

const mapOutsideIds = (event: Tree, replace: (u: unknown) => unknown): Tree => {
  const out: { [key: string]: unknown } = {}
  for (const key of Object.keys(event)) out[key] = ids.has(key) ? event[key] : map(event[key], replace)
  return out
}

const largerSide: Step = (event) => {
  const meta = at(event, "meta")
  let side: "input" | "output" | undefined
  let most = CutText.smallest
  for (const key of ["input", "output"] as const) {
    const given = at(meta, key)
    const size = JsonText.byteLength(given ?? null)
    if (size > most && at(given, "value") !== droppedIo) {
      side = key
      most = size
    }
  }
  if (side === undefined) return event
  const prompt = at(at(meta, side), "prompt")
  const errors = at(event, "collection_errors")
  return {
    ...withMeta(event, { [side]: prompt === undefined ? { value: droppedIo } : { value: droppedIo, prompt } }),
    collection_errors: [...(isList(errors) ? errors.filter((e) => e !== "dropped_io") : []), "dropped_io"]
  }
}

// A field that alone exceeds the limit goes first, because the other fields together are worth more.
const dropMeta = (key: string, empty: unknown): Step => (event) =>
  JsonText.byteLength(at(at(event, "meta"), key) ?? null) <= CutText.smallest
    ? event
    : withMeta(event, { [key]: empty })

const metadata: Step = (event, size, limit) => {
  const reserved = at(at(at(event, "meta"), "metadata"), "_dd")
  const kept = reserved === undefined || JsonText.byteLength(reserved) > CutText.smallest ? {} : { _dd: reserved }
  return dropMeta("metadata", kept)(event, size, limit)
}

const prompt: Step = (event) => {
  const input = at(at(event, "meta"), "input")
  const given = at(input, "prompt")
  if (given === undefined) return event
  const { prompt: _, ...rest } = input as Tree
  return withMeta(event, { input: rest })
}

const drop = (key: string, empty: unknown): Step => (event) =>
  JsonText.byteLength(at(event, key) ?? null) <= CutText.smallest ? event : { ...event, [key]: empty }

const identity: Step = (event) => {
  const small = (u: unknown): unknown => {
    if (typeof u !== "string") return typeof u === "object" || typeof u === "function" ? undefined : u
    return JsonText.byteLength(u) <= 96 ? u : undefined
  }
  const pick = (from: unknown, keys: ReadonlyArray<string>): Tree => {
    const out: { [key: string]: unknown } = {}
    for (const key of keys) {
      const value = small(at(from, key))
      if (value !== undefined) out[key] = value
    }
    return out
  }
  const name = at(event, "name")
  const tags = at(event, "tags")
  return {
    ...(typeof name === "string" ? { name: name.slice(0, 32).toWellFormed() } : undefined),
    ...pick(event, ["trace_id", "span_id", "parent_id", "session_id", "ml_app", "start_ns", "duration", "status"]),
    meta: { span: pick(at(at(event, "meta"), "span"), ["kind"]), metadata: {} },
    metrics: {},
    tags: isList(tags)
      ? tags.filter((tag) => typeof tag === "string" && ownTag.test(tag) && JsonText.byteLength(tag) <= 96).slice(0, 6)
      : pick(tags, ["env", "service", "version", "ml_app", "source", "language"]),
    collection_errors: ["dropped_io"],
    _dd: pick(at(event, "_dd"), ["span_id", "trace_id", "apm_trace_id", "scope", "sample_rate", "sampling_decision"])
  }
}

const ownTag = /^(?:env|service|version|ml_app|source|language):/

const steps: ReadonlyArray<readonly [string, Step]> = [
  ["media contents were left out", media],
  ["long texts were cut", cutTexts],
  ["input and output were dropped", largerSide],
  ["long texts were cut", cutTexts],
  ["input and output were dropped", largerSide],
  ["long texts were cut", cutTexts],
  ["metadata was dropped", metadata],
  ["tool definitions were dropped", dropMeta("tool_definitions", [])],
  ["the expected output was dropped", dropMeta("expected_output", { value: droppedIo })],
  ["the experiment's configuration was dropped", drop("config", {})],
  ["the prompt was dropped", prompt],
  ["links were dropped", drop("span_links", [])],
  ["metrics were dropped", drop("metrics", {})],
  ["all but the span's identity was dropped", identity]
]
