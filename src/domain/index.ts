/**
 * The pure core: plain functions and types for any tracer. Loading it loads no module of Effect.
 *
 * @since 0.1.0
 */
export * as Problem from "./Problem.ts"

// Spans.
export * as Annotation from "./span/Annotation.ts"
export * as ApmSpan from "./span/ApmSpan.ts"
export * as DdTags from "./span/DdTags.ts"
export * as MlApp from "./span/MlApp.ts"
export * as SessionSource from "./span/SessionSource.ts"
export * as SpanContext from "./span/SpanContext.ts"
export * as SpanError from "./span/SpanError.ts"
export * as SpanId from "./span/SpanId.ts"
export * as SpanKind from "./span/SpanKind.ts"
export * as SpanLink from "./span/SpanLink.ts"
export * as SpanRecord from "./span/SpanRecord.ts"
export * as Tags from "./span/Tags.ts"
export * as TraceId from "./span/TraceId.ts"

// Content.
export * as Document from "./content/Document.ts"
export * as Message from "./content/Message.ts"
export * as Metrics from "./content/Metrics.ts"
export * as Prompt from "./content/Prompt.ts"
export * as ToolDefinition from "./content/ToolDefinition.ts"

// What leaves.
export * as Envelope from "./event/Envelope.ts"
export * as MetaStruct from "./event/MetaStruct.ts"
export * as SpanEvent from "./event/SpanEvent.ts"
export * as WireFormat from "./event/WireFormat.ts"

// The APM trace.
export * as GenAi from "./trace/GenAi.ts"
export * as TraceChunk from "./trace/TraceChunk.ts"

// Sampling.
export * as RetentionSampling from "./sampling/RetentionSampling.ts"
export * as SamplingPriority from "./sampling/SamplingPriority.ts"
export * as SamplingRules from "./sampling/SamplingRules.ts"

// Routes and delivery.
export * as AgentCapabilities from "./delivery/AgentCapabilities.ts"
export * as AgentUrl from "./delivery/AgentUrl.ts"
export * as Claim from "./delivery/Claim.ts"
export * as DeliveryVerdict from "./delivery/DeliveryVerdict.ts"
export * as ExportMode from "./delivery/ExportMode.ts"
export * as Ledger from "./delivery/Ledger.ts"
export * as Rescue from "./delivery/Rescue.ts"
export * as Site from "./delivery/Site.ts"

// Propagation.
export * as Baggage from "./propagation/Baggage.ts"
export * as ExperimentBaggage from "./propagation/ExperimentBaggage.ts"
export * as HeaderLookup from "./propagation/HeaderLookup.ts"
export * as OriginPolicy from "./propagation/OriginPolicy.ts"
export * as Propagation from "./propagation/Propagation.ts"
export * as PropagationStyle from "./propagation/PropagationStyle.ts"
export * as RequestSession from "./propagation/RequestSession.ts"
export * as RumBaggage from "./propagation/RumBaggage.ts"

// Redaction.
export * as RedactedRecord from "./redaction/RedactedRecord.ts"
export * as Redaction from "./redaction/Redaction.ts"
