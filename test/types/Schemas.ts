/**
 * Compiled and never run: each Schema says exactly what the domain's type says. A difference is an error of `npm run check`.
 */
import type * as Document from "../../src/domain/content/Document.ts"
import type * as Message from "../../src/domain/content/Message.ts"
import type * as Prompt from "../../src/domain/content/Prompt.ts"
import type * as ToolDefinition from "../../src/domain/content/ToolDefinition.ts"
import type * as Claim from "../../src/domain/delivery/Claim.ts"
import type * as ExportMode from "../../src/domain/delivery/ExportMode.ts"
import type * as Ledger from "../../src/domain/delivery/Ledger.ts"
import type * as Rescue from "../../src/domain/delivery/Rescue.ts"
import type * as Envelope from "../../src/domain/event/Envelope.ts"
import type * as MetaStruct from "../../src/domain/event/MetaStruct.ts"
import type * as SpanEvent from "../../src/domain/event/SpanEvent.ts"
import type * as WireFormat from "../../src/domain/event/WireFormat.ts"
import type * as JsonSnapshot from "../../src/domain/json/JsonSnapshot.ts"
import type * as AnnotationSchema from "../../src/domain/schema/Annotation.ts"
import type * as DocumentSchema from "../../src/domain/schema/Document.ts"
import type * as EnvelopeSchema from "../../src/domain/schema/Envelope.ts"
import type * as JsonSchema from "../../src/domain/schema/Json.ts"
import type * as LedgerSchema from "../../src/domain/schema/Ledger.ts"
import type * as MessageSchema from "../../src/domain/schema/Message.ts"
import type * as MetaStructSchema from "../../src/domain/schema/MetaStruct.ts"
import type * as PromptSchema from "../../src/domain/schema/Prompt.ts"
import type * as RescueSchema from "../../src/domain/schema/Rescue.ts"
import type * as SpanContextSchema from "../../src/domain/schema/SpanContext.ts"
import type * as SpanEventSchema from "../../src/domain/schema/SpanEvent.ts"
import type * as SpanKindSchema from "../../src/domain/schema/SpanKind.ts"
import type * as SpanLinkSchema from "../../src/domain/schema/SpanLink.ts"
import type * as SpanRecordSchema from "../../src/domain/schema/SpanRecord.ts"
import type * as TagsSchema from "../../src/domain/schema/Tags.ts"
import type * as ToolDefinitionSchema from "../../src/domain/schema/ToolDefinition.ts"
import type * as WireFormatSchema from "../../src/domain/schema/WireFormat.ts"
import type * as AgentAttribution from "../../src/domain/span/AgentAttribution.ts"
import type * as Annotation from "../../src/domain/span/Annotation.ts"
import type * as MlApp from "../../src/domain/span/MlApp.ts"
import type * as SessionSource from "../../src/domain/span/SessionSource.ts"
import type * as SpanContext from "../../src/domain/span/SpanContext.ts"
import type * as SpanError from "../../src/domain/span/SpanError.ts"
import type * as SpanKind from "../../src/domain/span/SpanKind.ts"
import type * as SpanLink from "../../src/domain/span/SpanLink.ts"
import type * as SpanRecord from "../../src/domain/span/SpanRecord.ts"
import type * as Tags from "../../src/domain/span/Tags.ts"

