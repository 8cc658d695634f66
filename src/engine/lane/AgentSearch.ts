/**
 * Searches for the Agent: while events wait for it, and again when it is lost or has changed.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { AgentCapabilities } from "../../domain/delivery/AgentCapabilities.ts"
import type { AgentTracker } from "./AgentTracker.ts"
import type { Signals } from "./Signals.ts"

export interface AgentSearch {
  /** Runs until interrupted. */
  readonly run: Effect.Effect<never>
  /** Whether events wait for an Agent to be found, or for the known one to change. */
  readonly isSearching: () => boolean
  /** The number of events that can wait for the Agent. */
  readonly pending: () => number
  /** Ends every rest, so that all destinations are tried again at once. */
  readonly endRest: () => void
  /** Searches once. Returns whether it is known now where traces and events go. */
  readonly lookOnce: Effect.Effect<boolean>
  /** Waits until the destination was known for the first time. */
  readonly known: Effect.Effect<void>
  /** Ends the search, because the program ends. */
  readonly giveUp: () => void
}

const firstProbeMillis = 100
const longestProbeMillis = 5_000

export const make = (options: {
  readonly tracker: AgentTracker
  /** Asks the Agent for its capabilities. `undefined` if it does not answer. */
  readonly probe: Effect.Effect<AgentCapabilities | undefined>
  readonly signals: Pick<Signals, "search">
  /** The number of events that can wait for the Agent. */
  readonly pending: () => number
  /** Run each time that the Agent was found or given up, before the waiting fibers continue. */
  readonly onFound: Effect.Effect<void>
}): AgentSearch => {
  const { signals: { search }, tracker } = options
  const known = Latch.makeUnsafe(!tracker.isSearching())

  const asked: Effect.Effect<boolean> = Effect.flatMap(options.probe, (capabilities) => {
    tracker.step(
      capabilities === undefined ? { _tag: "NotFound", now: tracker.elapsed() } : { _tag: "Found", capabilities }
    )
    if (tracker.isSearching()) return Effect.succeed(false)
    search.closeUnsafe()
    // A flush that searches is interrupted at its deadline. The loop searches again then, and does what was left undone.
    return Effect.map(Effect.onInterrupt(options.onFound, () => Effect.sync(tracker.search)), () => {
      known.openUnsafe()
      return true
    })
  })

  // Callers share a running search.
  let looking: Latch.Latch | undefined
  const lookOnce: Effect.Effect<boolean> = Effect.suspend(() => {
    if (looking !== undefined) return Effect.map(looking.await, () => !tracker.isSearching())
    const latch = looking = Latch.makeUnsafe(false)
    return Effect.ensuring(
      asked,
      Effect.sync(() => {
        looking = undefined
        latch.openUnsafe()
      })
    )
  })

  // The loop rests while nothing waits, so that it does not keep the program alive.
  const look = (wait: number): Effect.Effect<void> =>
    Effect.flatMap(lookOnce, (done) => {
      if (done && !tracker.isWantingEvp()) return Effect.void
      if (options.pending() === 0) {
        search.closeUnsafe()
        return Effect.void
      }
      return Effect.flatMap(Effect.sleep(wait), () => look(Math.min(wait * 2, longestProbeMillis)))
    })

  return {
    run: Effect.forever(Effect.flatMap(search.await, () => look(firstProbeMillis))),
    isSearching: () => tracker.isSearching() || tracker.isWantingEvp(),
    pending: options.pending,
    endRest: tracker.endRest,
    lookOnce,
    known: known.await,
    giveUp: () => tracker.step({ _tag: "Closing" })
  }
}
