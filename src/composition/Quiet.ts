/**
 * The context of what runs in the background.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

/**
 * What runs in the background must not run in the context of whoever happened to build the layer: of it only the clock and
 * the loggers stay.
 */
export const context = (from: Context.Context<never>): Context.Context<never> =>
  Context.make(Clock.Clock, Context.get(from, Clock.Clock)).pipe(
    Context.add(Tracer.DisablePropagation, true),
    Context.add(References.CurrentLoggers, Context.get(from, References.CurrentLoggers)),
    Context.add(References.MinimumLogLevel, Context.get(from, References.MinimumLogLevel))
  )
