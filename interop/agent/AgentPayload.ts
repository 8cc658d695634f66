/**
 * Reads what the Agent sends to the trace intake: the protobuf `AgentPayload`.
 *
 * **Details**
 *
 * A current Agent sends the indexed form (field 11), where texts are numbers into a table of strings and a struct is an
 * attribute of bytes; an older one, or a current one told not to convert, sends the plain form (field 5).
 *
 * @since 0.1.0
 */
import { unpack } from "msgpackr"
import * as Protobuf from "./ProtobufReader.ts"

/**
 * A span as the intake sees it. Ids are decimal.
 *
 * @category models
 * @since 0.1.0
 */
export interface ReceivedSpan {
  readonly spanId: string
  readonly name: string
  readonly priority: number
  /** The texts of the span, by their tag. */
  readonly meta: { readonly [tag: string]: string }
  /** The LLM event that rode on the span. */
  readonly event: unknown
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const decode = (payload: Uint8Array): Array<ReceivedSpan> => [
  ...Protobuf.all(payload, 5).flatMap(plainSpans),
  ...Protobuf.all(payload, 11).flatMap(indexedSpans)
]

const structKey = "_llmobs"

const signed = (value: bigint): number => Number(BigInt.asIntN(32, value))

const fromStruct = (bytes: Uint8Array | undefined): unknown => bytes === undefined ? undefined : unpack(bytes)

const plainSpans = (tracerPayload: Uint8Array): Array<ReceivedSpan> =>
  Protobuf.all(tracerPayload, 6).flatMap((chunk) =>
    Protobuf.all(chunk, 3).map((span) => {
      const meta: { [tag: string]: string } = Object.create(null)
      for (const entry of Protobuf.all(span, 10)) meta[Protobuf.text(entry, 1)] = Protobuf.text(entry, 2)
      const struct = Protobuf.all(span, 13).find((entry) => Protobuf.text(entry, 1) === structKey)
      return {
        spanId: Protobuf.number(span, 5).toString(),
        name: Protobuf.text(span, 2),
        priority: signed(Protobuf.number(chunk, 1)),
        meta,
        event: struct && fromStruct(Protobuf.all(struct, 2)[0])
      }
    })
  )

const indexedSpans = (tracerPayload: Uint8Array): Array<ReceivedSpan> => {
  const strings = Protobuf.all(tracerPayload, 1).map(Protobuf.toText)
  const string = (reference: bigint): string => strings[Number(reference)] ?? ""
  return Protobuf.all(tracerPayload, 11).flatMap((chunk) =>
    Protobuf.all(chunk, 4).map((span) => {
      const meta: { [tag: string]: string } = Object.create(null)
      let struct: Uint8Array | undefined
      for (const entry of Protobuf.all(span, 9)) {
        const key = string(Protobuf.number(entry, 1))
        for (const value of Protobuf.fields(Protobuf.all(entry, 2)[0] ?? new Uint8Array())) {
          if (value.number === 1 && value._tag === "Number") meta[key] = string(value.value)
          if (value.number === 5 && value._tag === "Bytes" && key === structKey) struct = value.value
        }
      }
      return {
        spanId: Protobuf.number(span, 4).toString(),
        name: string(Protobuf.number(span, 2)),
        priority: signed(Protobuf.number(chunk, 1)),
        meta,
        event: fromStruct(struct)
      }
    })
  )
}
