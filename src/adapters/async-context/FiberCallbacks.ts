/**
 * Leaves the context of a fiber to the callbacks that it calls: `AsyncLocalStorage` carries it through what they await.
 *
 * **Details**
 *
 * Only what a fiber waits for is wrapped (`Effect.promise`, `Effect.tryPromise`, `Effect.callback`), and only inside an
 * LLM Observability span. The fiber itself continues in the asynchronous context that it had.
 */
import type * as Context from "effect/Context"
import type * as Tracer from "effect/Tracer"
import { AsyncLocalStorage } from "node:async_hooks"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"

export interface FiberCallbacks {
  /** The context of the fiber that waits for the code around the caller. */
  readonly store: () => Context.Context<never> | undefined
  /** Evaluates the steps of a fiber, as a tracer does. */
  readonly evaluate: NonNullable<Tracer.Tracer["context"]>
}

const step = "~effect/Effect/evaluate"
// The name of the step that waits. Effect does not promise it: under another name, callbacks have no parent.
const name = "~effect/Effect/identifier"

/** Makes the store of a layer: two layers do not see each other's fibers. */
export const make = (): FiberCallbacks => {
  const storage = new AsyncLocalStorage<Context.Context<never>>()
  return {
    store: () => storage.getStore(),
    evaluate: (primitive, fiber) =>
      (primitive as { readonly [name]?: unknown })[name] === "Async" && fiber.getRef(CurrentSpan) !== undefined
        ? storage.run(fiber.context, () => primitive[step](fiber))
        : primitive[step](fiber)
  }
}
