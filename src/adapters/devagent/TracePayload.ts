/**
 * The v0.4 trace payload, read by the type rules of the trace Agent.
 *
 * **Details**
 *
 * A payload is an array of chunks, a chunk an array of spans, a span a map. One wrong type anywhere loses the whole
 * request. Integers may be signed or unsigned on the wire; text may be str, bin or nil; unknown keys are skipped;
 * `meta` and `metrics` may be nil, `meta_struct`, `span_links` and `span_events` may not.
 *
 * The Agent keeps `meta`, `metrics` and `meta_struct` in one map: a key written twice keeps what was written last.
 * That is how a `meta._llmobs` after the struct destroys an LLM Observability event, and so it does here.
 *
 * **Gotchas**
 *
 * A span that is nil is refused here; the Agent takes it and fails later.
 */
import * as MsgpackReader from "./MsgpackReader.ts"
import type { MsgpackValue } from "./MsgpackReader.ts"
import * as SpanAttachments from "./SpanAttachments.ts"
import type { SpanEvent, SpanLink } from "./SpanAttachments.ts"
import * as WireField from "./WireField.ts"

/**
 * One span as the Agent understood it. Ids are unsigned 64-bit; `traceId` is the low half of the trace id; `start`
 * and `duration` are nanoseconds. `metaStruct` values are the packed bytes.
 */
export interface DecodedSpan {
  readonly service: string
  readonly name: string
  readonly resource: string
  readonly type: string
  readonly traceId: bigint
  readonly spanId: bigint
  readonly parentId: bigint
  readonly start: bigint
  readonly duration: bigint
  readonly error: number
  readonly meta: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
  readonly metaStruct: Readonly<Record<string, Uint8Array>>
  readonly spanLinks: ReadonlyArray<SpanLink | null>
  readonly spanEvents: ReadonlyArray<SpanEvent | null>
}

/** Spans that were sent together and belong to one trace. */
export type Chunk = ReadonlyArray<DecodedSpan>

/** The chunks of a payload, or why the Agent answers 400. The message names the place. */
export type DecodeResult =
  | { readonly ok: true; readonly chunks: ReadonlyArray<Chunk> }
  | { readonly ok: false; readonly message: string }

type Attribute =
  | { readonly kind: "meta"; readonly value: string }
  | { readonly kind: "metric"; readonly value: number }
  | { readonly kind: "struct"; readonly value: Uint8Array }

type Draft = { -readonly [K in keyof Omit<DecodedSpan, "meta" | "metrics" | "metaStruct">]: DecodedSpan[K] } & {
  readonly attributes: Map<string, Attribute>
}

type Field = (draft: Draft, value: MsgpackValue) => string | undefined

const into = <A>(read: WireField.Reader<A>, assign: (draft: Draft, value: A) => void): Field => (draft, value) => {
  const result = read(value)
  if (!result.ok) {
    return result.message
  }
  assign(draft, result.value)
  return undefined
}

const attributes = <A>(read: WireField.Reader<A>, wrap: (value: A) => Attribute): Field =>
  into(WireField.entriesOf(read), (draft, entries) => {
    for (const [key, value] of entries) {
      draft.attributes.set(key, wrap(value))
    }
  })

const fields: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["service", into(WireField.text, (draft, value) => draft.service = value)],
  ["name", into(WireField.text, (draft, value) => draft.name = value)],
  ["resource", into(WireField.text, (draft, value) => draft.resource = value)],
  ["type", into(WireField.text, (draft, value) => draft.type = value)],
  ["trace_id", into(WireField.uint64, (draft, value) => draft.traceId = value)],
  ["span_id", into(WireField.uint64, (draft, value) => draft.spanId = value)],
  ["parent_id", into(WireField.uint64, (draft, value) => draft.parentId = value)],
  ["start", into(WireField.int64, (draft, value) => draft.start = value)],
  ["duration", into(WireField.int64, (draft, value) => draft.duration = value)],
  ["error", into(WireField.int32, (draft, value) => draft.error = value)],
  ["meta", WireField.unlessNil(attributes(WireField.text, (value) => ({ kind: "meta", value })))],
  ["metrics", WireField.unlessNil(attributes(WireField.float64, (value) => ({ kind: "metric", value })))],
  ["meta_struct", attributes(WireField.struct, (value) => ({ kind: "struct", value }))],
  ["span_links", into(SpanAttachments.links, (draft, value) => draft.spanLinks = value)],
  ["span_events", into(SpanAttachments.events, (draft, value) => draft.spanEvents = value)]
])

