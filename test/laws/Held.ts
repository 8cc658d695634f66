/** An outbox in this process, and how the laws see it. */
import * as Effect from "effect/Effect"
import type { SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import type { ByteBudget } from "../../src/engine/outbox/ByteBudget.ts"
import type { Item, OutboxService } from "../../src/ports/Outbox.ts"
import type { Subject } from "./OutboxLaws.ts"

/** An outbox with the budget that it stands behind. */
export interface Held {
  readonly outbox: OutboxService
  readonly budget: ByteBudget
}

export const idOf = (item: Item): number => Number(item.record.context.spanId)

/** As the router does: what memory has no room for is held elsewhere, or refused. */
export const offer = ({ budget, outbox }: Held, record: SpanRecord, now = 0): boolean =>
  budget.reserve(record) ? outbox.offer(record, { now, uncertain: false }) : outbox.spill?.(record) === true

/** As the lanes do. */
export const settle = ({ budget, outbox }: Held, item: Item): void => {
  outbox.settle(item)
  budget.release(item.record)
}

/** Takes and settles until nothing comes; gives the ids in the order in which they came. */
export const drain = (held: Held): ReadonlyArray<number> => {
  const ids: Array<number> = []
  for (let item = held.outbox.take(); item !== undefined; item = held.outbox.take()) {
    ids.push(idOf(item))
    settle(held, item)
  }
  return ids
}

/**
 * `arrival` ends when something that waits elsewhere has come, and can be taken: an outbox whose events are all at hand
 * has none.
 */
export const subject = (held: Held, arrival?: Effect.Effect<void>): Subject => {
  const { budget, outbox } = held
  const take: Subject["take"] = Effect.suspend(() => {
    const item = outbox.take()
    if (item !== undefined) {
      return Effect.succeed({
        id: idOf(item),
        restore: Effect.sync(() => outbox.restore(item)),
        settle: Effect.sync(() => settle(held, item))
      })
    }
    return arrival === undefined || outbox.waitingBytes() === 0 ? Effect.undefined : Effect.andThen(arrival, take)
  })
  return {
    offer: (record) => Effect.sync(() => offer(held, record)),
    take,
    size: Effect.sync(outbox.size),
    isWaiting: Effect.sync(() => outbox.waitingBytes() > 0),
    used: Effect.sync(budget.used)
  }
}
