/**
 * The pure core: plain functions and types for any tracer. Loading it loads no module of Effect.
 *
 * **Details**
 *
 * A tracer of your own builds an event in the order of the headings below: it names the span, keeps what was annotated,
 * freezes both into a record, and renders the record for the road that {@link Rescue} decides on. The bytes of a trace
 * payload and of an intake request are made by `effect-llmobs/wire`.
 *
 * @since 0.1.0
 */
export * as Problem from "./Problem.ts"

// Ids and identity.
export * as SessionSource from "./span/SessionSource.ts"
export * as SpanContext from "./span/SpanContext.ts"
export * as SpanId from "./span/SpanId.ts"
export * as SpanKind from "./span/SpanKind.ts"
export * as TraceId from "./span/TraceId.ts"

// Content: annotations, errors, tags, and the record of a finished span.
export * as Annotation from "./span/Annotation.ts"
export * as SpanError from "./span/SpanError.ts"
export * as SpanRecord from "./span/SpanRecord.ts"
export * as Tags from "./span/Tags.ts"

// The shapes in which users write inputs, outputs and metrics.
export * as Document from "./content/Document.ts"
export * as Message from "./content/Message.ts"
export * as Metrics from "./content/Metrics.ts"
export * as Exchange from "./provider/Exchange.ts"
export * as StreamJoin from "./provider/StreamJoin.ts"
export * as FunctionArguments from "./sdk/FunctionArguments.ts"
export * as SemanticConventions from "./semconv/SemanticConventions.ts"

// Redaction.
export * as RedactedRecord from "./redaction/RedactedRecord.ts"
export * as Redaction from "./redaction/Redaction.ts"

// The event, and its form on each road.
export * as Envelope from "./event/Envelope.ts"
export * as EventView from "./event/EventView.ts"
export * as MetaStruct from "./event/MetaStruct.ts"
export * as SpanEvent from "./event/SpanEvent.ts"
export * as WireFormat from "./event/WireFormat.ts"

// The APM trace that an event can ride.
export * as ApmSpan from "./span/ApmSpan.ts"
export * as GenAi from "./trace/GenAi.ts"
export * as TraceChunk from "./trace/TraceChunk.ts"
export * as TraceTree from "./trace/TraceTree.ts"

// Sampling.
export * as RetentionSampling from "./sampling/RetentionSampling.ts"
export * as SamplingPriority from "./sampling/SamplingPriority.ts"

// The decision where an event goes, and the meaning of the answers.
export * as AgentCapabilities from "./delivery/AgentCapabilities.ts"
export * as Claim from "./delivery/Claim.ts"
export * as DeliveryVerdict from "./delivery/DeliveryVerdict.ts"
export * as ExportMode from "./delivery/ExportMode.ts"
export * as Ledger from "./delivery/Ledger.ts"
export * as Rescue from "./delivery/Rescue.ts"
export * as Site from "./delivery/Site.ts"

// Propagation: what arrives in a request, and what leaves in one.
export * as Baggage from "./propagation/Baggage.ts"
export * as ExperimentBaggage from "./propagation/ExperimentBaggage.ts"
export * as HeaderLookup from "./propagation/HeaderLookup.ts"
export * as OriginPolicy from "./propagation/OriginPolicy.ts"
export * as Propagation from "./propagation/Propagation.ts"
export * as PropagationStyle from "./propagation/PropagationStyle.ts"
export * as RequestSession from "./propagation/RequestSession.ts"
export * as RumBaggage from "./propagation/RumBaggage.ts"

// The types that those above name. There is nothing to load of these modules.
export type * as Prompt from "./content/Prompt.ts"
export type * as ToolDefinition from "./content/ToolDefinition.ts"
export type * as Transcript from "./content/Transcript.ts"
export type * as AgentPattern from "./delivery/AgentPattern.ts"
export type * as JsonSnapshot from "./json/JsonSnapshot.ts"
export type * as SamplingRules from "./sampling/SamplingRules.ts"
export type * as AgentAttribution from "./span/AgentAttribution.ts"
export type * as MlApp from "./span/MlApp.ts"
export type * as SpanLink from "./span/SpanLink.ts"
