/**
 * Looks for another tracer among the layers that were built together with ours.
 *
 * **Details**
 *
 * `Layer.mergeAll(Otlp, LLMObs)` builds both in a context without either, and the last one's tracer wins: neither can see
 * the other. The memo map of the build knows every layer of it. Its entries are no public part of Effect, so each step
 * here is checked, and nothing is found where they look different.
 */
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import * as EffectTracer from "./EffectTracer.ts"

/** Whether a layer of the same build made a tracer that is neither ours nor Effect's own. */
export const isThere = (context: Context.Context<never>): boolean => {
  try {
    const memo: unknown = Context.getOrUndefined(context, Layer.CurrentMemoMap)
    const entries = member(memo, "map")
    return entries instanceof Map &&
      [...entries.values()].some((entry) => isOther(member(member(entry, "deferred"), "effect")))
  } catch {
    return false
  }
}

const isOther = (built: unknown): boolean => {
  if (!Exit.isExit(built) || built._tag !== "Success" || !Context.isContext(built.value)) return false
  const tracer = Context.getOrUndefined(built.value as Context.Context<Tracer.Tracer>, Tracer.Tracer)
  return tracer !== undefined && tracer !== Tracer.nativeTracer && !EffectTracer.isOurs(tracer)
}

const member = (of: unknown, name: string): unknown =>
  typeof of === "object" && of !== null ? (of as { readonly [name: string]: unknown })[name] : undefined
