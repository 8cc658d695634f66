/**
 * Contents that take too long for one step at the end of their span: they are packed in slices of time, the oldest first, and
 * cut to the limit of an event if they exceed it.
 */
import * as ContentTruncation from "../../domain/event/ContentTruncation.ts"
import type { HeldContent } from "../../domain/event/HeldContent.ts"
import * as SpanMeta from "../../domain/event/SpanMeta.ts"
import { MsgpackWriter } from "../../domain/msgpack/MsgpackWriter.ts"
import * as PackedSteps from "../../domain/msgpack/PackedSteps.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"

/** The records whose content waits to be packed. */
export interface LargeContents {
  /** Adds a record whose content has about so many characters. */
  readonly add: (record: PendingRecord, characters: number) => void
  readonly remove: (record: PendingRecord) => void
  /** Packs until the slice `isOver`, at least one step. Returns whether no content waits any more. */
  readonly pack: (isOver: () => boolean) => boolean
}

interface Options {
  /** The largest event in bytes. */
  readonly maxEventBytes: number
  /** Puts the content that was written, with its number of members, in the place of the annotation. */
  readonly onPacked: (record: PendingRecord, out: MsgpackWriter, members: number) => HeldContent
  /** Called when a content holds a second one, which was cut to the limit. */
  readonly onCut: (record: PendingRecord) => void
}

/** Makes a queue of contents. */
export const make = ({ maxEventBytes: limit, onCut, onPacked }: Options): LargeContents => {
  const waiting = new Map<PendingRecord, number>()
  let open: { readonly record: PendingRecord; readonly steps: Generator<void, void> } | undefined

  function* steps(record: PendingRecord, characters: number): Generator<void, void> {
    const out = new MsgpackWriter()
    out.begin(characters)
    const content = onPacked(record, out, yield* PackedSteps.members(out, SpanMeta.content(record)))
    yield
    content.cut = { limit, place: yield* ContentTruncation.steps(content.place!, limit) }
    onCut(record)
  }

  const next = (): typeof open => {
    for (const [record, characters] of waiting) return { record, steps: steps(record, characters) }
    return undefined
  }

  const remove = (record: PendingRecord): void => {
    waiting.delete(record)
    if (open?.record === record) open = undefined
  }

  return {
    add: (record, characters) => void waiting.set(record, characters),
    remove,
    pack: (isOver) => {
      while ((open ??= next()) !== undefined) {
        const { record, steps } = open
        try {
          if (steps.next().done === true) remove(record)
        } catch {
          // There may be no memory for its bytes. It stays as it is, and is encoded from its values.
          remove(record)
        }
        if (isOver()) break
      }
      return waiting.size === 0
    }
  }
}
