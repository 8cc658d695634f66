/**
 * The context of background fibers.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

/**
 * Background fibers must not inherit the context of the fiber that built the layer. Only its clock and loggers are
 * kept.
 */
export const context = (from: Context.Context<never>): Context.Context<never> =>
  Context.make(Clock.Clock, Context.get(from, Clock.Clock)).pipe(
    Context.add(Tracer.DisablePropagation, true),
    Context.add(References.CurrentLoggers, Context.get(from, References.CurrentLoggers)),
    Context.add(References.MinimumLogLevel, Context.get(from, References.MinimumLogLevel))
  )
