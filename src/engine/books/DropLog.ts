/**
 * Logs dropped events: at once, then once a minute for each reason, with their number, and the rest at the end. An
 * event that a rule of the program drops is dropped on purpose, so it is counted and not logged. The loop that ends
 * logs the losses of the end, with their cause.
 */
import type { DropReason } from "../../domain/delivery/Ledger.ts"

const loggedElsewhere: ReadonlySet<DropReason> = new Set(["redaction", "shutdown", "closed"])

/** The pause between two lines about one reason, in milliseconds. */
export const pauseMillis = 60_000

export interface DropLog {
  /** Listens to the drops of a ledger. */
  readonly dropped: (reason: DropReason, events: number) => void
  /** Logs the drops that no line has counted yet. */
  readonly end: () => void
}

/**
 * Makes the log. `say` receives the reason, and the number of events dropped for it since the last line about it.
 */
export const make = (options: {
  readonly now: () => number
  readonly say: (reason: DropReason, events: number) => void
}): DropLog => {
  const reasons = new Map<DropReason, { events: number; saidAt: number }>()
  return {
    dropped: (reason, events) => {
      if (loggedElsewhere.has(reason)) return
      const now = options.now()
      const state = reasons.get(reason) ?? { events: 0, saidAt: -Infinity }
      reasons.set(reason, state)
      state.events += events
      // If the wall clock was set back, the pause must not last until it has caught up.
      if (Math.abs(now - state.saidAt) < pauseMillis) return
      options.say(reason, state.events)
      state.events = 0
      state.saidAt = now
    },
    end: () => {
      for (const [reason, state] of reasons) {
        if (state.events > 0) options.say(reason, state.events)
        state.events = 0
      }
    }
  }
}
