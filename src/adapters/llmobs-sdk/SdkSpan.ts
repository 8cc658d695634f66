/**
 * A running span, as functions that are traced get it.
 */
import * as Problem from "../../domain/Problem.ts"
import * as SpanId from "../../domain/span/SpanId.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import * as OptionReader from "../../engine/record/OptionReader.ts"
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

  readonly #report: OptionReader.Report

  constructor(paired: PairedSpan | undefined, report: OptionReader.Report = OptionReader.ignore) {
    this.#paired = paired
    this.#report = report
  }

  /** Whether a value is a span of this class. Unlike `instanceof`, it does not throw for a revoked proxy. */
  static is(value: unknown): value is SdkSpan {
    return typeof value === "object" && value !== null && #paired in value
  }

  /** The span of the engine behind a value. */
  static paired(span: unknown): PairedSpan | undefined {
    return SdkSpan.is(span) ? span.#paired : undefined
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
    try {
      if (key === "error" && isError(value)) {
        for (const part of ["name", "message", "stack"] as const) {
          const text: unknown = OptionReader.read(value, part, this.#report)
          if (text !== undefined) span.attribute(part === "name" ? "error.type" : `error.${part}`, text)
        }
      }
      span.attribute(key, key === "error" ? Boolean(value) : value)
    } catch {
      // The tracer of the program refused the value.
      this.#report([badTag])
    }
    return this
  }

  /** Sets several tags of the APM span. */
  addTags(tags: { readonly [key: string]: unknown }): this {
    try {
      for (const key of Object.keys(tags)) this.setTag(key, OptionReader.read(tags, key, this.#report))
    } catch {
      this.#report([noTags])
    }
    return this
  }
}

/** Whether a value is an error. Unlike `instanceof`, it does not throw for a revoked proxy. */
export const isError = (value: unknown): value is Error => {
  try {
    return value instanceof Error
  } catch {
    return false
  }
}

const badTag = Problem.make("invalid_option", "setTag got a value that no tag can have. Give plain values.")

const noTags = Problem.make("invalid_option", "addTags needs an object with the tags to set.")
