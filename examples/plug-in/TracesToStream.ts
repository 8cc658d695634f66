/**
 * Traces to something else than an Agent: each payload of the v0.4 protocol on a stream, behind its length.
 */
import * as AgentWriter from "effect-llmobs/AgentWriter"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Writable } from "node:stream"

/** The length in four bytes, the highest first, and then the MessagePack. */
const frame = (payload: Uint8Array): Uint8Array => {
  const framed = new Uint8Array(4 + payload.byteLength)
  new DataView(framed.buffer).setUint32(0, payload.byteLength)
  framed.set(payload, 4)
  return framed
}

/** A socket, a pipe, the input of a process: whatever reads them speaks v0.4. */
export const layer = (stream: Writable): Layer.Layer<AgentWriter.AgentWriter> =>
  AgentWriter.layer({
    write: (payload) =>
      Effect.callback<void, Error>((resume) => {
        // A stream that has failed calls nobody back. The events of the payload then go to the intake.
        if (!stream.writable) return resume(Effect.fail(new Error("The stream is closed.")))
        stream.write(frame(payload), (error) => resume(error ? Effect.fail(error) : Effect.void))
      })
  })
