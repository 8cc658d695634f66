/** A request of OTLP as protobuf: of it, the ids of the spans. */

// ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans, ScopeSpans.spans, Span.span_id.
const path = [1, 2, 2, 2] as const

export function* decode(bytes: Buffer): Generator<string> {
  for (const id of at(bytes, 0)) yield id.toString("hex")
}

function* at(message: Buffer, depth: number): Generator<Buffer> {
  for (const field of fields(message, path[depth]!)) {
    if (depth === path.length - 1) yield field
    else yield* at(field, depth + 1)
  }
}

/** The length-delimited fields of this number. */
function* fields(message: Buffer, wanted: number): Generator<Buffer> {
  let offset = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1;; scale *= 128) {
      const byte = message.readUInt8(offset++)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
  }
  while (offset < message.byteLength) {
    const key = varint()
    const type = key & 7
    if (type === 0) varint()
    else if (type === 1) offset += 8
    else if (type === 5) offset += 4
    else if (type === 2) {
      const length = varint()
      if (length > message.byteLength - offset) throw new Error("A field is longer than its message.")
      if (key >>> 3 === wanted) yield message.subarray(offset, offset + length)
      offset += length
    } else throw new Error(`Wire type ${type} is unknown.`)
  }
}
