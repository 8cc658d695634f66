/**
 * The context of dd-trace around a caller: its active span, the baggage, and the LLM trace that a request brought.
 *
 * **Details**
 *
 * The context is written as the W3C headers that would carry it, and read like any other request. dd-trace keeps baggage
 * in two places: on spans (`setBaggageItem`, and the header `baggage` in version 5), and beside them (the header in
 * version 6). The span's own wins. Reading makes no sampling decision.
 */
import * as Context from "effect/Context"
import * as Tracer from "effect/Tracer"
import type { Item } from "../../domain/propagation/Baggage.ts"
import * as Baggage from "../../domain/propagation/Baggage.ts"
import * as ExperimentBaggage from "../../domain/propagation/ExperimentBaggage.ts"
import * as RumBaggage from "../../domain/propagation/RumBaggage.ts"
import type { HostContext, HostContextSource } from "../../ports/IncomingRequest.ts"
import * as DdEffectTracer from "./DdEffectTracer.ts"
import type { DdSpan, DdTracer } from "./DdTraceApi.ts"
import { hidden, idsOf, traceOf } from "./DdTraceApi.ts"

/** Finds the context. It is one object as long as it stays the same. */
export const source = (tracer: DdTracer): HostContextSource => {
  const known = new WeakMap<object, { readonly key: string; readonly host: HostContext }>()
  const none = {}
  return {
    find: (reader) => {
      const span = DdEffectTracer.ddSpanOf(Context.getOrUndefined(reader.context, Tracer.ParentSpan)) ??
        tracer.scope().active() ?? undefined
      const traceparent = span === undefined ? undefined : traceparentOf(span)
      const baggage = baggageOf(tracer, span)
      if (traceparent === undefined && baggage === "") return undefined
      const tracestate = span === undefined ? "" : tracestateOf(span)
      const key = `${traceparent ?? ""}\n${tracestate}\n${baggage}`
      const place = span ?? none
      let found = known.get(place)
      if (found?.key !== key) {
        found = { key, host: hostOf(traceparent, tracestate, baggage) }
        known.set(place, found)
      }
      return found.host
    }
  }
}

const hostOf = (traceparent: string | undefined, tracestate: string, baggage: string): HostContext => {
  const headers = new Map<string, string>()
  if (traceparent !== undefined) headers.set("traceparent", traceparent)
  if (tracestate !== "") headers.set("tracestate", tracestate)
  if (baggage !== "") headers.set("baggage", baggage)
  return { headers: (name) => headers.get(name), trace: traceparent !== undefined, baggage: baggage !== "" }
}

const traceparentOf = (span: DdSpan): string | undefined => {
  const ids = idsOf(span)
  return ids === undefined ? undefined : `00-${ids.traceId}-${ids.spanId}-01`
}

// dd-trace keeps the LLM tags of a request among the tags of its trace, and a browser's request has an origin.
const tracestateOf = (span: DdSpan): string => {
  const trace = traceOf(span)
  const members: Array<string> = []
  if (typeof trace?.origin === "string" && isPlain(trace.origin)) members.push(`o:${trace.origin}`)
  for (const [key, value] of Object.entries(trace?.tags ?? {})) {
    if (key.startsWith(llmPrefix) && typeof value === "string" && isPlain(value)) {
      members.push(`t.${key.slice("_dd.p.".length)}:${value}`)
    }
  }
  return members.length === 0 ? "" : `dd=${members.join(";")}`
}

const llmPrefix = "_dd.p.llmobs_"

// No character that has a meaning in the header.
const isPlain = (text: string): boolean => /^[\x21-\x7e]{1,128}$/.test(text) && !/[,;=~:]/.test(text)

const baggageOf = (tracer: DdTracer, span: DdSpan | undefined): string => {
  const items = new Map<string, Item>()
  const beside = tracer.getAllBaggageItems?.()
  for (const [key, value] of Object.entries(beside ?? {})) set(items, key, value)
  if (span !== undefined) {
    const own = hidden(span.context(), "_baggageItems")
    if (typeof own === "object" && own !== null) {
      for (const [key, value] of Object.entries(own)) set(items, key, value)
    } else for (const key of labels) set(items, key, span.getBaggageItem(key))
  }
  return items.size === 0 ? "" : Baggage.render(items).value
}

const set = (items: Map<string, Item>, key: string, value: unknown): void => {
  if (typeof value === "string" && value.isWellFormed()) items.set(key, { value, raw: undefined })
}

const labels = [...Object.values(RumBaggage.keys), ...ExperimentBaggage.table.map(([key]) => key)]
