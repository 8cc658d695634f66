/**
 * The memory that content takes while it is held: of open spans as values, of finished ones packed.
 *
 * **Details**
 *
 * Texts count by their bytes, which is one for each character, or two if any is outside Latin-1. Where values are held,
 * objects, lists and keys count by what V8 needs for one, which can be thirty times what they are as JSON. Packed content
 * counts by its length. A text that all spans of the process share counts as a pointer. Ids, times and labels of a record
 * are a fixed amount. The APM span of an event is not counted, because it stays when the event is dropped.
 *
 * @since 0.2.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import * as Utf8 from "../msgpack/Utf8.ts"
import type { Annotation, SpanIo } from "./Annotation.ts"
import type { SpanRecord } from "./SpanRecord.ts"
import type { Tags } from "./Tags.ts"

// Measured on Node 24: a record with its context, its place and the object of its tags; and the ids of a trace, which
// the spans below its root share.
const recordBytes = 580
const traceBytes = 250
const containerBytes = 64
const keyBytes = 100
const textBytes = 24
const scalarBytes = 16
const slotBytes = 8

/**
 * The bytes of a text.
 *
 * @category combinators
 * @since 0.2.0
 */
export type OfText = (text: string) => number

/**
 * The bytes of a text as V8 holds it.
 *
 * @category combinators
 * @since 0.2.0
 */
export const exactly: OfText = (text) => Utf8.isWide(text) ? text.length * 2 : text.length

/**
 * The bytes of a record whose content was packed into `packed` bytes. Its other texts count two bytes for each
 * character, without a look at them. `process` are the tags that all spans share.
 *
 * @category combinators
 * @since 0.2.0
 */
export const ofRecord = (record: SpanRecord<unknown>, packed: number, process: Tags = {}): number => {
  const { annotation, context, error, model, tags, toolVersion } = record
  const { agent, name } = context
  let bytes = recordBytes + packed + atMost(name)
  // Content has a copy of these.
  if (model !== undefined) bytes += atMost(model.name) + atMost(model.provider)
  if (toolVersion !== undefined) bytes += atMost(toolVersion)
  if (agent !== undefined) bytes += atMost(agent.name ?? "") + atMost(agent.spanId)
  if (context.parentSource !== "parent") bytes += traceBytes
  for (const key in tags) {
    bytes += slotBytes
    const value = tags[key]!
    if (process[key] !== value) bytes += 2 * textBytes + atMost(key) + atMost(value)
  }
  if (annotation.metrics !== undefined) bytes += ofJson(annotation.metrics, atMost)
  if (annotation.spanLinks !== undefined) bytes += ofJson(annotation.spanLinks as unknown as Json, atMost)
  if (annotation.config !== undefined) bytes += ofJson(annotation.config, atMost)
  if (error !== undefined) bytes += ofJson(error as unknown as Json, atMost)
  return bytes
}

const atMost: OfText = (text) => text.length * 2

/**
 * The bytes of what an annotation says.
 *
 * @category combinators
 * @since 0.2.0
 */
export const ofAnnotation = (annotation: Annotation, ofText: OfText): number => {
  let bytes = 0
  // A loop over keys makes no list of them. V8 leaves this call out of it, but makes that of `Object.hasOwn`.
  for (const key in annotation) {
    if (Object.prototype.hasOwnProperty.call(annotation, key)) {
      bytes += ofField(key as keyof Annotation, annotation, ofText)
    }
  }
  return bytes
}

const ofField = (key: keyof Annotation, annotation: Annotation, ofText: OfText): number => {
  const value = annotation[key]
  if (value === undefined) return 0
  // The key is that of the record, whose shape is shared.
  if (key === "tags") return ofTags(value as Tags, ofText)
  if (key === "input" || key === "output") return ofSide(value as SpanIo, ofText)
  return ofJson(value as Json, ofText)
}

/**
 * The bytes that `Annotation.append` adds for one field of a later annotation: those of its value, less those of the
 * value in its place. Values of `shared`, which other spans hold too, give nothing back. The cost depends on the two
 * values alone.
 *
 * @category combinators
 * @since 0.2.0
 */
export const ofAppended = (
  into: Annotation,
  key: keyof Annotation,
  later: Annotation,
  ofText: OfText,
  shared: Annotation = emptyAnnotation
): number => {
  switch (key) {
    case "bytes":
      return 0
    case "metadata":
    case "metrics":
    case "tags":
    case "prompt":
      return ofMembers(into[key] as Members, later[key] as Members, ofText, shared[key] as Members)
    case "costTags": {
      let bytes = 0
      for (const tag of later.costTags!) {
        if (into.costTags?.includes(tag) !== true) bytes += slotBytes + ofJson(tag, ofText)
      }
      return bytes
    }
    case "spanLinks":
      return ofField(key, later, ofText)
    default:
      return ofField(key, later, ofText) - (into[key] === shared[key] ? 0 : ofField(key, into, ofText))
  }
}

const emptyAnnotation: Annotation = { bytes: 0 }

type Members = { readonly [key: string]: Json }

const ofMembers = (
  into: Members | undefined,
  later: Members,
  ofText: OfText,
  shared: Members | undefined
): number => {
  let bytes = 0
  for (const name in later) {
    if (!Object.prototype.hasOwnProperty.call(later, name)) continue
    const before = into !== undefined && Object.hasOwn(into, name) ? into[name] : undefined
    bytes += before === undefined ? keyBytes + ofText(name) : 0
    bytes += ofJson(later[name], ofText)
    if (before !== undefined && !(shared !== undefined && Object.hasOwn(shared, name) && shared[name] === before)) {
      bytes -= ofJson(before, ofText)
    }
  }
  return bytes
}

// All messages share the names of their fields, and so do all documents.
const ofSide = ({ _tag, value }: SpanIo, ofText: OfText): number => {
  if (_tag === "Value" || _tag === "Raw") return containerBytes + ofJson(value, ofText)
  let bytes = 2 * containerBytes
  for (const item of value) {
    bytes += slotBytes + containerBytes
    for (const name in item) {
      if (Object.prototype.hasOwnProperty.call(item, name)) {
        bytes += slotBytes + ofJson((item as unknown as Members)[name], ofText)
      }
    }
  }
  return bytes
}

// Most keys of tags are those of every span of the process.
const ofTags = (tags: Tags, ofText: OfText): number => {
  let bytes = 0
  for (const key in tags) {
    if (Object.prototype.hasOwnProperty.call(tags, key)) bytes += textBytes + ofText(tags[key]!)
  }
  return bytes
}

const ofJson = (json: Json | undefined, ofText: OfText): number => {
  if (typeof json === "string") return textBytes + ofText(json)
  if (typeof json !== "object" || json === null) return scalarBytes
  let bytes = containerBytes
  if (Array.isArray(json)) {
    for (let i = 0; i < json.length; i++) bytes += slotBytes + ofJson(json[i] as Json, ofText)
    return bytes
  }
  const members = json as { readonly [key: string]: Json | undefined }
  for (const key in members) {
    const value = Object.prototype.hasOwnProperty.call(members, key) ? members[key] : undefined
    if (value !== undefined) bytes += keyBytes + ofText(key) + ofJson(value, ofText)
  }
  return bytes
}
