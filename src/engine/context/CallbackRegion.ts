/**
 * The context that a span in a callback takes from the fiber that waits for it: its parent and its annotations.
 */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { AmbientContextService } from "../../ports/AmbientContext.ts"
import { BaggageChanges, CurrentAmbient } from "../../ports/AmbientContext.ts"
import type { CallbackContext } from "../../ports/CallbackContext.ts"
import { CurrentCallbackContext } from "../../ports/CallbackContext.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import * as ContextReaders from "../../ports/ContextReader.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan, SpanAnnotations } from "../../ports/CurrentSpan.ts"
import { Recorder } from "../../ports/Recorder.ts"
import { CurrentRouting } from "../../ports/Routing.ts"

/** Makes the finder of a layer. `store` gives the context that a fiber left for its callbacks. */
export const make = (options: {
  readonly store: () => Context.Context<never> | undefined
  readonly ambient: AmbientContextService
}): Pick<CallbackContext, "find"> => ({
  find: (reader, fibers) => {
    const outer = options.store()
    if (outer === undefined) return undefined
    const open = Context.get(outer, CurrentSpan)
    // A connection or a timer that was made in a callback outlives it, and works for others.
    if (open === undefined ? fibers !== "any" : open.ended) return undefined
    if (Context.get(outer, Recorder) !== reader.getRef(Recorder)) return undefined
    if (reader.getRef(CurrentAmbient) !== undefined) return undefined
    const named = Context.getOrUndefined(reader.context, Tracer.ParentSpan)
    if (named !== undefined && !isOpenedIn(Context.getOrUndefined(outer, Tracer.ParentSpan), named)) return undefined
    // A server that was started in a callback handles requests of its own.
    const request = options.ambient.current(reader)?.request
    return request === undefined || request === open?.request ? outer : undefined
  }
})

// A plain span that the callback opened stands between both. Any other parent was named on purpose: that of a message,
// of a request, or of a program around this one.
const isOpenedIn = (outer: Tracer.AnySpan | undefined, span: Tracer.AnySpan): boolean => {
  if (outer?._tag !== "Span") return false
  let at = span
  while (at !== outer) {
    if (at._tag !== "Span" || isEntry(at.kind)) return false
    if (at.status.startTime < outer.status.startTime) return false
    if (Option.isNone(at.parent)) return true
    at = at.parent.value
  }
  return true
}

/** Whether a span of this kind handles what comes from outside: a server or queue that was started in a callback. */
export const isEntry = (kind: Tracer.SpanKind): boolean => kind === "server" || kind === "consumer"

/**
 * The region around a context without a span: nothing, or that of the fiber behind the callback.
 */
export const around = (reader: ContextReader): Context.Context<never> | undefined =>
  reader.getRef(CurrentSpan) === undefined ? behind(reader.getRef(CurrentCallbackContext), reader) : undefined

/** Likewise, of a context that is known to have no span, and whose way to callbacks is known. */
export const behind = (
  callbacks: CallbackContext | undefined,
  reader: ContextReader
): Context.Context<never> | undefined => {
  const outer = callbacks?.find(reader)
  if (outer === undefined) return undefined
  const region = new Map<string, unknown>()
  for (const { key } of kept) {
    if (outer.mapUnsafe.has(key)) region.set(key, outer.mapUnsafe.get(key))
  }
  return Context.makeUnsafe(region)
}

// An account goes with its region: events that were meant for one must not go to another.
const kept = [CurrentSpan, Tracer.ParentSpan, SpanAnnotations, BaggageChanges, CurrentRouting]

/** The recorded span that a span which starts in a context has as its parent. */
export const currentSpan = (reader: ContextReader): OpenSpan | undefined =>
  reader.getRef(CurrentSpan) ?? readerOf(reader).getRef(CurrentSpan)

/** A reader of a context inside a region; what the context says itself counts. */
export const within = (region: Context.Context<never> | undefined, reader: ContextReader): ContextReader =>
  region === undefined ? reader : ContextReaders.make(Context.merge(region, reader.context))

/** A context as a span that starts in it finds it. */
export const readerOf = (caller: ContextReader): ContextReader => within(around(caller), caller)
