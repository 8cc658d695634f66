/**
 * The active context of OpenTelemetry: its span and its baggage.
 *
 * **Details**
 *
 * The context is written as the W3C headers that would carry it, and read like any other request. No package of
 * OpenTelemetry is imported, so it works with every SDK.
 */
import * as Context from "effect/Context"
import type { Item } from "../../domain/propagation/Baggage.ts"
import * as Baggage from "../../domain/propagation/Baggage.ts"
import * as SpanId from "../../domain/span/SpanId.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { HostContext, HostContextSource } from "../../ports/IncomingRequest.ts"
import type { OtelContext } from "./OtelApi.ts"
import * as OtelApi from "./OtelApi.ts"

/** The context set around an effect. Elsewhere the active context is used. */
export const CurrentOtelContext: Context.Reference<OtelContext | undefined> = Context.Reference<
  OtelContext | undefined
>("effect-llmobs/adapters/otel/CurrentOtelContext", { defaultValue: () => undefined })

const read = (context: OtelContext): HostContext | undefined => {
  const headers = new Map<string, string>()
  const span = OtelApi.spanContext(context)
  const hasTrace = span !== undefined && TraceId.isValid(span.traceId) && SpanId.isValid(span.spanId)
  if (hasTrace) {
    const flags = (span.traceFlags & 0xff).toString(16).padStart(2, "0")
    headers.set("traceparent", `00-${span.traceId}-${span.spanId}-${flags}`)
    const tracestate = span.traceState?.serialize()
    if (tracestate !== undefined && tracestate !== "") headers.set("tracestate", tracestate)
  }
  const items = new Map<string, Item>()
  for (const [key, entry] of OtelApi.baggage(context)?.getAllEntries() ?? []) {
    const metadata = entry.metadata?.toString() ?? ""
    items.set(key, {
      value: entry.value,
      raw: metadata === "" ? undefined : `${key}=${encode(entry.value)};${metadata}`
    })
  }
  if (items.size > 0) headers.set("baggage", Baggage.render(items).value)
  if (headers.size === 0) return undefined
  return { headers: (name) => headers.get(name), trace: hasTrace, baggage: items.size > 0 }
}

const encode = (text: string): string => text.isWellFormed() ? encodeURIComponent(text) : ""

/** The context around a caller. */
export const around = (reader: ContextReader): OtelContext | undefined =>
  reader.getRef(CurrentOtelContext) ?? OtelApi.active()

/** Finds the context around a fiber. A context is read once. */
export const source = (): HostContextSource => {
  const known = new WeakMap<OtelContext, { readonly host: HostContext | undefined }>()
  return {
    find: (reader) => {
      const context = around(reader)
      if (context === undefined) return undefined
      let found = known.get(context)
      if (found === undefined) {
        found = { host: read(context) }
        known.set(context, found)
      }
      return found.host
    }
  }
}

/** The active context. */
export const active = OtelApi.active
