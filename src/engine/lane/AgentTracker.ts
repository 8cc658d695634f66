/**
 * The known state of the Agent: its presence, its capabilities, and whether its EVP proxy should be tried.
 */
import type { AgentCapabilities } from "../../domain/delivery/AgentCapabilities.ts"
import type { Event, Policy } from "./ModeTracker.ts"
import * as ModeTracker from "./ModeTracker.ts"
import type { Signals } from "./Signals.ts"

export interface AgentTracker {
  /** Whether an Agent was ever found, or it is decided that there is none. */
  readonly isKnown: () => boolean
  /** Whether the Agent answers now. */
  readonly isFound: () => boolean
  readonly isAgentless: () => boolean
  /** Whether the Agent must be searched for. */
  readonly isSearching: () => boolean
  /** The last known capabilities of the Agent. */
  readonly capabilities: () => AgentCapabilities | undefined
  /** The prefix of the EVP proxy that the Agent lists. */
  readonly evpPrefix: () => string | undefined
  /** Whether the EVP proxy recently answered that it does not exist, so that another road is better. */
  readonly isEvpResting: () => boolean
  /** Records that events wait for the Agent to get an EVP proxy. */
  readonly wantEvp: () => void
  /** Whether events wait for the known Agent to get an EVP proxy. */
  readonly isWantingEvp: () => boolean
  /** Records that the Agent lists an EVP proxy and has none. For a time, other roads are tried first. */
  readonly refuseEvp: () => void
  /** Ends every rest, for a flush and for the end of the program. */
  readonly endRest: () => void
  /** Records whether the Agent's address answers. */
  readonly reachable: (reachable: boolean) => void
  /** Records the state hash of an answer of the Agent. A different hash means that the Agent changed. */
  readonly hear: (stateHash: string | undefined) => void
  readonly search: () => void
  readonly step: (event: Event) => void
  /** Milliseconds on the clock of the states. */
  readonly elapsed: () => number
}

/** The time for which other roads are tried first after an Agent lists an EVP proxy that it does not have. */
const evpRestMillis = 60_000

export const make = (options: {
  readonly policy: Policy
  readonly signals: Pick<Signals, "search">
  /** Milliseconds on a monotonic clock, because the wall clock can be changed. */
  readonly elapsed: () => number
}): AgentTracker => {
  const { elapsed, policy } = options
  let state = ModeTracker.initial(policy, elapsed())
  let evpRefusedUntil = 0
  let evpRefusedBy: string | undefined
  let wantsEvp = false

  const search = (): void => {
    options.signals.search.openUnsafe()
  }
  const capabilities = () => state._tag === "Agent" || state._tag === "Lost" ? state.capabilities : undefined
  const evpPrefix = () => capabilities()?.evpProxy

  return {
    isKnown: () => state._tag !== "Unknown",
    isFound: () => state._tag === "Agent",
    isAgentless: () => state._tag === "Agentless",
    isSearching: () => state._tag === "Unknown" || state._tag === "Lost",
    capabilities,
    evpPrefix,
    isEvpResting: () => elapsed() < evpRefusedUntil,
    wantEvp: () => {
      wantsEvp = true
      search()
    },
    isWantingEvp: () => wantsEvp && state._tag === "Agent" && evpPrefix() === undefined,
    refuseEvp: () => {
      evpRefusedUntil = elapsed() + evpRestMillis
      evpRefusedBy = capabilities()?.stateHash
      search()
    },
    endRest: () => {
      evpRefusedUntil = 0
    },
    reachable: (reachable) => {
      if (reachable || state._tag !== "Agent") return
      state = ModeTracker.step(state, { _tag: "NotFound", now: elapsed() }, policy)
      search()
    },
    hear: (stateHash) => {
      if (stateHash !== undefined && state._tag === "Agent" && stateHash !== state.capabilities.stateHash) search()
    },
    search,
    step: (event) => {
      state = ModeTracker.step(state, event, policy)
      // An Agent that changed after its refusal is tried again at once.
      if (event._tag === "Found" && event.capabilities.stateHash !== evpRefusedBy) evpRefusedUntil = 0
    },
    elapsed
  }
}
