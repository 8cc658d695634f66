/**
 * The outbox in memory: best effort, bounded in bytes, first in, first out.
 */
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { Item, OutboxService } from "../../ports/Outbox.ts"

/**
 * A queue with one end for adding and two ends for taking. `Array.shift` moves every element, which a burst of a
 * hundred thousand events cannot afford.
 */
const makeQueue = <R>() => {
  let front: Array<Item<R>> = []
  let back: Array<Item<R>> = []
  let head = 0
  return {
    push: (item: Item<R>) => {
      back.push(item)
    },
    unshift: (item: Item<R>) => {
      if (head > 0) front[--head] = item
      else front.unshift(item)
    },
    shift: (): Item<R> | undefined => {
      if (head === front.length) {
        if (back.length === 0) return undefined
        front = back
        back = []
        head = 0
      }
      const item = front[head]!
      front[head++] = undefined!
      return item
    }
  }
}

// A class, so that it begins in the young generation: see `SpanRecord`.
class Waiting<R> implements Item<R> {
  readonly record: R
  readonly offeredAt: number
  uncertain: boolean

  constructor(record: R, offeredAt: number, uncertain: boolean) {
    this.record = record
    this.offeredAt = offeredAt
    this.uncertain = uncertain
  }
}

/**
 * Makes an outbox that holds at most `maxBytes` of estimated event bytes and refuses the newest event when it is full.
 * Without `maxBytes` the shared byte budget is the bound.
 */
export const make = <R extends { readonly bytes: number } = SpanRecord>(
  options: { readonly maxBytes?: number | undefined } = {}
): OutboxService<R> => {
  const maxBytes = options.maxBytes ?? Infinity
  const queue = makeQueue<R>()
  let size = 0
  let heldBytes = 0
  let waitingBytes = 0
  return {
    offer: (record, { now, uncertain }) => {
      if (heldBytes + record.bytes > maxBytes) return false
      queue.push(new Waiting(record, now, uncertain))
      size++
      heldBytes += record.bytes
      waitingBytes += record.bytes
      return true
    },
    take: () => {
      const item = queue.shift()
      if (item !== undefined) waitingBytes -= item.record.bytes
      return item
    },
    restore: (item) => {
      waitingBytes += item.record.bytes
      queue.unshift(item)
    },
    settle: (item) => {
      size--
      heldBytes -= item.record.bytes
    },
    size: () => size,
    waitingBytes: () => waitingBytes
  }
}
