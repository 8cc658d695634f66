/**
 * The v0.4 trace payload: MessagePack, an array of chunks, each an array of span maps.
 *
 * **Details**
 *
 * One wrong type anywhere loses every trace of the request, so only normalised values reach the encoder: ids and times
 * are unsigned 64-bit integers, `meta` holds texts, `metrics` finite float64, and each value of `meta_struct` is a
 * MessagePack bin that holds MessagePack. Empty maps are left out.
 */
import { Packr } from "msgpackr/pack"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import type { WireFormat } from "../../domain/event/WireFormat.ts"
import type { Json } from "../../domain/json/JsonSnapshot.ts"
import type { ApmSpan, ApmSpanLink } from "../../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../../domain/trace/TraceChunk.ts"

const packr = new Packr({ useRecords: false, variableMapSize: true, useFloat32: 0 })

/** Packs the struct of a record: the bytes inside the bin. */
export const packStruct = (record: SpanRecord, format: WireFormat): Uint8Array =>
  packr.pack(integers(MetaStruct.render(record, format)))

// The encoder writes an integer of 2^32 and more as a float64; a bigint stays an integer. The value is copied only if
// it holds such a number.
const integers = (value: Json): unknown => {
  if (typeof value === "number") {
    return (value > 0xffffffff || value < -0x80000000) && Number.isSafeInteger(value) ? BigInt(value) : value
  }
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) {
    let copy: Array<unknown> | undefined
    for (let i = 0; i < value.length; i++) {
      const item = integers(value[i])
      if (item !== value[i]) {
        copy ??= value.slice()
        copy[i] = item
      }
    }
    return copy ?? value
  }
  const object = value as { readonly [key: string]: Json }
  let copy: { [key: string]: unknown } | undefined
  for (const key of Object.keys(object)) {
    const item = integers(object[key]!)
    if (item !== object[key]) {
      copy ??= { ...object }
      copy[key] = item
    }
  }
  return copy ?? value
}

/** Packs a chunk. {@link payload} puts chunks together. */
export const packChunk = (chunk: TraceChunk, format: WireFormat): Uint8Array =>
  packr.pack(chunk.spans.map(({ rider, span }) => spanMap(span, rider, format)))

/** The payload with these packed chunks: the body of `POST /v0.4/traces`. */
export const payload = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const header = arrayHeader(chunks.length)
  let size = header.byteLength
  for (const chunk of chunks) size += chunk.byteLength
  const out = new Uint8Array(size)
  out.set(header)
  let offset = header.byteLength
  for (const chunk of chunks) {
    out.set(chunk, offset)
    offset += chunk.byteLength
  }
  return out
}

const arrayHeader = (length: number): Uint8Array =>
  length < 16 ? Uint8Array.of(0x90 | length) : Uint8Array.of(0xdd, length >>> 24, length >>> 16, length >>> 8, length)

const spanMap = (span: ApmSpan, rider: SpanRecord | undefined, format: WireFormat): { [key: string]: unknown } => {
  const map: { [key: string]: unknown } = {
    trace_id: BigInt("0x" + span.traceId.slice(16)),
    span_id: BigInt("0x" + span.spanId),
    name: span.name.toWellFormed(),
    resource: span.resource.toWellFormed(),
    service: span.service.toWellFormed(),
    start: span.startNs,
    duration: BigInt(Math.max(0, Math.round(span.durationNs)))
  }
  if (span.parentId !== undefined) map["parent_id"] = BigInt("0x" + span.parentId)
  if (span.type !== "") map["type"] = span.type.toWellFormed()
  if (span.error !== 0) map["error"] = 1
  const meta = texts(span.meta)
  if (meta !== undefined) map["meta"] = meta
  const metrics = floats(span.metrics)
  if (metrics !== undefined) map["metrics"] = metrics
  if (span.links.length > 0) map["span_links"] = span.links.map(link)
  if (rider !== undefined) map["meta_struct"] = { [MetaStruct.key]: packStruct(rider, format) }
  return map
}

const texts = (source: ApmSpan["meta"]): { [key: string]: string } | undefined => {
  let out: { [key: string]: string } | undefined
  for (const key of Object.keys(source)) {
    if (key === "__proto__") continue
    out ??= {}
    out[key.toWellFormed()] = String(source[key]).toWellFormed()
  }
  return out
}

const floats = (source: ApmSpan["metrics"]): { [key: string]: number } | undefined => {
  let out: { [key: string]: number } | undefined
  for (const key of Object.keys(source)) {
    const value = source[key]!
    if (key === "__proto__" || !Number.isFinite(value)) continue
    out ??= {}
    out[key.toWellFormed()] = value
  }
  return out
}

const link = (self: ApmSpanLink) => ({
  trace_id: BigInt("0x" + self.traceId.slice(16)),
  trace_id_high: BigInt("0x" + self.traceId.slice(0, 16)),
  span_id: BigInt("0x" + self.spanId),
  ...(Object.keys(self.attributes).length > 0 ? { attributes: texts(self.attributes) } : undefined),
  ...(self.tracestate === undefined ? undefined : { tracestate: self.tracestate.toWellFormed() }),
  // The highest bit means that the flags were set.
  ...(self.flags === undefined ? undefined : { flags: (self.flags | 0x80000000) >>> 0 })
})
