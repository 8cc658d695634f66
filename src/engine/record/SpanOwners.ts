/**
 * The owners of open spans, which are told before a span is ended over their heads: an owner has more to end than its span.
 */
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import * as ProcessWide from "../context/ProcessWide.ts"

const owners = ProcessWide.get("SpanOwners/1", () => new WeakMap<OpenSpan, () => void>())

/** Calls a function before a span is ended because too many are open, or because its layer closes. It must not throw. */
export const set = (span: OpenSpan, end: () => void): void => {
  owners.set(span, end)
}

/** Lets the owner of a span end it, if it has one. */
export const end = (span: OpenSpan): void => owners.get(span)?.()
