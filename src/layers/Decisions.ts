/**
 * The four decisions as Effect programs: the event, its tags, its wire form, and its route.
 *
 * **Details**
 *
 * Each decision has the Schema of its input and of its output. `decide` takes a typed input and never fails.
 * `decodeAndDecide` takes any value. It fails with a `SchemaError` that names each bad field and shows no values. No
 * program suspends, so `Effect.runSync` can run each one.
 *
 * **When to use**
 *
 * Use them for facts from another process, a queue or a tool. A tracer that has the facts at hand calls the plain
 * functions of `effect-llmobs/core`, which are the same decisions without Effect.
 *
 * **Example** (Decide on facts of another process)
 *
 * ```ts import.meta.vitest
 * import * as Decisions from "effect-llmobs/Decisions"
 * import * as Effect from "effect/Effect"
 *
 * const facts = {
 *   llm: true,
 *   claim: "none",
 *   record: true,
 *   mode: "apm-agent",
 *   canRide: true,
 *   structBytes: 900,
 *   priority: 0,
 *   filtered: false
 * }
 * const decide = (facts: unknown) =>
 *   Decisions.rescue.decodeAndDecide(facts).pipe(Effect.provide(Decisions.layerLog), Effect.runSync)
 *
 * decide(facts) // => { _tag: "Offer", rule: "predicted-drop" }
 * decide({ ...facts, priority: 1 }) // => { _tag: "Ride" }
 *
 * const wrong = Decisions.rescue.decodeAndDecide({ ...facts, mode: "agent", structBytes: "900" }).pipe(
 *   Effect.flip,
 *   Effect.map((error) => error.message.split("\n").filter((line) => line.includes(" at "))),
 *   Effect.provide(Decisions.layerLog)
 * )
 * Effect.runSync(wrong) // => ["  at [\"mode\"]", "  at [\"structBytes\"]"]
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Quiet from "../composition/Quiet.ts"
import * as RescueProgram from "../domain/program/Rescue.ts"
import * as SpanEventProgram from "../domain/program/SpanEvent.ts"
import * as TagsProgram from "../domain/program/Tags.ts"
import * as WireFormatProgram from "../domain/program/WireFormat.ts"
import * as RescueSchema from "../domain/schema/Rescue.ts"
import * as SpanEventSchema from "../domain/schema/SpanEvent.ts"
import * as SpanRecordSchema from "../domain/schema/SpanRecord.ts"
import * as TagsSchema from "../domain/schema/Tags.ts"
import * as WireFormatSchema from "../domain/schema/WireFormat.ts"
import * as DiagnosticsLog from "../engine/books/Diagnostics.ts"
import { Diagnostics } from "../ports/Diagnostics.ts"
import { ExportSettings } from "../ports/ExportSettings.ts"

export {
  /**
   * The service that receives problems, such as an event that was shrunk; `layerLog` makes one.
   *
   * @category services
   * @since 0.2.0
   */
  Diagnostics,
  /**
   * The settings of `event` and `wireForm`: `mode`, `apiVersion`, and `maxEventBytes` in bytes. Without them the
   * decisions are those of a process beside an Agent.
   *
   * @category references
   * @since 0.2.0
   */
  ExportSettings
}

/**
 * A decision, with the Schemas of its input and its output.
 *
 * @category models
 * @since 0.2.0
 */
export interface Decision<I extends Schema.Constraint, O extends Schema.Constraint> {
  readonly Input: I
  readonly Output: O
  readonly decide: (input: I["Type"]) => Effect.Effect<O["Type"], never, Diagnostics>
  readonly decodeAndDecide: (
    input: unknown
  ) => Effect.Effect<O["Type"], Schema.SchemaError, Diagnostics | I["DecodingServices"]>
}

const make = <I extends Schema.Constraint, O extends Schema.Constraint>(
  Input: I,
  Output: O,
  decide: Decision<I, O>["decide"]
): Decision<I, O> => {
  const decode = Schema.decodeUnknownEffect(Input, { errors: "all" })
  return { Input, Output, decide, decodeAndDecide: (input) => Effect.flatMap(decode(input), decide) }
}

const EventInput = Schema.Struct({ record: SpanRecordSchema.SpanRecord, format: WireFormatSchema.WireFormat })

/**
 * Renders the event of a finished span in a wire form, within the size that the settings allow.
 *
 * @category decisions
 * @since 0.2.0
 */
export const event: Decision<typeof EventInput, typeof SpanEventSchema.SpanEvent> = make(
  EventInput,
  SpanEventSchema.SpanEvent,
  ({ format, record }) => SpanEventProgram.render(record, format)
)

/**
 * The tags of a span, in their order of precedence; `Tags` of the core has the table.
 *
 * @category decisions
 * @since 0.2.0
 */
export const tags: Decision<typeof TagsSchema.Input, typeof TagsSchema.Tags> = make(
  TagsSchema.Input,
  TagsSchema.Tags,
  TagsProgram.resolve
)

const WireFormInput = Schema.Struct({ route: Schema.Literals(["ride", "offer"]) })

/**
 * The form of an event that rides its trace, or is offered to the intake, under the settings.
 *
 * @category decisions
 * @since 0.2.0
 */
export const wireForm: Decision<typeof WireFormInput, typeof WireFormatSchema.WireFormat> = make(
  WireFormInput,
  WireFormatSchema.WireFormat,
  ({ route }) => WireFormatProgram.select(route)
)

/**
 * Decides whether an event rides its trace, is offered to the intake, or is removed from the span. It needs the facts
 * after the sampling decision and before anything is written.
 *
 * @category decisions
 * @since 0.2.0
 */
export const rescue: Decision<typeof RescueSchema.Facts, typeof RescueSchema.Verdict> = make(
  RescueSchema.Facts,
  RescueSchema.Verdict,
  RescueProgram.decide
)

/**
 * Logs each kind of problem once, as a warning of Effect's logger. A line holds a code, a sentence and a path, and
 * never content.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerLog: Layer.Layer<Diagnostics> = Layer.effect(
  Diagnostics,
  Effect.map(Effect.context<never>(), (context) => {
    const fork = Effect.runForkWith(Quiet.context(context))
    return DiagnosticsLog.make((line) => {
      fork(Effect.logWarning(`effect-llmobs: ${line}`))
    })
  })
)
