/**
 * The v0.4 trace payload: MessagePack, an array of chunks, each an array of span maps.
 *
 * **Details**
 *
 * One wrong type anywhere loses every trace of the request, so only normalised values reach the encoder: ids and times
 * are unsigned 64-bit integers, `meta` holds texts, `metrics` finite float64, and each value of `meta_struct` is a
 * MessagePack bin that holds MessagePack. Empty maps are left out.
 */
import type { Place } from "../../domain/event/HeldContent.ts"
import * as HeldContents from "../../domain/event/HeldContent.ts"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import type { PayloadLayout } from "../../domain/event/PayloadLayout.ts"
import * as PayloadLayouts from "../../domain/event/PayloadLayout.ts"
import * as SpanMeta from "../../domain/event/SpanMeta.ts"
import type { WireFormat } from "../../domain/event/WireFormat.ts"
import type { Json } from "../../domain/json/JsonSnapshot.ts"
import { MsgpackWriter, TextRow } from "../../domain/msgpack/MsgpackWriter.ts"
import type { ApmSpan, ApmSpanLink } from "../../domain/span/ApmSpan.ts"
import * as SpanKinds from "../../domain/span/SpanKind.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Tags } from "../../domain/span/Tags.ts"
import * as GenAi from "../../domain/trace/GenAi.ts"
import type { ChunkSpan, TraceChunk } from "../../domain/trace/TraceChunk.ts"

const pages = new MsgpackWriter()
const tagRow = new TextRow()
const ddRow = new TextRow()
const typedRow = new TextRow()
const untypedRow = new TextRow()

const packed = (write: (out: MsgpackWriter) => void): Uint8Array => {
  const out = new MsgpackWriter(256)
  out.begin()
  write(out)
  return out.end()
}

// The members of one size that each span has: their values are written over the zeros. `ends` is where each one ends.
const ends = { trace_id: 0, span_id: 0, start: 0, duration: 0 }
const fixed = packed((out) => {
  for (const key of ["trace_id", "span_id", "start", "duration"] as const) {
    out.text(key)
    out.uint64(0n)
    ends[key] = out.length
  }
})

const structHead = packed((out) => {
  out.text("meta_struct")
  out.map(1)
  out.text(MetaStruct.key)
})

// The longer keys that many spans have, by their bytes: a call of the encoder takes five times as long as this look.
const keys: ReadonlyMap<string, Uint8Array> = new Map(
  [...GenAi.metricKeys, "_dd.top_level", "_sampling_priority_v1", "pagent_name", "pagent_span_id"].map(
    (key) => [key, packed((out) => out.text(key))] as const
  )
)

const writeKey = (out: MsgpackWriter, key: string): void => {
  const bytes = keys.get(key)
  if (bytes === undefined) out.text(key)
  else out.raw(bytes)
}

// The tags of spans of one kind begin alike.
const plainRow = new TextRow()
const metaRows: ReadonlyMap<string, TextRow> = new Map(
  Object.keys(SpanKinds.table).map((kind) => [kind, new TextRow()] as const)
)

/** Packs the struct of a record: the bytes inside the bin. */
export const packStruct = (record: SpanRecord, format: WireFormat): Uint8Array => {
  pages.begin()
  writeStruct(pages, record, format)
  return pages.end()
}

/** Packs a chunk. {@link payload} puts chunks together. */
export const packChunk = (chunk: TraceChunk, format: WireFormat): Uint8Array => {
  pages.begin()
  writeChunk(pages, chunk, format)
  return pages.end()
}

/** Writes a chunk. */
export const writeChunk = (out: MsgpackWriter, { spans }: TraceChunk, format: WireFormat): void => {
  out.array(spans.length)
  for (let i = 0; i < spans.length; i++) writeSpan(out, spans[i]!, format)
}

const writeStruct = (out: MsgpackWriter, record: SpanRecord, format: WireFormat): void => {
  const place = HeldContents.of(record)?.place
  const struct = place === undefined ? MetaStruct.render(record, format) : MetaStruct.render(record, format, null)
  const map = out.beginMap()
  let size = 0
  for (const key in struct) {
    if (!Object.prototype.hasOwnProperty.call(struct, key)) continue
    size++
    writeKey(out, key)
    if (key === "tags") writeTexts(out, struct[key] as Tags, tagRow)
    else if (key === "_dd") writeTexts(out, struct[key] as Tags, ddRow)
    else if (key === "meta" && place !== undefined) writeMeta(out, place, SpanMeta.errorOf(record, format))
    else out.json(struct[key]!)
  }
  out.endMap(map, size)
}

