/**
 * The Schema of the body of a request to the LLM intake.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Getter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Envelopes from "../event/Envelope.ts"
import { SpanEvent } from "./SpanEvent.ts"

/**
 * One event with the version of the library.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Envelope = Schema.Struct({
  "_dd.stage": Schema.Literal("raw"),
  "_dd.tracer_version": Schema.String,
  "_dd.scope": Schema.optionalKey(Schema.Literal("experiments")),
  event_type: Schema.Literal("span"),
  spans: Schema.Tuple([SpanEvent])
})

/**
 * The body of a request: the JSON text of an array of envelopes, `start_ns` exact to the nanosecond in both directions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EnvelopesFromJson = Schema.String.pipe(
  Schema.decodeTo(Schema.Array(Envelope), {
    decode: Getter.transformEffect((text: string, options) =>
      Effect.try({
        try: () => parse(text) as ReadonlyArray<(typeof Envelope)["Encoded"]>,
        catch: () => new SchemaIssue.InvalidValue({ expected: "the JSON text of an array of envelopes" }, text, options)
      })
    ),
    encode: Getter.transform((envelopes) =>
      `[${envelopes.map((envelope) => Envelopes.encode(envelope as Envelopes.Envelope)).join(",")}]`
    )
  })
)

// TypeScript's library has no type for the third argument of a reviver yet.
type Reviver = (this: object, key: string, value: unknown, context?: { readonly source?: string }) => unknown

const parse = (text: string): unknown => {
  const exact = new Map<object, bigint>()
  const reviver: Reviver = function(key, value, context) {
    if (key === "start_ns" && typeof value === "number" && /^\d{16,19}$/.test(context?.source ?? "")) {
      exact.set(this, BigInt(context!.source!))
    }
    return value
  }
  const body: unknown = JSON.parse(text, reviver)
  if (!Array.isArray(body)) return body
  // Only the `start_ns` of an event is converted, because a user's metadata may have a key of that name.
  for (const envelope of body) {
    const spans: unknown = (envelope as { readonly spans?: unknown } | null)?.spans
    if (!Array.isArray(spans)) continue
    for (const span of spans) {
      const startNs = typeof span === "object" && span !== null ? exact.get(span) : undefined
      if (startNs !== undefined) span.start_ns = startNs
    }
  }
  return body
}
