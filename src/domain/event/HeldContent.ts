/**
 * The content of a finished span while its event is held: the members of `meta` as MessagePack, packed once, right
 * after redaction.
 *
 * **Details**
 *
 * The bytes are those that ride the trace, so they are copied into its payload as they are; for the intake they are read
 * again. The texts and objects that the program gave are let go, and the memory of an event is the length of its bytes.
 * Metrics, links and the configuration of an experiment stand outside `meta` and stay values. The error of a span is not
 * among the members, because not every road writes it there.
 *
 * To code that reads a record, this is its annotation. Each field of content is read from the bytes when it is asked for.
 *
 * @since 0.2.0
 */
import type { Json, JsonObject } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as PackedJson from "../msgpack/PackedJson.ts"
import type { Annotation, SpanIo } from "../span/Annotation.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"

/**
 * The bytes of several contents.
 *
 * @category models
 * @since 0.2.0
 */
export interface Page {
  readonly bytes: Uint8Array
}

/**
 * The place of a content. It changes when its page is tidied, and is `undefined` once its event is settled.
 *
 * @category models
 * @since 0.2.0
 */
export interface Place {
  readonly page: Page
  readonly start: number
  readonly length: number
  /** The number of members. */
  readonly members: number
}

/**
 * A content that was cut to a limit. `place` is `undefined` if it fits, or cannot be cut.
 *
 * @category models
 * @since 0.2.0
 */
export interface Cut {
  readonly limit: number
  readonly place: Place | undefined
}

type Values = Pick<Annotation, "metrics" | "spanLinks" | "config" | "bytes">

/**
 * A content in its place.
 *
 * @category models
 * @since 0.2.0
 */
export class HeldContent implements Values {
  readonly bytes: number
  declare readonly metrics?: NonNullable<Values["metrics"]>
  declare readonly spanLinks?: NonNullable<Values["spanLinks"]>
  declare readonly config?: NonNullable<Values["config"]>
  place: Place | undefined
  /** The content under the limit of an event, if it was cut before the event is encoded. */
  declare cut?: Cut | undefined

  constructor(annotation: Annotation, place: Place) {
    this.bytes = annotation.bytes
    if (annotation.metrics !== undefined) this.metrics = annotation.metrics
    if (annotation.spanLinks !== undefined) this.spanLinks = annotation.spanLinks
    if (annotation.config !== undefined) this.config = annotation.config
    this.place = place
  }

  /** The members of `meta`. */
  get meta(): { [key: string]: Json } {
    const { place } = this
    return place === undefined ? {} : PackedJson.readMembers(place.page.bytes, place.start, place.members)
  }

  /** The annotation whose rendering has the same members, as plain values. */
  toAnnotation(): Annotation {
    const { bytes, config, meta, metrics, spanLinks } = this
    const out: { -readonly [K in keyof Annotation]: Annotation[K] } = { bytes }
    if (metrics !== undefined) out.metrics = metrics
    if (spanLinks !== undefined) out.spanLinks = spanLinks
    if (config !== undefined) out.config = config
    const [input, output] = [sideOf(meta["input"]), sideOf(meta["output"])]
    if (input !== undefined) out.input = input
    if (output !== undefined) out.output = output
    out.metadata = meta["metadata"] as JsonObject
    if (meta["expected_output"] !== undefined) out.expectedOutput = meta["expected_output"]
    if (meta["tool_definitions"] !== undefined) {
      out.toolDefinitions = meta["tool_definitions"] as unknown as NonNullable<Annotation["toolDefinitions"]>
    }
    if (typeof meta["intent"] === "string") out.intent = meta["intent"]
    return out
  }
}

for (const field of ["input", "output", "metadata", "expectedOutput", "toolDefinitions", "intent"] as const) {
  Object.defineProperty(HeldContent.prototype, field, {
    get(this: HeldContent) {
      return this.toAnnotation()[field]
    }
  })
}

/**
 * The held content of a record, if its content was packed.
 *
 * @category accessors
 * @since 0.2.0
 */
export const of = ({ annotation }: SpanRecord<unknown>): HeldContent | undefined =>
  annotation instanceof HeldContent ? annotation : undefined

/**
 * The record with a plain annotation.
 *
 * @category combinators
 * @since 0.2.0
 */
export const plain = <R>(record: SpanRecord<R>): SpanRecord<R> => {
  const content = of(record)
  return content === undefined ? record : { ...record, annotation: content.toAnnotation() }
}

// A side with a prompt, and one of an experiment, stands as it is.
const sideOf = (side: Json | undefined): SpanIo | undefined => {
  if (side === undefined) return undefined
  if (JsonSnapshot.isObject(side) && Object.keys(side).length === 1) {
    const { documents, messages, value } = side
    if (JsonSnapshot.isArray(messages)) return { _tag: "Messages", value: messages } as unknown as SpanIo
    if (JsonSnapshot.isArray(documents)) return { _tag: "Documents", value: documents } as unknown as SpanIo
    if (typeof value === "string") return { _tag: "Value", value }
  }
  return { _tag: "Raw", value: side }
}
