/**
 * The open spans that no finalizer ends.
 *
 * @since 0.2.0
 */
import type { RecordedSpan } from "./RecordedSpan.ts"

/**
 * @category models
 * @since 0.2.0
 */
export interface OpenSpans {
  readonly add: (span: RecordedSpan) => void
  readonly remove: (span: RecordedSpan) => void
  /** Ends all of them, the newest first: children before their parents. Gives their number. */
  readonly endAll: () => number
}

/**
 * Keeps at most `most` spans. One more, and the oldest is ended: its owner has most likely forgotten it, and spans that
 * nobody ends must not fill the memory.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: {
  readonly most: number
  /** Ends a span, which removes it here. */
  readonly end: (span: RecordedSpan) => void
  /** Called when a span was ended for want of room. */
  readonly onFull: () => void
}): OpenSpans => {
  const spans = new Set<RecordedSpan>()
  const end = (span: RecordedSpan): void => {
    spans.delete(span)
    options.end(span)
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
