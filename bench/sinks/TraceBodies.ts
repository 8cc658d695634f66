/** The body of a request with v0.4 traces: MessagePack, where an event rides in the `meta_struct` of its span. */
import { Unpackr } from "msgpackr/unpack"

const unpackr = new Unpackr({ useRecords: false, int64AsType: "bigint", mapsAsObjects: true })

interface TraceSpan {
  readonly span_id: bigint | number
  readonly meta_struct?: { readonly [key: string]: Uint8Array }
}

export function* decode(bytes: Buffer): Generator<string> {
  const traces = unpackr.unpack(bytes) as ReadonlyArray<ReadonlyArray<TraceSpan>>
  for (const spans of traces) {
    for (const { meta_struct, span_id } of spans) {
      if (meta_struct?.["_llmobs"] === undefined) continue
      // A struct that cannot be read is no event.
      unpackr.unpack(meta_struct["_llmobs"])
      yield String(span_id)
    }
  }
}
