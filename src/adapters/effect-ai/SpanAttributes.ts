/**
 * Reads the attributes of a span as they are written.
 */
import type * as Tracer from "effect/Tracer"

/** Calls `see` with each attribute first. One that `see` takes, by returning `true`, is not written. */
export const intercept = (span: Tracer.Span, see: (key: string, value: unknown) => boolean): void => {
  const write = span.attribute.bind(span)
  span.attribute = (key, value) => {
    if (!see(key, value)) write(key, value)
  }
}
