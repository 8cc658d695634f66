/**
 * The services of a layer. As long as it runs, code that no layer can be provided to finds them, too.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as AsyncContext from "../adapters/async-context/AsyncContext.ts"
import * as CallerStorage from "../adapters/async-context/CallerStorage.ts"
import * as RunningLayers from "../engine/context/RunningLayers.ts"
import type { AmbientContextService } from "../ports/AmbientContext.ts"
import type { ControlService } from "../ports/Control.ts"
import { Control } from "../ports/Control.ts"
import type { DeliveryService } from "../ports/Delivery.ts"
import { Delivery } from "../ports/Delivery.ts"
import { Diagnostics } from "../ports/Diagnostics.ts"
import type { PropagatorService } from "../ports/Propagator.ts"
import { Propagator } from "../ports/Propagator.ts"
import type { RecorderService } from "../ports/Recorder.ts"
import { Recorder } from "../ports/Recorder.ts"
import type { Foundation } from "./Foundation.ts"
import * as Tracing from "./Tracing.ts"

export const make = (options: {
  readonly foundation: Foundation
  readonly ambient: AmbientContextService
  readonly recorder: RecorderService
  readonly control: ControlService
  readonly delivery: DeliveryService
  readonly propagator: PropagatorService
  /** The tracer of the layer. `undefined` if the one around it stays. */
  readonly tracer: Tracer.Tracer | undefined
}): Effect.Effect<Context.Context<never>, never, Scope.Scope> => {
  const { foundation: { context, diagnostics, root }, tracer } = options
  const storage = CallerStorage.make()
  const services = Context.make(Recorder, options.recorder).pipe(
    Context.add(Control, options.control),
    Context.add(Delivery, options.delivery),
    Context.add(Diagnostics, diagnostics),
    Context.merge(Tracing.callbacks(options.ambient, tracer, storage)),
    Context.add(Propagator, options.propagator)
  )
  const plain = Context.add(root, Tracer.DisablePropagation, false).pipe(
    Context.add(Tracer.Tracer, tracer ?? Context.get(context, Tracer.Tracer)),
    Context.merge(services)
  )
  const caller = AsyncContext.make(plain, storage)
  const provided = Context.add(services, RunningLayers.CurrentPlainCaller, caller)
  return Effect.as(
    Effect.acquireRelease(
      Effect.sync(() => RunningLayers.start(caller, diagnostics)),
      (stop) => Effect.sync(stop)
    ),
    tracer === undefined ? provided : Context.add(provided, Tracer.Tracer, tracer)
  )
}

/** The services of a layer that is switched off, by which parts above it know that it is there. */
export const switchedOff: Context.Context<never> = Context.make(Recorder, undefined)
