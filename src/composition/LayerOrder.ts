/**
 * Warns once of layers that are put together so that spans are not recorded, or that one of two tracers sees none.
 */
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import * as EffectTracer from "../adapters/effect-tracer/EffectTracer.ts"
import * as HiddenTracer from "../adapters/effect-tracer/HiddenTracer.ts"
import * as SpanName from "../domain/span/SpanName.ts"
import * as OutsideSpans from "../engine/record/OutsideSpans.ts"
import type { SpanStart } from "../ports/Recorder.ts"
import type { Foundation } from "./Foundation.ts"

export interface LayerOrder {
  /** A span starts in the region of the layer. */
  readonly onStart: (start: SpanStart) => void
  readonly close: () => void
}

export const make = (options: {
  readonly foundation: Pick<Foundation, "context" | "diagnostics">
  /** Whether the layer provides a tracer, and tracing is switched on. */
  readonly isTracing: () => boolean
}): LayerOrder => {
  const { foundation: { context, diagnostics }, isTracing } = options
  let looked = false
  const warn = (key: string, name: unknown, rest: string): void =>
    diagnostics.warnOnce(`layers.${key}`, `The span ${SpanName.shown(name)} ${rest} See docs/troubleshooting.md.`)
  const close = OutsideSpans.listen((name) => warn("outside", name, outside))
  return {
    close,
    onStart: ({ ambient, carrier, name }) => {
      if (ambient === undefined || !isTracing()) return
      if (carrier === undefined) {
        if (!ambient.getRef(References.TracerEnabled)) return
        const tracer = ambient.getRef(Tracer.Tracer)
        if (tracer !== Tracer.nativeTracer && !EffectTracer.isOurs(tracer)) warn("hidden", name, hidden)
      } else if (!looked) {
        looked = true
        if (HiddenTracer.isThere(context)) warn("hiding", name, hiding)
      }
    }
  }
}

const outside =
  "started outside of the layer of LLM Observability, so it is not recorded. Layer.mergeAll gives no layer to another: write Server.pipe(Layer.provide(LLMObs)) instead of Layer.mergeAll(Server, LLMObs)."

const hidden =
  "was made by another tracer, which hides the one of LLMObs. Events leave all the same, by themselves; there are no APM spans of LLM spans. If both tracers were merged, provide one to the other: LLMObs.pipe(Layer.provideMerge(Otlp)) keeps Otlp's, and the option apm \"off\" says that this is meant."

const hiding =
  "was made by the tracer of LLMObs, which hides another tracer that was merged with it: that one sees no spans. Write LLMObs.pipe(Layer.provideMerge(Otlp)) to keep the other, or leave it out."
