/**
 * Tracers that stand around another tracer. Each part that asks whose tracer it has looks through them.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import * as ProcessWide from "./ProcessWide.ts"

const inner = ProcessWide.get("DecoratedTracers/1", () => new WeakMap<Tracer.Tracer, Tracer.Tracer>())

/** The tracer with another way to open spans. */
export const decorate = (tracer: Tracer.Tracer, span: Tracer.Tracer["span"]): Tracer.Tracer => {
  const decorated = withContext(Tracer.make({ span }), () => tracer.context)
  inner.set(decorated, tracer)
  return decorated
}

/** The innermost tracer. */
export const undecorated = (tracer: Tracer.Tracer): Tracer.Tracer => {
  let current = tracer
  for (let next = inner.get(current); next !== undefined; next = inner.get(current)) current = next
  return current
}

/** Lets a tracer evaluate the steps of fibers, while `context` gives a way to do so. Fibers ask when their context changes. */
export const withContext = (tracer: Tracer.Tracer, context: () => Tracer.Tracer["context"]): Tracer.Tracer =>
  Object.defineProperty(tracer, "context", { get: context, enumerable: true, configurable: true })

const step = "~effect/Effect/evaluate"

/** Calls a function in a context as its tracer evaluates the steps of a fiber: with the host's span active. */
export const call = <A>(context: Context.Context<never>, body: () => A): A => {
  const evaluate = Context.get(context, Tracer.Tracer).context
  if (evaluate === undefined) return body()
  // Tracers read no more of a fiber than its context.
  return evaluate({ [step]: () => body() } as Tracer.EffectPrimitive<A>, { context } as Fiber.Fiber<never, never>)
}
