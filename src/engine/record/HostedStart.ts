/**
 * The start of a span among those of another tracer: its parent can be one of them, and it belongs to their trace.
 */
import type { Context } from "effect/Context"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { HostPlace, HostSpansService } from "../../ports/HostSpans.ts"
import type { RecorderService, TracerSpan } from "../../ports/Recorder.ts"
import { guard } from "../books/Guard.ts"

/** Makes the functions that start spans, and that find the span around a caller. */
export const make = (
  recorder: Pick<RecorderService, "start">,
  host: HostSpansService,
  { diagnostics, root }: { readonly diagnostics: DiagnosticsService; readonly root: Context<never> }
): Pick<RecorderService, "around" | "start"> => {
  const around = (reader: ContextReader.ContextReader, current: OpenSpan | undefined): HostPlace =>
    guard(diagnostics, "HostSpans", () => host.around(reader, current), { parent: current, traceId: undefined })
  return {
    around: (reader) => around(reader, reader.getRef(CurrentSpan)).parent,
    start: (start) => {
      const reader = start.ambient ?? ContextReader.make(root)
      const { parent, traceId } = around(reader, start.parent ?? reader.getRef(CurrentSpan))
      const open = recorder.start({ ...start, parent, span: inTrace(start.span, traceId) })
      if (open !== undefined) guard(diagnostics, "HostSpans", () => host.started(open, start.span), undefined)
      return open
    }
  }
}

// The span of a tracer that knows nothing of the other's trace.
const inTrace = (span: TracerSpan | undefined, traceId: string | undefined): TracerSpan | undefined =>
  span === undefined || traceId === undefined || span.traceId === traceId ? span : {
    traceId,
    spanId: span.spanId,
    get status() {
      return span.status
    },
    end: (at, exit) => span.end?.(at, exit)
  }
