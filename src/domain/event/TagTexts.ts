/**
 * The tags of events as JSON text.
 *
 * **Details**
 *
 * Most events of a process have the keys of one that went before, and most of its values. The order of its texts is kept,
 * and each of them until its value changes.
 *
 * @since 0.2.0
 */
import type { SpanRecord } from "../span/SpanRecord.ts"
import type { Tags } from "../span/Tags.ts"
import * as SpanEvent from "./SpanEvent.ts"
import type { WireFormat } from "./WireFormat.ts"

// The tags of the last event with these keys.
interface Known {
  tags: Tags
  readonly keys: ReadonlyArray<string>
  values: ReadonlyArray<string>
  /** The place of each key's text among the texts. */
  readonly places: ReadonlyArray<number>
  readonly texts: Array<string>
  /** Each text as JSON. */
  readonly quoted: Array<string>
  all: string
}

// A trace has a few kinds of spans.
const mostKnown = 4

// Longer tags are not kept.
const longestKept = 4_096

/**
 * The texts for one format.
 *
 * @category models
 * @since 0.2.0
 */
export class TagTexts {
  private readonly format: WireFormat
  private readonly known: Array<Known> = []

  constructor(format: WireFormat) {
    this.format = format
  }

  /** The JSON text of `SpanEvent.tags`. */
  of(record: SpanRecord): string {
    const { error, tags } = record
    if (error !== undefined) return JSON.stringify(SpanEvent.tags(record, this.format))
    const { known } = this
    for (const one of known) {
      if (one.tags === tags) return one.all
    }
    const keys = Object.keys(tags)
    const at = known.findIndex((one) => isSame(one.keys, keys))
    const found = known[at]
    if (found !== undefined) {
      if (update(found, tags)) return found.all
      known.splice(at, 1)
    }
    return this.render(record, keys)
  }

  private render(record: SpanRecord, keys: ReadonlyArray<string>): string {
    const { tags } = record
    const texts = SpanEvent.tags(record, this.format)
    const all = JSON.stringify(texts)
    // Looked at first, because finding the places of very many tags would take seconds.
    if (all.length > longestKept) return all
    const places = keys.map((key) => texts.indexOf(`${key}:${tags[key]}`))
    // A text of which the key is written in another way, or whose value is replaced, has no place of its own.
    const hasPlaces = texts.every((text, place) => place === 0 || texts[place - 1]! < text) && !places.includes(-1) &&
      texts.length === keys.length + (this.format.errorTags ? 1 : 0)
    if (hasPlaces) {
      if (this.known.length === mostKnown) this.known.shift()
      const quoted = texts.map((text) => JSON.stringify(text))
      this.known.push({ tags, keys, values: Object.values(tags), places, texts: [...texts], quoted, all })
    }
    return all
  }
}

const isSame = (some: ReadonlyArray<string>, others: ReadonlyArray<string>): boolean => {
  if (some.length !== others.length) return false
  for (let i = 0; i < some.length; i++) {
    if (some[i] !== others[i]) return false
  }
  return true
}

// Writes the values that have changed. Returns whether the texts are still in order, and not too long.
const update = (known: Known, tags: Tags): boolean => {
  const { keys, places, quoted, texts } = known
  const before = known.values
  const values = Object.values(tags)
  let isChanged = false
  for (let i = 0; i < values.length; i++) {
    if (values[i] === before[i]) continue
    // To render any other value can throw, which would leave some texts of this record among those of the last one.
    if (typeof values[i] !== "string") return false
    const place = places[i]!
    const text = `${keys[i]}:${values[i]}`
    if (texts[place - 1]! >= text || texts[place + 1]! <= text) return false
    texts[place] = text
    quoted[place] = JSON.stringify(text)
    isChanged = true
  }
  known.tags = tags
  known.values = values
  if (isChanged) known.all = `[${quoted.join(",")}]`
  return known.all.length <= longestKept
}
