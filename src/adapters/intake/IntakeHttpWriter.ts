/**
 * Writes span events to the LLM intake: through the Agent's EVP proxy, or direct with an API key.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as IntakeBody from "../../domain/event/IntakeBody.ts"
import * as WireFormat from "../../domain/event/WireFormat.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { StepWriter } from "../../engine/lane/IntakePayload.ts"
import * as PayloadSlabs from "../../engine/lane/PayloadSlabs.ts"
import type { EncodedEvent } from "../../ports/IntakeWriter.ts"
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
export const encoder = (
  options: {
    readonly format: WireFormat.WireFormat
    readonly libraryVersion: string
    readonly maxEventBytes: number
    readonly onDefect: (error: unknown) => void
  },
  slabs: Pick<PayloadSlabs.PayloadSlabs, "pack" | "steps"> = PayloadSlabs.make(IntakeBody.layout, undefined)
): Pick<StepWriter, "encode" | "encodeSteps"> => {
  const writer = IntakeBody.writer(options.format, options)

  function* steps(record: SpanRecord): Generator<void, EncodedEvent | undefined> {
    try {
      return yield* slabs.steps((out) => writer.steps(record, out))
    } catch (error) {
      options.onDefect(error)
      return undefined
    }
  }

  return {
    encode: (record) => {
      try {
        return slabs.pack((out) => writer.write(record, out))
      } catch (error) {
        options.onDefect(error)
        return undefined
      }
    },
    encodeSteps: (record) => IntakeBody.isLarge(record) ? steps(record) : undefined
  }
}

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
  /** The pool of the buffers of requests. Without one, the bytes of an event stay as they are. */
  readonly pool?: PayloadSlabs.Pool | undefined
}): StepWriter => {
  const { route } = options
  const format = WireFormat.table[route._tag === "EvpProxy" ? "evp-proxy" : "llmobs-intake"]
  const slabs = PayloadSlabs.make(IntakeBody.layout, options.pool)
  return {
    maxPayloadBytes: options.maxPayloadBytes,
    ...encoder({ ...options, format }, slabs),
    send: (events) => {
      const sent = options.transport.send({
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
        body: slabs.payload(events),
        timeoutMillis: options.timeoutMillis
      })
      return Effect.tap(sent, (outcome) =>
        Effect.sync(() => {
          if (outcome._tag === "Answer" && outcome.status >= 200 && outcome.status < 300) slabs.release(events)
        }))
    }
  }
}