const writeTexts = (out: MsgpackWriter, texts: { readonly [key: string]: string }, row: TextRow): void => {
  const map = out.beginMap()
  out.endMap(map, out.texts(texts, row))
}

const writeMeta = (out: MsgpackWriter, { length, members, page, start }: Place, error: Json | undefined): void => {
  out.map(members + one(error !== undefined))
  out.raw(page.bytes.subarray(start, start + length))
  if (error === undefined) return
  out.text("error")
  out.json(error)
}

// The most bytes that the number of chunks takes.
const head = 5

/** The layout of the body of `POST /v0.4/traces`: the number of chunks, then each of them. */
export const layout: PayloadLayout = {
  head,
  gap: 0,
  frame: (into, { length }) => {
    if (length < 16) {
      into[head - 1] = 0x90 | length
      return head - 1
    }
    into.set([0xdd, length >>> 24, length >>> 16, length >>> 8, length])
    return 0
  }
}

/** The payload with these packed chunks: the body of `POST /v0.4/traces`. */
export const payload = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => PayloadLayouts.join(layout, chunks)

const writeSpan = (out: MsgpackWriter, { rider, span }: ChunkSpan, format: WireFormat): void => {
  const map = out.beginMap()
  let size = 4
  out.raw(fixed)
  out.overHex64(map + ends.trace_id, span.traceId, 16)
  out.overHex64(map + ends.span_id, span.spanId)
  out.overUint64(map + ends.start, span.startNs)
  out.overUint64(map + ends.duration, Math.max(0, Math.round(span.durationNs)))
  if (span.parentId !== undefined) {
    size++
    out.text("parent_id")
    out.hex64(span.parentId)
  }
  const { name, resource, service, type } = span
  size += type === ""
    ? out.texts({ service, resource, name }, untypedRow)
    : out.texts({ service, type, resource, name }, typedRow)
  if (span.error !== 0) {
    size++
    out.text("error")
    out.number(1)
  }
  const row = rider && metaRows.get(rider.context.kind) || plainRow
  size += one(writeSpanMeta(out, span.meta, row)) + one(writeMetrics(out, span.metrics))
  if (span.links.length > 0) {
    size++
    out.text("span_links")
    out.array(span.links.length)
    for (const link of span.links) writeLink(out, link)
  }
  if (rider !== undefined) {
    size++
    out.raw(structHead)
    const place = out.beginBin()
    writeStruct(out, rider, format)
    out.endBin(place)
  }
  out.endMap(map, size)
}

const one = (is: boolean): number => is ? 1 : 0

// Both tell whether there was anything to write: an empty map is left out.
const writeSpanMeta = (out: MsgpackWriter, meta: ApmSpan["meta"], row: TextRow): boolean => {
  const before = out.length
  out.text("meta")
  const map = out.beginMap()
  const size = out.texts(Object.hasOwn(meta, "__proto__") ? withoutPrototype(meta) : meta, row)
  if (size === 0) out.cut(before)
  else out.endMap(map, size)
  return size > 0
}

const withoutPrototype = (meta: ApmSpan["meta"]): ApmSpan["meta"] =>
  Object.fromEntries(Object.entries(meta).filter(([key]) => key !== "__proto__"))

const writeMetrics = (out: MsgpackWriter, metrics: ApmSpan["metrics"]): boolean => {
  const before = out.length
  out.text("metrics")
  const map = out.beginMap()
  let size = 0
  for (const key in metrics) {
    if (key === "__proto__" || !Object.prototype.hasOwnProperty.call(metrics, key) || !Number.isFinite(metrics[key])) {
      continue
    }
    size++
    writeKey(out, key)
    out.float(metrics[key]!)
  }
  if (size === 0) out.cut(before)
  else out.endMap(map, size)
  return size > 0
}

const writeLink = (out: MsgpackWriter, self: ApmSpanLink): void => {
  const keys = Object.keys(self.attributes).filter((key) => key !== "__proto__")
  out.map(3 + one(keys.length > 0) + one(self.tracestate !== undefined) + one(self.flags !== undefined))
  out.text("trace_id")
  out.hex64(self.traceId, 16)
  out.text("trace_id_high")
  out.hex64(self.traceId)
  out.text("span_id")
  out.hex64(self.spanId)
  if (keys.length > 0) {
    out.text("attributes")
    out.map(keys.length)
    for (const key of keys) {
      out.text(key)
      out.text(String(self.attributes[key]))
    }
  }
  if (self.tracestate !== undefined) {
    out.text("tracestate")
    out.text(self.tracestate)
  }
  if (self.flags !== undefined) {
    out.text("flags")
    // The highest bit means that the flags were set.
    out.number((self.flags | 0x80000000) >>> 0)
  }
}
