/**
 * The part of a context that all spans have in common which start in it.
 *
 * **Details**
 *
 * A span takes a dozen looks into its context, and each makes a closure. The context inside a span differs from the one
 * around it in the parent and the tracer alone. So a span that starts directly inside another reads nothing again.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as LogLevel from "effect/LogLevel"
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

/** The context inside a span, and what it says. */
export interface Inside {
  readonly context: Context.Context<never>
  readonly surroundings: Surroundings
}

/** Reads a context, unless it is the one inside the span around it. */
export const read = (reader: ContextReader, around: Inside | undefined): Surroundings =>
  around !== undefined && around.context === reader.context ? around.surroundings : {
    recorder: reader.getRef(Recorder),
    callbacks: reader.getRef(CurrentCallbackContext),
    clock: reader.getRef(Clock.Clock),
    isTimed: reader.getRef(References.TracerTimingEnabled),
    isTraced: reader.getRef(References.TracerEnabled),
    isWanted: isWanted(reader),
    links: reader.getRef(References.TracerSpanLinks),
    attributes: reader.getRef(References.TracerSpanAnnotations),
    region: SpanRegions.read(reader)
  }

const isWanted = (reader: ContextReader): boolean => {
  const least = reader.getRef(Tracer.MinimumTraceLevel)
  return least === "All" || !LogLevel.isGreaterThan(least, reader.getRef(Tracer.CurrentTraceLevel))
}
