/**
 * The port between an LLM Observability span and the APM span that can carry its event.
 *
 * **Details**
 *
 * An LLM span opens an Effect span and hands a slot to the tracer in the span's annotations. A tracer that can carry
 * events fills the slot; any other leaves it empty, and the event then goes to the intake.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Claim } from "../domain/delivery/Claim.ts"
import type { Sourced } from "../domain/span/SessionSource.ts"
import type { SpanContext } from "../domain/span/SpanContext.ts"
import type { SpanError } from "../domain/span/SpanError.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import type { ContextReader } from "./ContextReader.ts"
import type { PendingRecord } from "./LateRetention.ts"

/**
 * What the LLM spans of one local trace share.
 *
 * @category models
 * @since 0.1.0
 */
export interface TraceState {
  /** The session that later spans without one take. */
  session: Sourced | undefined
}

/**
 * An APM span that can carry an event. `spanId` is 16 hex characters, `traceId` 32.
 *
 * @category models
 * @since 0.1.0
 */
export interface Carrier {
  readonly traceId: string
  readonly spanId: string
  readonly service: string
  readonly trace: TraceState
  /** The failure that tags of the span tell of (`error`, `error.type`, …), where the effect itself did not fail. */
  readonly marked: SpanError | undefined
  /** Tells the local root which LLM trace it belongs to; the first span that asks wins. */
  readonly link: (context: SpanContext<unknown>) => void
  /** Gives the finished record and says who has taken its event, before the span ends. Content stays only where it rides. */
  readonly attach: (record: PendingRecord | undefined, claim: Claim) => void
  readonly rename: (name: string) => void
  /** Whether the span has ended: it may have left, so nothing can ride it any more. */
  readonly ended: boolean
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Slot {
  readonly kind: SpanKind
  /** The context that the span is opened in, for callers that are no fiber. */
  readonly reader?: ContextReader | undefined
  carrier: Carrier | undefined
}

/**
 * The slot, in the annotations of the Effect span.
 *
 * @category references
 * @since 0.1.0
 */
export const CarrierSlot: Context.Reference<Slot | undefined> = Context.Reference<Slot | undefined>(
  "effect-llmobs/ports/CarrierSlot",
  { defaultValue: () => undefined }
)