/** `true` when the two types are the same: optional keys, `undefined` and `readonly` included. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

type Same<S extends { readonly Type: unknown }, D> = Equal<S["Type"], D>

const equal = <_ extends true>(): void => {}
const different = <_ extends false>(): void => {}

export const check = (): void => {
  // The helper itself can fail.
  different<Equal<{ readonly a?: string }, { readonly a?: string | undefined }>>()
  different<Equal<{ readonly a: string }, { a: string }>>()
  different<Equal<{ readonly a: string }, { readonly a: string; readonly b?: string }>>()

  equal<Same<typeof JsonSchema.Json, JsonSnapshot.Json>>()
  equal<Same<typeof JsonSchema.JsonObject, JsonSnapshot.JsonObject>>()
  equal<Same<typeof SpanKindSchema.SpanKind, SpanKind.SpanKind>>()
  equal<Same<typeof MessageSchema.ToolCall, Message.ToolCall>>()
  equal<Same<typeof MessageSchema.ToolResult, Message.ToolResult>>()
  equal<Same<typeof MessageSchema.MediaPart, Message.MediaPart>>()
  equal<Same<typeof MessageSchema.Message, Message.Message>>()
  equal<Same<typeof DocumentSchema.Document, Document.Document>>()
  equal<Same<typeof ToolDefinitionSchema.ToolDefinition, ToolDefinition.ToolDefinition>>()
  equal<Same<typeof ToolDefinitionSchema.ToolDefinitionInput, ToolDefinition.ToolDefinitionInput>>()
  equal<Same<typeof PromptSchema.ChatTemplateItem, Prompt.ChatTemplateItem>>()
  equal<Same<typeof PromptSchema.Prompt, Prompt.Prompt>>()
  equal<Same<typeof PromptSchema.PromptInput, Prompt.PromptInput>>()
  equal<Same<typeof SpanLinkSchema.SpanLink, SpanLink.SpanLink>>()
  equal<Same<typeof SpanLinkSchema.SpanLinkInput, SpanLink.SpanLinkInput>>()
  equal<Same<typeof AnnotationSchema.AnnotationInput, Annotation.AnnotationInput>>()
  equal<Same<typeof AnnotationSchema.SpanIo, Annotation.SpanIo>>()
  equal<Same<typeof AnnotationSchema.Annotation, Annotation.Annotation>>()
  equal<Same<typeof SpanContextSchema.Source, SessionSource.Source>>()
  equal<Same<typeof SpanContextSchema.Sourced, SessionSource.Sourced>>()
  equal<Same<typeof SpanContextSchema.MlApp, MlApp.MlApp>>()
  equal<Same<typeof SpanContextSchema.AgentAttribution, AgentAttribution.AgentAttribution>>()
  equal<Same<typeof SpanContextSchema.Retention, SpanContext.Retention>>()
  equal<Same<typeof SpanContextSchema.ExperimentScope, SpanContext.ExperimentScope>>()
  equal<Same<typeof SpanContextSchema.SpanContext, SpanContext.SpanContext>>()
  equal<Same<typeof SpanRecordSchema.SpanError, SpanError.SpanError>>()
  equal<Same<typeof SpanRecordSchema.SpanRecord, SpanRecord.SpanRecord>>()
  equal<Same<typeof TagsSchema.Tags, Tags.Tags>>()
  equal<Same<typeof TagsSchema.ProcessTags, Tags.ProcessTags>>()
  equal<Same<typeof TagsSchema.Input, Tags.Input>>()
  equal<Same<typeof WireFormatSchema.ExportMode, ExportMode.ExportMode>>()
  equal<Same<typeof WireFormatSchema.Road, WireFormat.Road>>()
  equal<Same<typeof WireFormatSchema.WireFormat, WireFormat.WireFormat>>()
  equal<Same<typeof RescueSchema.Claim, Claim.Claim>>()
  equal<Same<typeof RescueSchema.Facts, Rescue.Facts>>()
  equal<Same<typeof RescueSchema.RuleName, Rescue.RuleName>>()
  equal<Same<typeof RescueSchema.Verdict, Rescue.Verdict>>()
  equal<Same<typeof LedgerSchema.DropReason, Ledger.DropReason>>()
  equal<Same<typeof LedgerSchema.Ledger, Ledger.Ledger>>()
  equal<Same<typeof SpanEventSchema.SpanEvent, SpanEvent.SpanEvent>>()
  equal<Same<typeof MetaStructSchema.MetaStruct, MetaStruct.MetaStruct>>()
  equal<Same<typeof EnvelopeSchema.Envelope, Envelope.Envelope>>()
}
