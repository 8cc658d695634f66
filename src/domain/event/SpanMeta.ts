/**
 * The `meta` object of a span: the part that the event and the struct on an APM span have in common.
 *
 * @since 0.1.0
 */
import * as AgentManifest from "../content/AgentManifest.ts"
import * as Prompt from "../content/Prompt.ts"
import type { Json } from "../json/JsonSnapshot.ts"
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import type { SpanIo } from "../span/Annotation.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as HeldContents from "./HeldContent.ts"
import type { WireFormat } from "./WireFormat.ts"

type Writable = { [key: string]: Json }

const io = (side: SpanIo): Json =>
  side._tag === "Raw"
    ? side.value
    : side._tag === "Messages"
    ? { messages: side.value as unknown as Json }
    : side._tag === "Documents"
    ? { documents: side.value as unknown as Json }
    : { value: side.value }

/**
 * Renders `meta`.
 *
 * **Details**
 *
 * `span.kind` is nested, and `metadata` is always present. An empty input or output is omitted, except on experiment
 * spans. `metadata._dd` is reserved: it holds the cost tags and the manifest of an agent. The error is omitted where
 * the intake takes it from the APM span.
 *
 * @category combinators
 * @since 0.1.0
 */
export const render = (record: SpanRecord, format: Pick<WireFormat, "metaError">): { readonly [key: string]: Json } => {
  const meta = HeldContents.of(record)?.meta ?? content(record)
  const error = errorOf(record, format)
  if (error !== undefined) meta["error"] = error
  return meta
}

/**
 * The error of a record as a member of `meta`, where the road writes one.
 *
 * @category combinators
 * @since 0.2.0
 */
export const errorOf = ({ error }: SpanRecord, format: Pick<WireFormat, "metaError">): Json | undefined =>
  error === undefined || !format.metaError
    ? undefined
    : { message: error.message, stack: error.stack, type: error.type }

/**
 * The members of `meta` that are the same on all roads.
 *
 * @category combinators
 * @since 0.2.0
 */
export const content = (record: SpanRecord<unknown>): { [key: string]: Json } => {
  const { annotation, context } = record
  const kind = context.kind
  const dd = reservedMetadata(record)
  const meta: Writable = {
    span: { kind },
    metadata: dd === undefined ? annotation.metadata ?? {} : { ...annotation.metadata, _dd: dd }
  }
  if (record.model !== undefined) {
    meta["model_name"] = record.model.name
    meta["model_provider"] = record.model.provider
  }
  if (annotation.input !== undefined) meta["input"] = io(annotation.input)
  if (annotation.output !== undefined) meta["output"] = io(annotation.output)
  if (kind === "experiment" && context.experiment?.experimentId !== undefined) {
    meta["input"] ??= {}
    meta["output"] ??= {}
  }
  if (record.prompt !== undefined) {
    const { input } = meta
    meta["input"] = {
      ...(input === undefined || JsonSnapshot.isObject(input) ? input : { value: input }),
      prompt: Prompt.render(record.prompt, context.mlApp.value)
    }
  }
  if (annotation.expectedOutput !== undefined) meta["expected_output"] = annotation.expectedOutput
  if (kind === "llm" && annotation.toolDefinitions !== undefined && annotation.toolDefinitions.length > 0) {
    meta["tool_definitions"] = annotation.toolDefinitions as unknown as Json
  }
  if (record.toolVersion !== undefined) meta["tool"] = { version: record.toolVersion }
  if (annotation.intent !== undefined) meta["intent"] = annotation.intent
  if (context.agent !== undefined) {
    meta["agent_attribution"] = { pagent_name: context.agent.name, pagent_span_id: context.agent.spanId }
  }
  return meta
}

// Most spans have none.
const reservedMetadata = ({ annotation, context }: SpanRecord<unknown>): Json | undefined => {
  const { agentName, costTags, manifest } = annotation
  const hasCostTags = costTags !== undefined && costTags.length > 0
  const hasManifest = context.kind === "agent" && (agentName !== undefined || manifest !== undefined)
  if (!hasCostTags && !hasManifest) return undefined
  return {
    ...(hasCostTags ? { cost_tags: costTags } : undefined),
    ...(hasManifest ? { agent_manifest: AgentManifest.render(manifest, agentName ?? context.name) } : undefined)
  }
}

/**
 * The reserved `_dd` entries that both forms carry.
 *
 * @category combinators
 * @since 0.1.0
 */
export const reserved = (record: SpanRecord): { [key: string]: string } => {
  const { experiment, retention } = record.context
  const dd: { [key: string]: string } = {}
  if (experiment?.experimentId !== undefined) dd["scope"] = "experiments"
  if (retention !== undefined) {
    dd["sample_rate"] = retention.sampleRate
    dd["sampling_decision"] = retention.samplingDecision
  }
  return dd
}
