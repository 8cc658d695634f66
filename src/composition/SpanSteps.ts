/**
 * The lines of the debug log about each event: the end of its span, and the road that was decided for it.
 */
import type * as Rescue from "../domain/delivery/Rescue.ts"
import * as RedactedRecord from "../domain/redaction/RedactedRecord.ts"
import * as SpanName from "../domain/span/SpanName.ts"
import type { SpanRecord } from "../domain/span/SpanRecord.ts"
import type { PendingRecord } from "../ports/LateRetention.ts"
import type { Foundation } from "./Foundation.ts"
import type { Settings } from "./Settings.ts"

export interface SpanSteps {
  /** A span has ended; `waits` says whether its event waits for the decision about its APM trace. */
  readonly ended: (record: PendingRecord, waits: boolean) => void
  readonly decided: (record: SpanRecord, verdict: Rescue.Verdict) => void
}

/** `undefined` if steps are not logged, so that the hot path does nothing for them. */
export const make = (
  { debug, debugs }: Pick<Foundation, "debug" | "debugs">,
  settings: Pick<Settings, "redaction">
): SpanSteps | undefined => {
  if (!debugs) return undefined
  // A name that a redaction rule may change is not logged.
  const named = !RedactedRecord.isActive(settings.redaction)
  const subject = ({ context: { kind, name, spanId } }: Pick<PendingRecord, "context">): string =>
    `span ${named ? `${SpanName.shown(name)} ` : ""}(${kind}, ${spanId})`
  return {
    ended: (record, waits) =>
      debug(() => {
        const way = waits ? "waits for its APM trace." : "goes to the LLM intake by itself: no APM span can carry it."
        const millis = (record.durationNs / 1_000_000).toFixed(1)
        return `The ${subject(record)} ended after ${millis} ms. Its event takes at most ${record.bytes} B and ${way}`
      }),
    decided: (record, verdict) => {
      const way = ways[verdict._tag === "Offer" ? verdict.rule : verdict._tag]
      if (way !== undefined) debug(() => `The event of the ${subject(record)} ${way}`)
    }
  }
}

const ways: { readonly [verdict: string]: string | undefined } = {
  Ride: "rides its APM trace.",
  "predicted-drop": "goes to the LLM intake by itself: its trace is sampled out.",
  "struct-too-large": "goes to the LLM intake by itself: it is too large to ride.",
  "nothing-to-ride-on": "goes to the LLM intake by itself: its trace is not sent, or cannot carry it."
}
