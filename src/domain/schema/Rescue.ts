/**
 * The Schema of the rescue table's input and output.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { ExportMode } from "./WireFormat.ts"

/**
 * The taker of an event so far.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Claim = Schema.Literals(["none", "riding", "outbox", "dropped"])

/**
 * The facts about a span from which its route is decided.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Facts = Schema.Struct({
  llm: Schema.Boolean,
  claim: Claim,
  record: Schema.Boolean,
  mode: ExportMode,
  canRide: Schema.Boolean,
  structBytes: Schema.Natural,
  priority: Schema.UndefinedOr(Schema.Finite),
  filtered: Schema.Boolean
})

/**
 * The name of the rule that decided.
 *
 * @category schemas
 * @since 0.1.0
 */
export const RuleName = Schema.Literals([
  "not-an-llm-span",
  "taken-by-the-outbox",
  "no-record",
  "nothing-to-ride-on",
  "struct-too-large",
  "agentless-apm",
  "predicted-drop",
  "ride"
])

/**
 * The route of a span's event.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Verdict = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("Untouched") }),
  Schema.Struct({ _tag: Schema.Literal("Ride") }),
  Schema.Struct({ _tag: Schema.Literal("Offer"), rule: RuleName }),
  Schema.Struct({ _tag: Schema.Literal("Scrub"), submitted: Schema.Boolean })
])
