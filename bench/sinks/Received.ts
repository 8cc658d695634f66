/** The bodies that a sink received, and the count of the events in them. */
import { decode as events } from "./IntakeBodies.ts"
import { decode as otlpJson } from "./OtlpJson.ts"
import { decode as otlpProtobuf } from "./OtlpProtobuf.ts"
import { decode as traces } from "./TraceBodies.ts"

export interface Body {
  readonly path: string
  readonly type: string
  readonly bytes: Buffer
}

export interface Count {
  /** Different spans that arrived with their event. */
  readonly unique: number
  /** Events of a span that had arrived before. */
  readonly duplicates: number
  readonly requests: number
  readonly bytes: number
}

// The ids of the events in a body. An APM span without an event has none, and neither has a request of another kind.
const ids = ({ bytes, path, type }: Body): Iterable<string> => {
  if (path === "/v0.4/traces") return traces(bytes)
  if (path.endsWith("/v1/traces")) return type.includes("json") ? otlpJson(bytes) : otlpProtobuf(bytes)
  if (path.endsWith("/api/v2/llmobs")) return events(bytes)
  return []
}

/** Decodes the bodies and counts the events in them. */
export const count = (bodies: ReadonlyArray<Body>): Count => {
  const seen = new Set<string>()
  let duplicates = 0
  let bytes = 0
  for (const body of bodies) {
    bytes += body.bytes.byteLength
    for (const id of ids(body)) {
      if (seen.has(id)) duplicates++
      seen.add(id)
    }
  }
  return { unique: seen.size, duplicates, requests: bodies.length, bytes }
}
