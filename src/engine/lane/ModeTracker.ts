/**
 * The present takers of traces and events, as a pure state machine.
 *
 * **Details**
 *
 * An Agent is searched for, found, lost and found again. Events are held while no destination is known. They go to the
 * public intake without an Agent only if that was requested, or if a key and a site were given and no Agent was found
 * for `giveUpMillis`. So prompts never bypass an Agent that is merely late.
 */
import type { AgentCapabilities } from "../../domain/delivery/AgentCapabilities.ts"

/**
 * - `Unknown`: no Agent was found yet; `since` is the start of the search (Unix milliseconds)
 * - `Agent`: it answers
 * - `Lost`: it answered once and does not now
 * - `Agentless`: there is none
 */
export type State =
  | { readonly _tag: "Unknown"; readonly since: number }
  | { readonly _tag: "Agent"; readonly capabilities: AgentCapabilities }
  | { readonly _tag: "Lost"; readonly capabilities: AgentCapabilities; readonly since: number }
  | { readonly _tag: "Agentless" }

/**
 * - `Found`: `/info` was read
 * - `NotFound`: the Agent's address does not answer
 * - `Closing`: the program ends, so nothing can wait any longer
 */
export type Event =
  | { readonly _tag: "Found"; readonly capabilities: AgentCapabilities }
  | { readonly _tag: "NotFound"; readonly now: number }
  | { readonly _tag: "Closing" }

/**
 * `agentless` is the setting, `undefined` if it is absent. `credentials` says whether a key and a site are known.
 */
export interface Policy {
  readonly agentless: boolean | undefined
  readonly credentials: boolean
  readonly giveUpMillis: number
}

/** The initial state. */
export const initial = (policy: Policy, now: number): State =>
  policy.agentless === true ? { _tag: "Agentless" } : { _tag: "Unknown", since: now }

/** The state after an event. An explicit setting is never overridden. */
export const step = (state: State, event: Event, policy: Policy): State => {
  if (policy.agentless === true) return state
  const mayGiveUp = policy.agentless === undefined && policy.credentials
  switch (event._tag) {
    case "Found":
      return { _tag: "Agent", capabilities: event.capabilities }
    case "Closing":
      return mayGiveUp && state._tag === "Unknown" ? { _tag: "Agentless" } : state
    case "NotFound": {
      switch (state._tag) {
        case "Agent":
          return { _tag: "Lost", capabilities: state.capabilities, since: event.now }
        case "Unknown":
          return mayGiveUp && event.now - state.since >= policy.giveUpMillis ? { _tag: "Agentless" } : state
        default:
          return state
      }
    }
  }
}
