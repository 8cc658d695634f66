/**
 * Leaves the context of a fiber to the callbacks that it calls: `AsyncLocalStorage` carries it through what they await.
 *
 * **Details**
 *
 * Only what a fiber waits for is wrapped (`Effect.promise`, `Effect.tryPromise`, `Effect.callback`). The fiber itself
 * continues in the asynchronous context that it had.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import * as StreamedCalls from "../../engine/context/StreamedCalls.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { CallerStorage } from "./CallerStorage.ts"

export interface FiberCallbacks {
  /** The context around the caller: of the fiber that waits for it, or of a scope of plain code. */
  readonly store: () => Context.Context<never> | undefined
  /** Evaluates the steps of a fiber, as a tracer does. */
  readonly evaluate: NonNullable<Tracer.Tracer["context"]>
}

const step = "~effect/Effect/evaluate"
// All steps that wait share one method, which is read anyway to call it.
const waiting: unknown = (Effect.callback(() => {}) as unknown as { readonly [step]: unknown })[step]

/** Keeps the contexts of fibers in the storage of a layer: two layers do not see each other's fibers. */
export const make = (storage: CallerStorage): FiberCallbacks => ({
  store: () => {
    const stored = storage.getStore()
    if (stored?.fiber === undefined || Context.get(stored.context, CurrentSpan) !== undefined) return stored?.context
    return stored.fiber.pollUnsafe() === undefined ? stored.context : undefined
  },
  evaluate: (primitive, fiber) => {
    const evaluate = primitive[step]
    return evaluate === waiting ? wait(storage, primitive, fiber) : evaluate.call(primitive, fiber)
  }
})

// A function of its own, because each step of a fiber would pay for the closure, whether it is made or not.
const wait = <X>(
  storage: CallerStorage,
  primitive: Tracer.EffectPrimitive<X>,
  fiber: Parameters<FiberCallbacks["evaluate"]>[1]
): X => storage.run({ context: StreamedCalls.contextOf(fiber), fiber }, () => primitive[step](fiber))
