/**
 * Wakes the lane of an account when its outbox took an event.
 */
import type { Signals } from "../engine/lane/Signals.ts"
import type { ByteBudget } from "../engine/outbox/ByteBudget.ts"
import type { OutboxesService } from "../ports/Outbox.ts"

/**
 * Text is estimated at six times its size, and a small event at more. This estimate is at most one request of 1 MiB.
 */
const requestEstimate = 6 * 1024 * 1024

/** Above this many estimated bytes a queue is sent at once, because a request is full or memory soon will be. */
export const urgentBytes = (budget: Pick<ByteBudget, "limit">): number => Math.min(requestEstimate, budget.limit / 4)

export const make = ({ budget, outboxes, signals }: {
  readonly outboxes: Pick<OutboxesService, "of">
  readonly signals: Pick<Signals, "intake">
  readonly budget: Pick<ByteBudget, "limit">
}): (account: string) => void => {
  const urgent = urgentBytes(budget)
  return (account) => {
    if (outboxes.of(account).waitingBytes() > urgent) signals.intake.urge(account)
    else signals.intake.wake(account)
  }
}