const finish = (draft: Draft): DecodedSpan => {
  const meta: Array<readonly [string, string]> = []
  const metrics: Array<readonly [string, number]> = []
  const metaStruct: Array<readonly [string, Uint8Array]> = []
  for (const [key, attribute] of draft.attributes) {
    switch (attribute.kind) {
      case "meta":
        meta.push([key, attribute.value])
        break
      case "metric":
        metrics.push([key, attribute.value])
        break
      case "struct":
        metaStruct.push([key, attribute.value])
    }
  }
  const { attributes: _, ...span } = draft
  return {
    ...span,
    meta: Object.fromEntries(meta),
    metrics: Object.fromEntries(metrics),
    metaStruct: Object.fromEntries(metaStruct)
  }
}

const readSpan: WireField.Reader<DecodedSpan> = (value) => {
  if (value.type !== "map") {
    return WireField.mismatch(value, "map")
  }
  const draft: Draft = {
    service: "",
    name: "",
    resource: "",
    type: "",
    traceId: 0n,
    spanId: 0n,
    parentId: 0n,
    start: 0n,
    duration: 0n,
    error: 0,
    spanLinks: [],
    spanEvents: [],
    attributes: new Map()
  }
  for (const [key, item] of value.entries) {
    const name = WireField.fieldName(key)
    if (!name.ok) {
      return name
    }
    const problem = fields.get(name.value)?.(draft, item)
    if (problem !== undefined) {
      return WireField.within(name.value, { ok: false, message: problem })
    }
  }
  return { ok: true, value: finish(draft) }
}

const readPayload = WireField.listOf("chunk", WireField.listOf("span", readSpan))

/** Decodes a body of `/v0.4/traces` or `/v0.3/traces`. Bytes after the array are ignored, as the Agent does. */
export const decode = (bytes: Uint8Array): DecodeResult => {
  const read = MsgpackReader.read(bytes)
  if (!read.ok) {
    return { ok: false, message: `${read.message} at byte ${read.offset}` }
  }
  const payload = readPayload(read.value)
  return payload.ok ? { ok: true, chunks: payload.value } : payload
}

/**
 * A chunk that the normaliser let through, with the one trace id that the Agent gives it: the first span's low half,
 * and the upper half from the first `_dd.p.tid` that is one.
 */
export interface NormalisedChunk {
  readonly traceIdHigh: bigint
  readonly traceIdLow: bigint
  readonly spans: Chunk
}

/** The chunk as the samplers see it, or why the normaliser dropped it. */
export type NormaliseResult =
  | { readonly ok: true; readonly chunk: NormalisedChunk }
  | { readonly ok: false; readonly reason: "empty_chunk" | "zero_span_id" }

const upperHalf = (span: DecodedSpan): bigint | undefined => {
  const tid = Object.hasOwn(span.meta, "_dd.p.tid") ? span.meta["_dd.p.tid"]! : ""
  return /^[0-9a-fA-F]{1,16}$/.test(tid) ? BigInt(`0x${tid}`) : undefined
}

/**
 * The steps of the Agent before sampling: it drops a chunk when it is empty or has a span id of zero, folds it under
 * one trace id, fills an empty resource with the name, and makes a negative duration zero.
 *
 * **Gotchas**
 *
 * The Agent also cuts long texts and moves a start before the year 2000 to now; that is left out, so that programs on a
 * test clock keep their times.
 */
export const normalise = (chunk: Chunk): NormaliseResult => {
  const first = chunk[0]
  if (first === undefined) {
    return { ok: false, reason: "empty_chunk" }
  }
  if (chunk.some((span) => span.spanId === 0n)) {
    return { ok: false, reason: "zero_span_id" }
  }
  let traceIdHigh: bigint | undefined
  const spans: Array<DecodedSpan> = []
  for (const span of chunk) {
    traceIdHigh ??= upperHalf(span)
    spans.push({
      ...span,
      traceId: first.traceId,
      resource: span.resource === "" ? span.name : span.resource,
      duration: span.duration < 0n ? 0n : span.duration
    })
  }
  return { ok: true, chunk: { traceIdHigh: traceIdHigh ?? 0n, traceIdLow: first.traceId, spans } }
}

/**
 * The content of `meta_struct["_llmobs"]` as plain data, or why it cannot be read. The Agent forwards it without a
 * look; only the intake needs it to be one map.
 */
export const decodeStruct = (
  bytes: Uint8Array
):
  | { readonly ok: true; readonly value: { readonly [key: string]: MsgpackReader.PlainValue } }
  | { readonly ok: false; readonly message: string } =>
{
  const read = MsgpackReader.read(bytes)
  if (!read.ok) {
    return { ok: false, message: `${read.message} at byte ${read.offset}` }
  }
  if (read.value.type !== "map") {
    return WireField.mismatch(read.value, "map")
  }
  return {
    ok: true,
    value: MsgpackReader.toPlain(read.value) as { readonly [key: string]: MsgpackReader.PlainValue }
  }
}
