/**
 * The running model calls of a layer, by their Effect span.
 */
import type * as Tracer from "effect/Tracer"
import { guard } from "../../engine/books/Guard.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { ModelCall } from "./ModelCall.ts"

export interface ModelCalls {
  readonly add: (span: Tracer.AnySpan, call: ModelCall) => void
  readonly of: (span: Tracer.AnySpan | undefined) => ModelCall | undefined
  /** Notes a span that the layer's tracer opened, also if the call is not recorded. */
  readonly see: (span: Tracer.AnySpan) => void
  readonly isSeen: (span: Tracer.AnySpan) => boolean
  /** Runs a step of ours, whose exceptions the program never sees. */
  readonly guarded: (step: string, body: () => void) => void
}

export const make = (diagnostics: DiagnosticsService): ModelCalls => {
  const calls = new WeakMap<Tracer.AnySpan, ModelCall>()
  const seen = new WeakSet<Tracer.AnySpan>()
  return {
    add: (span, call) => calls.set(span, call),
    of: (span) => span && calls.get(span),
    see: (span) => seen.add(span),
    isSeen: (span) => seen.has(span),
    guarded: (step, body) => guard(diagnostics, `effect_ai.${step}`, body, undefined)
  }
}
