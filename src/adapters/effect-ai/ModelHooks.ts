/**
 * The hooks of `effect/ai` from which calls of language models are recorded: its two services, and the tracer.
 */
import * as Context from "effect/Context"
import * as Tracer from "effect/Tracer"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import * as ModelCalls from "./ModelCalls.ts"
import * as ModelServices from "./ModelServices.ts"
import * as ModelTracer from "./ModelTracer.ts"
import * as UnseenCalls from "./UnseenCalls.ts"

/** The hooks of a layer that is built in a context. */
export const make = (context: Context.Context<never>, diagnostics: DiagnosticsService): Context.Context<never> => {
  const calls = ModelCalls.make(diagnostics)
  const services = ModelServices.make(calls, UnseenCalls.make(diagnostics))
  const tracer = ModelTracer.make(Context.get(context, Tracer.Tracer), calls, services)
  return Context.add(services.behind(context), Tracer.Tracer, tracer)
}
