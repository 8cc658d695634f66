/**
 * The port between an LLM Observability span and the APM span that can carry its event.
 *
 * **Details**
 *
 * An LLM span opens an Effect span and passes a slot to the tracer in the span's annotations. A tracer that can carry
 * events fills the slot. Any other tracer leaves it empty, and the event then goes to the intake.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type { Claim } from "../domain/delivery/Claim.ts"
import type { Sourced } from "../domain/span/SessionSource.ts"
import type { SpanError } from "../domain/span/SpanError.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import type { ContextReader } from "./ContextReader.ts"
import type { PendingContext, PendingRecord } from "./LateRetention.ts"
import type { SpanRegion } from "./SpanRegion.ts"

/**
 * The state that the LLM spans of one local trace share.
 *
 * @category models
 * @since 0.1.0
 */
export interface TraceState {
  /** The session for later spans without one. */
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
  /** The failure that tags of the span report (`error`, `error.type`, …), if the effect itself did not fail. */
  readonly marked: SpanError | undefined
  /** Links the local root to its LLM trace; the first call wins. */
  readonly link: (context: PendingContext) => void
  /** Gives the finished record and says who has taken its event, before the span ends. Content stays only where it rides. */
  readonly attach: (record: PendingRecord | undefined, claim: Claim) => void
  readonly rename: (name: string) => void
  /** Whether the span has ended. It may have left already, so no event can ride it. */
  readonly ended: boolean
}

/**
 * The place in which a tracer puts the carrier.
 *
 * @category models
 * @since 0.1.0
 */
export interface Slot {
  readonly kind: SpanKind
  /** The context in which the span is opened, for callers without a fiber. */
  readonly reader?: ContextReader | undefined
  /** The regions around it, if the opener has read them. */
  readonly region?: SpanRegion | undefined
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
