/**
 * A running span, as functions that are traced get it.
 */
import * as SpanId from "../../domain/span/SpanId.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"

/** The ids of a span, by the names of Datadog's tracers. */
export interface SdkSpanContext {
  /** Decimal, of the low 64 bits; with `true` the 32 hex characters. */
  readonly toTraceId: (whole?: boolean) => string
  /** Decimal; with `true` the 16 hex characters. */
  readonly toSpanId: (hex?: boolean) => string
}

export class SdkSpan {
  /** The span of the engine. `undefined` if nothing is recorded. */
  readonly #paired: PairedSpan | undefined

  constructor(paired: PairedSpan | undefined) {
    this.#paired = paired
  }

  /** The span of the engine behind a value. */
  static paired(span: unknown): PairedSpan | undefined {
    return span instanceof SdkSpan ? span.#paired : undefined
  }

  context(): SdkSpanContext {
    const span = this.#paired?.span
    return {
      toTraceId: (whole) => {
        if (span === undefined || !TraceId.isValid(span.traceId)) return "0"
        return whole === true ? span.traceId : SpanId.toDecimal(TraceId.low64(span.traceId))
      },
      toSpanId: (hex) => {
        if (span === undefined || !SpanId.isValid(span.spanId)) return "0"
        return hex === true ? span.spanId : SpanId.toDecimal(span.spanId)
      }
    }
  }

  /** Sets a tag of the APM span. An `Error` as `error` makes the span a failure. */
  setTag(key: string, value: unknown): this {
    const span = this.#paired?.span
    if (span === undefined || span.status._tag === "Ended") return this
    if (key === "error" && value instanceof Error) {
      span.attribute("error.type", value.name)
      span.attribute("error.message", value.message)
      span.attribute("error.stack", value.stack ?? "")
    }
    span.attribute(key, key === "error" ? Boolean(value) : value)
    return this
  }

  /** Sets several tags of the APM span. */
  addTags(tags: { readonly [key: string]: unknown }): this {
    for (const key of Object.keys(tags)) this.setTag(key, tags[key])
    return this
  }
}
