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
import { MsgpackWriter, sizeOf } from "../../domain/msgpack/MsgpackWriter.ts"
import type { ApmSpan, ApmSpanLink } from "../../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Tags } from "../../domain/span/Tags.ts"
import type { ChunkSpan, TraceChunk } from "../../domain/trace/TraceChunk.ts"

const pages = new MsgpackWriter()

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
  out.map(sizeOf(struct))
  for (const key in struct) {
    if (!Object.hasOwn(struct, key)) continue
    out.text(key)
    if (key === "tags") writeTags(out, struct[key] as Tags)
    else if (key === "meta" && place !== undefined) writeMeta(out, place, SpanMeta.errorOf(record, format))
    else out.json(struct[key]!)
  }
}

const writeTags = (out: MsgpackWriter, tags: Tags): void => {
  out.map(sizeOf(tags))
  for (const key in tags) {
    if (Object.hasOwn(tags, key)) out.pair(key, tags[key]!)
  }
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
  const { meta, metrics } = span
  const metaSize = count(meta, isMember)
  const metricsSize = count(metrics, isNumber)
  out.map(
    7 + one(span.parentId !== undefined) + one(span.type !== "") + one(span.error !== 0) + one(metaSize > 0) +
      one(metricsSize > 0) + one(span.links.length > 0) + one(rider !== undefined)
  )
  out.text("trace_id")
  out.hex64(span.traceId, 16)
  out.text("span_id")
  out.hex64(span.spanId)
  out.text("name")
  out.text(span.name)
  out.text("resource")
  out.text(span.resource)
  out.text("service")
  out.text(span.service)
  out.text("start")
  out.uint64(span.startNs)
  out.text("duration")
  out.number(Math.max(0, Math.round(span.durationNs)))
  if (span.parentId !== undefined) {
    out.text("parent_id")
    out.hex64(span.parentId)
  }
  if (span.type !== "") {
    out.text("type")
    out.text(span.type)
  }
  if (span.error !== 0) {
    out.text("error")
    out.number(1)
  }
  if (metaSize > 0) {
    out.text("meta")
    out.map(metaSize)
    for (const key in meta) {
      if (isMember(meta, key)) writeText(out, key, meta[key])
    }
  }
  if (metricsSize > 0) {
    out.text("metrics")
    out.map(metricsSize)
    for (const key in metrics) {
      if (!isNumber(metrics, key)) continue
      out.text(key)
      out.float(metrics[key]!)
    }
  }
  if (span.links.length > 0) {
    out.text("span_links")
    out.array(span.links.length)
    for (const link of span.links) writeLink(out, link)
  }
  if (rider !== undefined) {
    out.text("meta_struct")
    out.map(1)
    out.text(MetaStruct.key)
    const place = out.beginBin()
    writeStruct(out, rider, format)
    out.endBin(place)
  }
}

const one = (is: boolean): number => is ? 1 : 0

const isMember = (members: object, key: string): boolean => key !== "__proto__" && Object.hasOwn(members, key)

const isNumber = (metrics: ApmSpan["metrics"], key: string): boolean =>
  isMember(metrics, key) && Number.isFinite(metrics[key])

const count = <M extends object>(members: M, isWritten: (members: M, key: string) => boolean): number => {
  let size = 0
  for (const key in members) {
    if (isWritten(members, key)) size++
  }
  return size
}

const writeText = (out: MsgpackWriter, key: string, value: unknown): void => {
  out.pair(key, typeof value === "string" ? value : String(value))
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
    for (const key of keys) writeText(out, key, self.attributes[key])
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
