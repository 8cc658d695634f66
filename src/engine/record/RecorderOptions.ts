/**
 * The parts of a recorder.
 */
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type { PropagationSettings } from "../../domain/propagation/PropagationStyle.ts"
import type * as RedactedRecord from "../../domain/redaction/RedactedRecord.ts"
import type * as SpanContext from "../../domain/span/SpanContext.ts"
import type * as Tags from "../../domain/span/Tags.ts"
import type { AmbientContextService } from "../../ports/AmbientContext.ts"
import type { Carrier } from "../../ports/Carrier.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { IdGeneratorService } from "../../ports/IdGenerator.ts"
import type { PendingRecord } from "../../ports/LateRetention.ts"
import type { Routing } from "../../ports/Routing.ts"
import type { ByteBudget } from "../outbox/ByteBudget.ts"

/** The settings of the process that the recorder needs. */
export interface Settings {
  readonly mlApp: string | undefined
  readonly service: string
  readonly process: Tags.ProcessTags
  /** The labels that `DD_TAGS` names. */
  readonly processLabels: SpanContext.Named
  /** Decides the retention of an LLM trace. `tags` are those of its root. */
  readonly retention: (apmTraceId: string, tags?: Tags.Tags | undefined) => SpanContext.Retention
  /** Whether the decision depends on the tags, so that it must wait for them. */
  readonly retentionLooksAtTags: boolean
  readonly redaction: RedactedRecord.Policy
  /** The settings for baggage that the program sets. */
  readonly propagation: Pick<PropagationSettings, "stylesExtract" | "experimentBaggage">
}

/** Takes finished records. If a member throws, it has not counted the event; the recorder then counts it as failed. */
export interface Sink {
  readonly finish: (record: PendingRecord, carrier: Carrier | undefined) => Effect.Effect<void> | undefined
  /**
   * Counts an event that a redaction rule dropped. `record` is the part that the APM span may show, without content.
   */
  readonly redact: (record: PendingRecord, carrier: Carrier | undefined) => void
  /** Counts an event that could not be made. It is one step that stays whole even at the end of the stack. */
  readonly fail: () => void
}

/** The room in memory for content of open spans, in bytes for each account. */
export interface Room extends Pick<ByteBudget, "hold" | "free"> {
  /** Lets finished events that wait for room in, after bytes were freed. */
  readonly admit: () => void
}

/** The parts that a recorder uses. */
export interface Options {
  readonly settings: Settings
  readonly sink: Sink
  readonly room: Room
  readonly ids: IdGeneratorService
  readonly ambient: AmbientContextService
  readonly diagnostics: DiagnosticsService
  readonly clock: (reader: ContextReader) => Clock.Clock
  /** The context of spans whose caller names none. */
  readonly root: ContextReader
  /** The name of the account that a routing sends to. `undefined` for the layer's own. */
  readonly accountOf: (routing: Routing) => string | undefined
}
