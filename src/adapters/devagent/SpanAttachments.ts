/**
 * The links and events of a span in a v0.4 payload.
 */
import type { MsgpackValue } from "./MsgpackReader.ts"
import * as WireField from "./WireField.ts"

/** A link to a span of this or another trace. Bit 31 of `flags` says that flags were given. */
export interface SpanLink {
  readonly traceId: bigint
  readonly traceIdHigh: bigint
  readonly spanId: bigint
  readonly attributes: Readonly<Record<string, string>>
  readonly tracestate: string
  readonly flags: number
}

/** The value of an event's attribute, its wire tag removed. */
export type AttributeValue = null | string | boolean | bigint | number | ReadonlyArray<AttributeValue>

/** Something that happened during a span; the time is in nanoseconds since the epoch. */
export interface SpanEvent {
  readonly timeUnixNano: bigint
  readonly name: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
}

const map = <A, B>(read: WireField.Reader<A>, f: (value: A) => B): WireField.Reader<B> => (value) => {
  const result = read(value)
  return result.ok ? { ok: true, value: f(result.value) } : result
}

const dictionary = <A>(read: WireField.Reader<A>): WireField.Reader<Readonly<Record<string, A>>> =>
  map(WireField.entriesOf(read), (entries) => Object.fromEntries(entries))

const link: WireField.Reader<SpanLink> = map(
  WireField.record<{
    trace_id: bigint
    trace_id_high: bigint
    span_id: bigint
    attributes: Readonly<Record<string, string>>
    tracestate: string
    flags: bigint
  }>({
    trace_id: WireField.uint64,
    trace_id_high: WireField.strictUint(64),
    span_id: WireField.uint64,
    attributes: dictionary(WireField.text),
    tracestate: WireField.text,
    flags: WireField.strictUint(32)
  }),
  (found) => ({
    traceId: found.trace_id ?? 0n,
    traceIdHigh: found.trace_id_high ?? 0n,
    spanId: found.span_id ?? 0n,
    attributes: found.attributes ?? {},
    tracestate: found.tracestate ?? "",
    flags: Number(found.flags ?? 0n)
  })
)

const bool: WireField.Reader<boolean> = (value) =>
  value.type === "bool" ? { ok: true, value: value.value } : WireField.mismatch(value, "bool")

const signed: WireField.Reader<bigint> = (value) =>
  value.type === "nil" ? WireField.mismatch(value, "int") : WireField.int64(value)

const double: WireField.Reader<number> = (value) =>
  value.type === "float64" || value.type === "float32"
    ? { ok: true, value: value.value }
    : WireField.mismatch(value, "float64")

const attribute = (value: MsgpackValue): ReturnType<WireField.Reader<AttributeValue>> => tagged(value)

const array: WireField.Reader<ReadonlyArray<AttributeValue>> = map(
  WireField.record<{ values: ReadonlyArray<AttributeValue> }>({
    values: WireField.listOf("value", WireField.nullable(attribute))
  }),
  (found) => found.values ?? []
)

const tagged: WireField.Reader<AttributeValue> = map(
  WireField.record<{
    type: number
    string_value: string
    bool_value: boolean
    int_value: bigint
    double_value: number
    array_value: ReadonlyArray<AttributeValue> | null
  }>({
    type: WireField.int32,
    string_value: WireField.text,
    bool_value: bool,
    int_value: signed,
    double_value: double,
    array_value: WireField.nullable(array)
  }),
  (found) =>
    [
      found.string_value ?? "",
      found.bool_value ?? false,
      found.int_value ?? 0n,
      found.double_value ?? 0,
      found.array_value ?? []
    ][found.type ?? 0] ?? null
)

const event: WireField.Reader<SpanEvent> = map(
  WireField.record<{
    time_unix_nano: bigint
    name: string
    attributes: Readonly<Record<string, AttributeValue>>
  }>({
    time_unix_nano: WireField.strictUint(64),
    name: WireField.text,
    attributes: dictionary(WireField.nullable(attribute))
  }),
  (found) => ({
    timeUnixNano: found.time_unix_nano ?? 0n,
    name: found.name ?? "",
    attributes: found.attributes ?? {}
  })
)

/** The field `span_links`: an array, never nil; a link in it may be nil. */
export const links: WireField.Reader<ReadonlyArray<SpanLink | null>> = WireField.listOf(
  "link",
  WireField.nullable(link)
)

/** The field `span_events`: an array, never nil; an event in it may be nil. */
export const events: WireField.Reader<ReadonlyArray<SpanEvent | null>> = WireField.listOf(
  "event",
  WireField.nullable(event)
)
