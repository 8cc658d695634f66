/**
 * The Agent as the layer knows it now: whether there is one, what it can do, and whether its EVP proxy is worth asking.
 */
import type { AgentCapabilities } from "../../domain/delivery/AgentCapabilities.ts"
import type { Event, Policy } from "./ModeTracker.ts"
import * as ModeTracker from "./ModeTracker.ts"
import type { Signals } from "./Signals.ts"

export interface AgentTracker {
  /** Whether an Agent was found, now or earlier, or there is none. */
  readonly isKnown: () => boolean
  /** Whether the Agent answers now. */
  readonly isFound: () => boolean
  readonly isAgentless: () => boolean
  /** Whether an Agent has to be looked for. */
  readonly isSearching: () => boolean
  /** What the Agent can do, as far as it ever said. */
  readonly capabilities: () => AgentCapabilities | undefined
  /** The prefix of the EVP proxy that the Agent lists. */
  readonly evpPrefix: () => string | undefined
  /** Whether the EVP proxy answered lately that it is not there, so that another road is better. */
  readonly isEvpResting: () => boolean
  /** Events wait for the Agent to get an EVP proxy. */
  readonly wantEvp: () => void
  /** Whether events wait for the Agent that is known to get an EVP proxy. */
  readonly isWantingEvp: () => boolean
  /** The Agent lists an EVP proxy and has none: for a time, others are asked first. */
  readonly refuseEvp: () => void
  /** Asks everybody again at once: for a flush, and for the end of the program. */
  readonly endRest: () => void
  /** Whether somebody answers at the Agent's address. */
  readonly reachable: (reachable: boolean) => void
  /** The hash of its state that the Agent put into an answer: another one than before says that it changed. */
  readonly hear: (stateHash: string | undefined) => void
  readonly search: () => void
  readonly step: (event: Event) => void
  /** Milliseconds on the clock that the states are told by. */
  readonly elapsed: () => number
}

/** How long others are asked first after an Agent that has no EVP proxy, although it lists one. */
const evpRestMillis = 60_000

export const make = (options: {
  readonly policy: Policy
  readonly signals: Pick<Signals, "search">
  /** Milliseconds on a clock that only goes forward: the wall clock can be changed. */
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
      // An Agent that changed since it refused is asked again at once.
      if (event._tag === "Found" && event.capabilities.stateHash !== evpRefusedBy) evpRefusedUntil = 0
    },
    elapsed
  }
}
