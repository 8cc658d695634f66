/**
 * The decision table for the route of an event: it rides its APM trace, or is offered to the LLM intake.
 *
 * **Details**
 *
 * An event that rides a trace is lost if the trace is sampled away. So every span of a trace chunk is decided here,
 * after the sampling decision and before anything is written. The table is total, its rows are in order and the first
 * match wins. A decision is a value: it changes neither the span nor the sampling priority.
 *
 * @since 0.1.0
 */
import type { Checked } from "../Problem.ts"
import * as Problem from "../Problem.ts"
import type { Claim } from "./Claim.ts"
import type { ExportMode } from "./ExportMode.ts"

/**
 * The facts about one span that the table reads.
 *
 * @category models
 * @since 0.1.0
 */
export interface Facts {
  /** Whether the span is an LLM Observability span. */
  readonly llm: boolean
  /** The taker of its event so far. */
  readonly claim: Claim
  /** Whether it has a finished record. A redaction rule may have dropped the record. */
  readonly record: boolean
  readonly mode: ExportMode
  /** Whether an APM trace will be written, by a writer that transports `meta_struct`. */
  readonly canRide: boolean
  /** An upper bound of the size of the packed struct, in bytes. */
  readonly structBytes: number
  /** The priority of the local root. `undefined` if no decision was taken. */
  readonly priority: number | undefined
  /** Whether something other than the priority drops the trace: a filter of the host or of the Agent, the size limit. */
  readonly filtered: boolean
}

/**
 * - `Untouched`: the span is not changed
 * - `Ride`: the struct stays on the span
 * - `Offer`: the event goes to the outbox; if it is accepted, the span is marked submitted and loses its struct
 * - `Scrub`: the span loses its struct; `submitted` says whether it is marked
 *
 * @category models
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "Untouched" }
  | { readonly _tag: "Ride" }
  | { readonly _tag: "Offer"; readonly rule: RuleName }
  | { readonly _tag: "Scrub"; readonly submitted: boolean }

/**
 * The names of the rows, in order.
 *
 * @category models
 * @since 0.1.0
 */
export type RuleName =
  | "not-an-llm-span"
  | "taken-by-the-outbox"
  | "no-record"
  | "nothing-to-ride-on"
  | "struct-too-large"
  | "agentless-apm"
  | "predicted-drop"
  | "ride"

/**
 * The largest packed struct that rides. A larger event goes to the intake by itself, because it could make the whole
 * trace too large for a payload.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxStructBytes = 1_000_000

const untouched: Verdict = { _tag: "Untouched" }
const ride: Verdict = { _tag: "Ride" }
const scrubSubmitted: Verdict = { _tag: "Scrub", submitted: true }
const scrub: Verdict = { _tag: "Scrub", submitted: false }
const offer = (rule: RuleName): Verdict => ({ _tag: "Offer", rule })

/**
 * Whether the trace will be dropped later: the local root's priority is at most 0 or unset, or a filter matches. The
 * trace intake takes every trace, so nothing is dropped in `apm-agentless`.
 *
 * @category guards
 * @since 0.1.0
 */
export const predictsDrop = (facts: Pick<Facts, "mode" | "priority" | "filtered">): boolean =>
  facts.mode !== "apm-agentless" && (facts.filtered || facts.priority === undefined || facts.priority <= 0)

/**
 * The table.
 *
 * @category constants
 * @since 0.1.0
 */
export const rules: ReadonlyArray<{
  readonly name: RuleName
  readonly when: (facts: Facts) => boolean
  readonly verdict: Verdict
}> = [
  { name: "not-an-llm-span", when: (f) => !f.llm, verdict: untouched },
  { name: "taken-by-the-outbox", when: (f) => f.claim === "outbox", verdict: scrubSubmitted },
  { name: "no-record", when: (f) => !f.record || f.claim === "dropped", verdict: scrub },
  {
    name: "nothing-to-ride-on",
    when: (f) =>
      f.claim !== "riding" && (!f.canRide || f.mode === "llmobs-agent-proxy" || f.mode === "llmobs-agentless"),
    verdict: offer("nothing-to-ride-on")
  },
  {
    name: "struct-too-large",
    when: (f) => f.claim !== "riding" && f.structBytes > maxStructBytes,
    verdict: offer("struct-too-large")
  },
  { name: "agentless-apm", when: (f) => f.mode === "apm-agentless", verdict: ride },
  { name: "predicted-drop", when: (f) => f.claim !== "riding" && predictsDrop(f), verdict: offer("predicted-drop") },
  { name: "ride", when: () => true, verdict: ride }
]

/**
 * Decides for one span. An event that already rides rides again, even if the facts changed: a second pass never opens a
 * second route.
 *
 * @category combinators
 * @since 0.1.0
 */
export const decide = (facts: Facts): Verdict => {
  for (let i = 0; i < rules.length; i++) {
    if (rules[i]!.when(facts)) return rules[i]!.verdict
  }
  return ride
}

/**
 * {@link decide} as a checked value. The table covers all facts, so there are never problems.
 *
 * @category combinators
 * @since 0.1.0
 */
export const checked = (facts: Facts): Checked<Verdict> => Problem.ok(decide(facts))
