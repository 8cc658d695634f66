/**
 * The open spans that no finalizer ends.
 */
import type { RecordedSpan } from "./RecordedSpan.ts"
import * as SpanOwners from "./SpanOwners.ts"

export interface OpenSpans {
  readonly add: (span: RecordedSpan) => void
  readonly remove: (span: RecordedSpan) => void
  /** Ends all of them, the newest first, so children before their parents. Returns their number. */
  readonly endAll: () => number
}

/**
 * Keeps at most `most` spans. When one more is added, the oldest is ended: it was most likely forgotten, and forgotten
 * spans must not fill the memory.
 */
export const make = (options: {
  readonly most: number
  /** Ends a span, unless its owner has done so. */
  readonly end: (span: RecordedSpan) => void
  /** Called when a span was ended because there were too many. */
  readonly onFull: () => void
}): OpenSpans => {
  const spans = new Set<RecordedSpan>()
  const end = (span: RecordedSpan): void => {
    SpanOwners.end(span)
    options.end(span)
    if (span.ended) spans.delete(span)
  }
  return {
    add: (span) => {
      if (spans.size >= options.most) {
        for (const oldest of spans) {
          end(oldest)
          break
        }
        options.onFull()
      }
      spans.add(span)
    },
    remove: (span) => {
      spans.delete(span)
    },
    endAll: () => {
      const left = [...spans].reverse()
      for (const span of left) end(span)
      return left.length
    }
  }
}
