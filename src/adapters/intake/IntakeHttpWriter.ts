/**
 * Writes span events to the LLM intake: through the Agent's EVP proxy, or direct with an API key.
 */
import * as Redacted from "effect/Redacted"
import * as IntakeBody from "../../domain/event/IntakeBody.ts"
import * as WireFormat from "../../domain/event/WireFormat.ts"
import type { IntakeWriterService } from "../../ports/IntakeWriter.ts"
import type { Target, TransportService } from "../../ports/Transport.ts"

/** The path of the intake for span events. */
export const spansPath = "/api/v2/llmobs"

/** The road of a request: its target, its prefix and its headers. */
export type Route =
  | { readonly _tag: "EvpProxy"; readonly target: Target; readonly prefix: string }
  | { readonly _tag: "Intake"; readonly target: Target; readonly apiKey: Redacted.Redacted }

/**
 * Renders an event for a format and encodes it in its envelope. An event above `maxEventBytes` is shrunk. An event that
 * cannot be encoded is reported as a defect and gives `undefined`.
 */
export const encoder = (options: {
  readonly format: WireFormat.WireFormat
  readonly libraryVersion: string
  readonly maxEventBytes: number
  readonly onDefect: (error: unknown) => void
}): IntakeWriterService["encode"] =>
(record) => {
  try {
    return { bytes: IntakeBody.encode(record, options.format, { ...options, utf8 }) }
  } catch (error) {
    options.onDefect(error)
    return undefined
  }
}

const textEncoder = new TextEncoder()

// Node's buffers take a third of the time of an encoder; a Worker may have none.
const utf8 = (text: string): Uint8Array =>
  typeof Buffer === "function" ? Buffer.from(text, "utf8") : textEncoder.encode(text)

export const make = (options: {
  readonly transport: TransportService
  readonly route: Route
  readonly timeoutMillis: number
  readonly libraryVersion: string
  /** The largest rendered event in bytes. A larger one is shrunk. */
  readonly maxEventBytes: number
  /** The largest request body in bytes. */
  readonly maxPayloadBytes: number
  readonly headers: { readonly [name: string]: string }
  readonly onDefect: (error: unknown) => void
}): IntakeWriterService => {
  const { route } = options
  const format = WireFormat.table[route._tag === "EvpProxy" ? "evp-proxy" : "llmobs-intake"]
  return {
    maxPayloadBytes: options.maxPayloadBytes,
    encode: encoder({ ...options, format }),
    send: (events) =>
      options.transport.send({
        target: route.target,
        method: "POST",
        path: route._tag === "EvpProxy" ? route.prefix + spansPath : spansPath,
        headers: {
          ...options.headers,
          "content-type": "application/json",
          ...(route._tag === "EvpProxy"
            ? { "x-datadog-evp-subdomain": "llmobs-intake" }
            : { "dd-api-key": Redacted.value(route.apiKey) })
        },
        body: IntakeBody.join(events.map((event) => event.bytes)),
        timeoutMillis: options.timeoutMillis
      })
  }
}
