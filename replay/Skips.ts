/**
 * Scenarios that are not replayed, by name, and why.
 */
import type { Scenario } from "./Scenario.ts"

const byName: { readonly [name: string]: string } = {
  transport_client_drop_p0s_stats: "no statistics are computed here, so nothing is dropped for them"
}

const byFamily: { readonly [family: string]: string } = {
  eval: "evaluations and feedback are not written yet"
}

/** Why a scenario is skipped, if it is. */
export const reason = (scenario: Scenario): string | undefined => byName[scenario.name] ?? byFamily[scenario.family]
