/**
 * Says that events are being dropped: at once, and then once a minute for each reason, with how many there were. An event
 * that a rule of the program drops is dropped on purpose: it is counted, and nothing is said.
 */
import type { DropReason } from "../../domain/delivery/Ledger.ts"

/** How long a reason is not said again, in milliseconds. */
export const pauseMillis = 60_000

/**
 * Makes what a ledger calls for each drop. `say` gets the reason, and how many events were dropped for it since it was
 * said last.
 */
export const make = (options: {
  readonly now: () => number
  readonly say: (reason: DropReason, events: number) => void
}): (reason: DropReason, events: number) => void => {
  const reasons = new Map<DropReason, { events: number; saidAt: number }>()
  return (reason, events) => {
    if (reason === "redaction") return
    const now = options.now()
    const state = reasons.get(reason) ?? { events: 0, saidAt: -Infinity }
    reasons.set(reason, state)
    state.events += events
    // A clock that was set back must not silence it.
    if (Math.abs(now - state.saidAt) < pauseMillis) return
    options.say(reason, state.events)
    state.events = 0
    state.saidAt = now
  }
}
