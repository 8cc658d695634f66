/**
 * Scenarios that are not replayed, by name, and why.
 */
import type { Scenario } from "./Scenario.ts"

const agentless = "agentless modes are not replayed yet"

const byName: { readonly [name: string]: string } = {
  transport_agentless_missing_key: agentless,
  transport_agentless_override_origin_path: agentless,
  transport_agentless_sites: agentless,
  transport_apm_agentless_rejected: agentless,
  transport_full_apm_agentless: agentless,
  transport_full_llmobs_agentless: agentless,
  transport_probe_no_evp: agentless,
  transport_probe_only_evp_v4: agentless,
  transport_client_drop_p0s_stats: "no statistics are computed here, so nothing is dropped for them",
  transport_disable_in_flight_evp: "switched off, what runs is recorded to its end and takes its usual way",
  transport_trace_filter_drops: "there are no trace filters of the user here",
  prop_incoming_apm_extract_only: "there is one call that continues a trace, and it continues the LLM trace too",
  prop_incoming_empty: "headers without a trace are no mistake here: the effect runs in a trace of its own",
  prop_inject_no_span: "an injection without a span is no mistake here: it gives no headers"
}

const byFamily: { readonly [family: string]: string } = {
  eval: "evaluations and feedback are not written yet",
  deco: "there are no decorators in an Effect program"
}

/** Why a scenario is skipped, if it is. */
export const reason = (scenario: Scenario): string | undefined => byName[scenario.name] ?? byFamily[scenario.family]
