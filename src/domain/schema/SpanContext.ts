/**
 * The Schema of a span's identity, with the sources of its labels.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Json from "./Json.ts"
import { SpanKind } from "./SpanKind.ts"

/**
 * The source of a label.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Source = Schema.Literals(["explicit", "context", "parent", "propagated", "request", "rum"])

/**
 * A label with its source, and its origin if it is inherited.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Sourced = Schema.Struct({ value: Schema.String, source: Source, origin: Source })

/**
 * The name of the application and its source.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MlApp = Schema.Struct({
  value: Schema.String,
  source: Schema.Literals(["explicit", "parent", "propagated", "configured", "service", "default"])
})

/**
 * The agent that a span works for. `spanId` is decimal.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AgentAttribution = Schema.Struct({ name: Schema.NullOr(Schema.String), spanId: Schema.String })

/**
 * The retention decision of an LLM trace, as texts.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Retention = Schema.Struct({ sampleRate: Schema.String, samplingDecision: Schema.Literals(["0", "1"]) })

/**
 * The experiment that baggage names.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ExperimentScope = Schema.Struct({ experimentId: Schema.optionalKey(Schema.String), tags: Json.Texts })

/**
 * The identity of a span.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpanContext = Schema.Struct({
  kind: SpanKind,
  name: Schema.String,
  spanId: Schema.String,
  parentId: Schema.String,
  parentSource: Schema.UndefinedOr(Schema.Literals(["parent", "propagated"])),
  traceId: Schema.String,
  apmTraceId: Schema.String,
  mlApp: MlApp,
  session: Schema.UndefinedOr(Sourced),
  userId: Schema.UndefinedOr(Sourced),
  accountId: Schema.UndefinedOr(Sourced),
  agent: Schema.UndefinedOr(AgentAttribution),
  retention: Schema.UndefinedOr(Retention),
  experiment: Schema.UndefinedOr(ExperimentScope),
  account: Schema.UndefinedOr(Schema.String)
})
