/**
 * The meaning of the exit of an effect for its span.
 *
 * **Details**
 *
 * A failure and a defect are errors. Interruption alone is not, because the losers of a race or a time-out must not
 * turn red. Of several causes the first counts, as in Effect's own exporter.
 */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as SpanError from "../../domain/span/SpanError.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"

/** Whether the effect was only interrupted. */
export const isInterrupted = (exit: Exit.Exit<unknown, unknown>): boolean =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause)

/** The error of the span, if it has one. */
export const errorOf = (exit: Exit.Exit<unknown, unknown>): SpanError.SpanError | undefined => {
  if (exit._tag === "Success" || isInterrupted(exit)) return undefined
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Fail") return SpanError.fromUnknown(reason.error)
    if (reason._tag === "Die") return SpanError.fromUnknown(reason.defect)
  }
  return SpanError.fromUnknown(exit.cause)
}

/** The exit of a span that ends without one, for its tracer. */
export const of = (end: SpanEnd): Exit.Exit<unknown, unknown> => {
  if (end.error !== undefined && end.exit?._tag !== "Failure") return Exit.fail(end.error)
  return end.exit ?? (end.interrupted === true ? Exit.interrupt() : Exit.void)
}
