/**
 * The part of a context that all spans have in common which start in it.
 *
 * **Details**
 *
 * A span takes two dozen looks into its context, at a tenth of a microsecond each. The context inside a span differs from
 * the one around it in the spans and the tracer alone. So a span that starts directly inside another reads nothing again,
 * and neither does one that starts in the same context as another, without a span around it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"
import type { CallbackContext } from "../../ports/CallbackContext.ts"
import { CurrentCallbackContext } from "../../ports/CallbackContext.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { RecorderService } from "../../ports/Recorder.ts"
import { Recorder } from "../../ports/Recorder.ts"
import type { SpanRegion } from "../../ports/SpanRegion.ts"
import * as SpanRegions from "../../ports/SpanRegion.ts"

export interface Surroundings {
  readonly recorder: RecorderService | undefined
  readonly callbacks: CallbackContext | undefined
  readonly clock: Clock.Clock
  /** Whether spans have times. */
  readonly isTimed: boolean
  /** Whether spans reach a tracer at all, and whether they are important enough for it. */
  readonly isTraced: boolean
  readonly isWanted: boolean
  readonly links: ReadonlyArray<Tracer.SpanLink>
  readonly attributes: Readonly<Record<string, unknown>>
  readonly region: SpanRegion
}

/** A context, with what spans find that start directly in it. */
export class Around {
  readonly context: Context.Context<never>
  readonly surroundings: Surroundings
  /** Whether spans inside were entered already, so that callbacks find the fiber. */
  readonly isInside: boolean
  #tracer: Tracer.Tracer | undefined
  #parent: Option.Option<Tracer.AnySpan> | undefined

  /** The tracer and the parent are looked up when they are needed, if they are not given. */
  constructor(
    context: Context.Context<never>,
    surroundings: Surroundings,
    inside: { readonly tracer: Tracer.Tracer | undefined; readonly parent: Tracer.AnySpan | undefined } | undefined
  ) {
    this.context = context
    this.surroundings = surroundings
    this.isInside = inside !== undefined
    this.#tracer = inside?.tracer
    this.#parent = inside?.parent && Option.some(inside.parent)
  }

  get tracer(): Tracer.Tracer {
    return this.#tracer ??= Context.get(this.context, Tracer.Tracer)
  }

  /** The nearest span that can be a parent. */
  get parent(): Option.Option<Tracer.AnySpan> {
    return this.#parent ??= propagated(Context.getOrUndefined(this.context, Tracer.ParentSpan))
  }
}

const propagated = (span: Tracer.AnySpan | undefined): Option.Option<Tracer.AnySpan> => {
  let current = span
  while (current !== undefined && Context.get(current.annotations, Tracer.DisablePropagation)) {
    current = current._tag === "Span" ? Option.getOrUndefined(current.parent) : undefined
  }
  return Option.fromUndefinedOr(current)
}

// A context never changes, so each copy of the package may keep what it read.
const roots = new WeakMap<Context.Context<never>, Around>()

/** Reads a context without a recorded span, once: a program starts many spans in one. */
export const ofRoot = (reader: ContextReader): Around => {
  let around = roots.get(reader.context)
  if (around === undefined) roots.set(reader.context, around = of(reader))
  return around
}

/** Reads a context. */
export const of = (reader: ContextReader): Around =>
  new Around(reader.context, {
    recorder: reader.getRef(Recorder),
    callbacks: reader.getRef(CurrentCallbackContext),
    clock: reader.getRef(Clock.Clock),
    isTimed: reader.getRef(References.TracerTimingEnabled),
    isTraced: reader.getRef(References.TracerEnabled),
    isWanted: isWanted(reader),
    links: reader.getRef(References.TracerSpanLinks),
    attributes: reader.getRef(References.TracerSpanAnnotations),
    region: SpanRegions.read(reader)
  }, undefined)

const isWanted = (reader: ContextReader): boolean => {
  const least = reader.getRef(Tracer.MinimumTraceLevel)
  return least === "All" || !LogLevel.isGreaterThan(least, reader.getRef(Tracer.CurrentTraceLevel))
}
