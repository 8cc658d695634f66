/**
 * Contents that take too long for one step at the end of their span: they are packed in slices of time, and cut to the limit
 * of an event if they exceed it.
 */
import * as ContentTruncation from "../../domain/event/ContentTruncation.ts"
import type { HeldContent } from "../../domain/event/HeldContent.ts"
import * as SpanMeta from "../../domain/event/SpanMeta.ts"
import { MsgpackWriter } from "../../domain/msgpack/MsgpackWriter.ts"
import * as PackedSteps from "../../domain/msgpack/PackedSteps.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import * as PackingPace from "../lane/PackingPace.ts"

/** The records whose content waits to be packed. */
export interface LargeContents {
  /** Adds a record whose content has about so many characters. */
  readonly add: (record: PendingRecord, characters: number) => void
  readonly remove: (record: PendingRecord) => void
  /**
   * Packs until the slice `isOver`, at least one step: the content of `record` if it waits, or all, the oldest first. Returns
   * whether none of them waits any more, and the slice is not over.
   */
  readonly pack: (isOver: () => boolean, record?: PendingRecord) => boolean
  /** Packs the oldest content in one step, or that of an account. Returns whether there was one. */
  readonly packOne: (account: string | undefined) => boolean
}

interface Options {
  /** The largest event in bytes. */
  readonly maxEventBytes: number
  /** Whether there is room for a content that was cut. Otherwise it is cut when its event is encoded. */
  readonly mayCut: () => boolean
  /** Puts the content that was written, with its number of members, in the place of the annotation. */
  readonly onPacked: (record: PendingRecord, out: MsgpackWriter, members: number) => HeldContent
  /** Called when a content holds a second one, which was cut to the limit. */
  readonly onCut: (record: PendingRecord) => void
}

/** Makes a queue of contents. */
export const make = ({ maxEventBytes: limit, mayCut, onCut, onPacked }: Options): LargeContents => {
  const waiting = new Map<PendingRecord, Generator<void, void>>()

  function* stepsOf(record: PendingRecord, characters: number): Generator<void, void> {
    const out = new MsgpackWriter()
    out.begin(characters)
    const content = onPacked(record, out, yield* PackedSteps.members(out, SpanMeta.content(record)))
    yield
    if (!mayCut()) return
    content.cut = { limit, place: yield* ContentTruncation.steps(content.place!, limit) }
    onCut(record)
  }

  // Returns whether the slice was long enough.
  const packOf = (record: PendingRecord, steps: Generator<void, void>, isOver: () => boolean): boolean => {
    try {
      while (steps.next().done !== true) {
        if (isOver()) return false
      }
    } catch {
      // There may be no memory for its bytes. It stays as it is, and is encoded from its values.
    }
    waiting.delete(record)
    return !isOver()
  }

  return {
    add: (record, characters) => void waiting.set(record, stepsOf(record, characters)),
    remove: (record) => void waiting.delete(record),
    pack: (isOver, record) => {
      if (record !== undefined) {
        const steps = waiting.get(record)
        return steps === undefined || packOf(record, steps, isOver)
      }
      for (const [next, steps] of waiting) {
        if (!packOf(next, steps, isOver)) return false
      }
      return true
    },
    packOne: (account) => {
      for (const [record, steps] of waiting) {
        if (account !== undefined && record.context.account !== account) continue
        packOf(record, steps, PackingPace.unlimited)
        return true
      }
      return false
    }
  }
}
