/**
 * The memory that content of open spans takes, as part of the one byte budget.
 *
 * **Details**
 *
 * Content is charged when it is annotated, field by field. A field without room is left out with a problem, and the
 * span and its event stay. The charge is released at the end of the span, right before its event is placed and charged
 * by itself. The first KiB of a span is free, so names, labels and metrics stay when memory is full. Content of
 * `annotateSpans` is shared by its spans and is not charged.
 */
import * as Problem from "../../domain/Problem.ts"
import type * as Annotation from "../../domain/span/Annotation.ts"
import * as HeldBytes from "../../domain/span/HeldBytes.ts"
import type { RecordedSpan } from "./RecordedSpan.ts"
import type { Options } from "./RecorderOptions.ts"

export interface OpenContent {
  /** Charges an annotation before it is appended to that of a span. Returns what there is room for. */
  readonly admit: (span: RecordedSpan, said: Annotation.Annotation) => Annotation.Annotation
  /** Releases the charge of a span. A second call changes nothing. It stays whole even at the end of the stack. */
  readonly release: (span: RecordedSpan) => void
}

const freeBytes = 1_024

export const make = ({ diagnostics, room }: Pick<Options, "diagnostics" | "room">): OpenContent => {
  const fits = (span: RecordedSpan, bytes: number): boolean => {
    const held = span.heldBytes + bytes
    const charge = Math.max(0, held - freeBytes)
    const more = charge - span.chargedBytes
    if (more > 0 && !room.hold(more, span.context.account)) return false
    span.heldBytes = held
    span.chargedBytes = charge
    if (more < 0) {
      room.free(-more, span.context.account)
      room.admit()
    }
    return true
  }

  const admitEach = (
    span: RecordedSpan,
    said: Annotation.Annotation
  ): Annotation.Annotation => {
    const keys = Object.keys(said) as Array<keyof Annotation.Annotation>
    const left = keys.filter((key) => !fits(span, bytesOf(span, said, key)))
    if (left.length === 0) return said
    span.leftOut = true
    diagnostics.report(left.map(withoutRoom), span.context.name)
    return without(said, left)
  }

  return {
    admit: (span, said) => {
      let bytes = 0
      // A loop over keys makes no list of them. V8 leaves this call out of it, but makes that of `Object.hasOwn`.
      for (const key in said) {
        if (Object.prototype.hasOwnProperty.call(said, key)) {
          bytes += bytesOf(span, said, key as keyof Annotation.Annotation)
        }
      }
      return fits(span, bytes) ? said : admitEach(span, said)
    },
    release: (span) => {
      if (span.chargedBytes === 0) return
      room.free(span.chargedBytes, span.context.account)
      span.chargedBytes = 0
    }
  }
}

const bytesOf = (span: RecordedSpan, said: Annotation.Annotation, key: keyof Annotation.Annotation): number =>
  HeldBytes.ofAppended(span.annotation, key, said, HeldBytes.exactly, span.shared)

const without = (
  said: Annotation.Annotation,
  left: ReadonlyArray<keyof Annotation.Annotation>
): Annotation.Annotation => {
  const rest: Annotation.Owned = { ...said }
  for (const key of left) delete rest[key as "input"]
  return { ...rest, bytes: Math.min(said.bytes, HeldBytes.ofAnnotation(rest, escaped)) }
}

// An upper bound of the JSON text: a UTF-16 unit becomes at most six bytes.
const escaped: HeldBytes.OfText = (text) => text.length * 6

const withoutRoom = (key: keyof Annotation.Annotation): Problem.Problem =>
  Problem.make(
    "memory_full",
    `Open spans and events fill the memory that \`maxBytes\` gives them, so \`${key}\` was left out of a span. Raise \`maxBytes\`, or hold fewer spans open.`,
    key
  )
