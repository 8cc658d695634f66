/**
 * The end of a span: its record is made and passed to the sink.
 */
import type * as Effect from "effect/Effect"
import * as RedactedRecord from "../../domain/redaction/RedactedRecord.ts"
import type * as SpanError from "../../domain/span/SpanError.ts"
import * as SpanErrors from "../../domain/span/SpanError.ts"
import * as SpanRecords from "../../domain/span/SpanRecord.ts"
import type * as Tags from "../../domain/span/Tags.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"
import { guard } from "../books/Guard.ts"
import * as LateRetention from "./LateRetention.ts"
import type { OpenContent } from "./OpenContent.ts"
import type { RecordedSpan } from "./RecordedSpan.ts"
import type { Options } from "./RecorderOptions.ts"
import * as SpanExit from "./SpanExit.ts"
import * as SpanTags from "./SpanTags.ts"

/**
 * Makes a function that finishes the event of a span. It throws only if a part of `options` throws, and then the event
 * is not in the ledger.
 */
export const make = (
  options: Options,
  content: OpenContent
): (span: RecordedSpan, end: SpanEnd, durationNs: number) => Effect.Effect<void> | undefined => {
  const { diagnostics, room, settings, sink } = options
  const tagsOf = SpanTags.sharing(settings.process)
  // The event takes the room of its span before events that wait for room are let in.
  const place = (span: RecordedSpan, put: () => Effect.Effect<void> | undefined): Effect.Effect<void> | undefined => {
    if (span.chargedBytes === 0) return put()
    content.release(span)
    const waits = put()
    guard(diagnostics, "recorder.admit", room.admit, undefined)
    return waits
  }

  return (span, end, durationNs) => {
    const record = recordOf(tagsOf, span, end, durationNs)
    if (!RedactedRecord.isActive(settings.redaction)) return place(span, () => sink.finish(record, span.carrier))
    const { problems, value: redacted } = RedactedRecord.apply(record, settings.redaction)
    if (problems.length > 0) diagnostics.report(problems, redacted.record.context.name)
    span.carrier?.rename(redacted.record.context.name)
    return place(span, () => {
      if (!redacted.dropped) return sink.finish(redacted.record, span.carrier)
      sink.redact(redacted.record, span.carrier)
      return undefined
    })
  }
}

const recordOf = (
  tagsOf: ReturnType<typeof SpanTags.sharing>,
  span: RecordedSpan,
  end: SpanEnd,
  durationNs: number
): PendingRecord => {
  const { annotation, context, parent } = span
  // The decision depends on the tags of the root, and they cannot change after its end.
  if (context.retention !== undefined && context.retention !== parent?.context.retention) {
    LateRetention.freeze(context.retention)
  }
  return SpanRecords.finish({
    context,
    startNs: span.startNs,
    durationNs,
    modelName: span.modelName ?? annotation.model,
    modelProvider: span.modelProvider,
    annotation,
    tags: withEnding(tagsOf(span, annotation), end, span.leftOut),
    ancestor: parent === undefined
      ? undefined
      : {
        kind: parent.context.kind,
        prompt: parent.annotation.prompt,
        toolDefinitions: parent.annotation.toolDefinitions
      },
    error: errorOf(end) ?? span.carrier?.marked
  })
}

const errorOf = (end: SpanEnd): SpanError.SpanError | undefined =>
  (end.exit === undefined ? undefined : SpanExit.errorOf(end.exit)) ??
    (end.error === undefined ? undefined : SpanErrors.fromUnknown(end.error))

// The losers of a race or a time-out are not errors; a tag distinguishes them.
const withEnding = (tags: Tags.Tags, end: SpanEnd, leftOut: boolean): Tags.Tags => {
  const interrupted = end.interrupted === true || (end.exit !== undefined && SpanExit.isInterrupted(end.exit))
  if (!interrupted && end.unfinished !== true && !leftOut) return tags
  return {
    ...tags,
    ...(interrupted ? { "effect.fiber.interrupted": "true" } : undefined),
    ...(end.unfinished === true ? { "effect.span.unfinished": "true" } : undefined),
    ...(leftOut ? { "effect.content.left_out": "true" } : undefined)
  }
}
