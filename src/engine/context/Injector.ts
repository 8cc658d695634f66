/**
 * Writes the context of a caller into the headers of a call.
 *
 * **Details**
 *
 * Each call makes new headers from the active spans, and changes no state of the spans. Without LLM activity, no header
 * of LLM Observability is written.
 */
import * as Context from "effect/Context"
import * as Tracer from "effect/Tracer"
import * as Baggage from "../../domain/propagation/Baggage.ts"
import * as ExperimentBaggage from "../../domain/propagation/ExperimentBaggage.ts"
import * as LocalBaggage from "../../domain/propagation/LocalBaggage.ts"
import type { Injection } from "../../domain/propagation/Propagation.ts"
import * as Propagation from "../../domain/propagation/Propagation.ts"
import type { PropagationSettings } from "../../domain/propagation/PropagationStyle.ts"
import * as SpanId from "../../domain/span/SpanId.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { Ambient, AmbientContext } from "../../ports/AmbientContext.ts"
import { BaggageChanges } from "../../ports/AmbientContext.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { Extent, PropagatorService } from "../../ports/Propagator.ts"
import { guard } from "../books/Guard.ts"
import type { LocalTrace } from "../chunk/LocalTrace.ts"
import type { Decision } from "../chunk/Sampler.ts"
import * as CallbackRegion from "./CallbackRegion.ts"
import * as CarriedTrace from "./CarriedTrace.ts"

export const make = (options: {
  readonly settings: PropagationSettings
  readonly ambient: typeof AmbientContext.Service
  readonly diagnostics: DiagnosticsService
  /** The local trace of a span of ours, and the span's exported id. */
  readonly traceOf: (span: unknown) => { readonly trace: LocalTrace; readonly spanId: string } | undefined
  /** The context of a span of another tracer that makes this layer's spans. */
  readonly injectionOf?: ((span: unknown) => Injection | undefined) | undefined
  /** The decision of a trace, frozen by the call. */
  readonly decide: (trace: LocalTrace) => Decision
}): Pick<PropagatorService, "inject" | "baggage"> => {
  const { ambient, diagnostics, settings } = options

  const apm = (reader: ContextReader, around: Ambient | undefined): Injection => {
    const span = Context.getOrUndefined(reader.context, Tracer.ParentSpan)
    const own = options.traceOf(span)
    if (own !== undefined) {
      const { trace } = own
      const decision = options.decide(trace)
      return {
        traceId: trace.traceId,
        spanId: own.spanId,
        priority: decision.priority,
        origin: trace.upstream?.origin,
        propagationTags: withDecisionMaker(trace.upstream?.propagationTags, decision.decisionMaker),
        tracestate: trace.upstream?.tracestate
      }
    }
    const hosted = options.injectionOf?.(span)
    if (hosted !== undefined) return hosted
    if (span !== undefined) {
      const traceId = TraceId.fromHex(span.traceId)
      const spanId = SpanId.fromHex(span.spanId)
      if (traceId !== undefined && spanId !== undefined) return { traceId, spanId, priority: span.sampled ? 1 : 0 }
    }
    const upstream = around?.upstream
    return upstream === undefined ? {} : {
      traceId: upstream.traceId,
      spanId: upstream.parentId,
      lastParentId: upstream.lastParentId,
      priority: upstream.priority,
      origin: upstream.origin,
      propagationTags: upstream.propagationTags,
      tracestate: upstream.tracestate
    }
  }

  const inject = (reader: ContextReader, extent: Extent) => {
    const around = ambient.current(reader)
    const open = reader.getRef(CurrentSpan)
    const llmobs = open !== undefined ? CarriedTrace.of(open.context) : around?.upstream?.llmobs
    const { problems, value } = Propagation.injectChecked({
      ...apm(reader, around),
      llmobs: extent === "full" || llmobs === undefined ? llmobs : CarriedTrace.impersonal(llmobs),
      baggage: extent === "full" ? baggage(reader) : undefined
    }, settings)
    if (problems.length > 0) diagnostics.report(problems)
    return value
  }

  const baggage = (reader: ContextReader): Baggage.Items => {
    const foreign = ambient.current(reader)?.upstream?.baggage ?? Baggage.empty
    const changes = reader.getRef(BaggageChanges)
    const changed = Baggage.change(foreign, changes)
    const open = reader.getRef(CurrentSpan)
    if (open === undefined) return changed
    const { experiment } = LocalBaggage.inherited(open.context, LocalBaggage.since(changes, open.baggage))
    return experiment === undefined ? changed : Baggage.change(changed, ExperimentBaggage.write(experiment))
  }

  return {
    inject: (reader, extent) => guard(diagnostics, "inject", () => inject(CallbackRegion.readerOf(reader), extent), {}),
    baggage: (reader) => guard(diagnostics, "baggage", () => baggage(CallbackRegion.readerOf(reader)), Baggage.empty)
  }
}

const withDecisionMaker = (
  tags: ReadonlyMap<string, string> | undefined,
  decisionMaker: string | undefined
): ReadonlyMap<string, string> | undefined =>
  decisionMaker === undefined ? tags : new Map(tags).set("_dd.p.dm", decisionMaker)
