/**
 * Writes trace chunks to the Agent: `POST /v0.4/traces`.
 *
 * **Details**
 *
 * The request names its number of chunks and asks for real status codes. It never claims that statistics were computed
 * here, because the Agent would stop computing them and the user's APM metrics would vanish.
 */
import * as Effect from "effect/Effect"
import * as WireFormat from "../../domain/event/WireFormat.ts"
import * as PayloadSlabs from "../../engine/lane/PayloadSlabs.ts"
import type { AgentWriterService } from "../../ports/AgentWriter.ts"
import { defaultMaxPayloadBytes } from "../../ports/AgentWriter.ts"
import type { Outcome, Target, TransportService } from "../../ports/Transport.ts"
import * as AgentAnswer from "./AgentAnswer.ts"
import * as V04 from "./V04.ts"

/** The largest body that the Agent reads. */
const maxBodyBytes = 25 * 1024 * 1024

export const make = (options: {
  readonly transport: TransportService
  readonly target: Target
  readonly timeoutMillis: number
  /** Identity headers: `datadog-meta-*`, and those of the container if they are known. */
  readonly headers: { readonly [name: string]: string }
  /** Called with the JSON of each 200, which holds the sampling rates. */
  readonly onRates: (body: unknown) => void
  readonly onDefect: (error: unknown) => void
  /** The pool of the buffers of requests. */
  readonly pool?: PayloadSlabs.Pool | undefined
}): AgentWriterService => {
  const format = WireFormat.select("apm-agent", "ride")
  const slabs = PayloadSlabs.make(V04.layout, options.pool)
  return {
    maxPayloadBytes: defaultMaxPayloadBytes,
    structBytes: (record) => V04.packStruct(record, format).byteLength,
    encode: (chunk) => {
      try {
        const packed = slabs.pack((out) => V04.writeChunk(out, chunk, format))
        return packed.bytes.byteLength > maxBodyBytes - 16 ? undefined : packed
      } catch (error) {
        options.onDefect(error)
        return undefined
      }
    },
    send: (chunks) =>
      Effect.map(
        options.transport.send({
          target: options.target,
          method: "POST",
          path: "/v0.4/traces",
          headers: {
            ...options.headers,
            "content-type": "application/msgpack",
            "datadog-client-computed-top-level": "true",
            "datadog-send-real-http-status": "1",
            "x-datadog-trace-count": String(chunks.length)
          },
          body: slabs.payload(chunks),
          timeoutMillis: options.timeoutMillis
        }),
        (outcome): Outcome => {
          if (outcome._tag === "Answer" && outcome.status === 200) {
            slabs.release(chunks)
            options.onRates(AgentAnswer.fromText(outcome.body))
          }
          return outcome
        }
      )
  }
}
