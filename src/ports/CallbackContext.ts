/**
 * The port to the fiber behind a callback: plain code that a fiber called and waits for, such as the function of
 * `Effect.promise`, can run further effects, as fibers of their own.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type { ContextReader } from "./ContextReader.ts"

/**
 * Leads from a callback to the fiber behind it. Synchronous and total.
 *
 * @category models
 * @since 0.2.0
 */
export interface CallbackContext {
  /**
   * The context of the fiber that waits for the code around the caller. `undefined` when no fiber does, or when the caller
   * belongs elsewhere: it has a parent of its own, or another request. A fiber counts if it is in a recorded span; with
   * `any`, so does one without.
   */
  readonly find: (reader: ContextReader, fibers?: "any") => Context.Context<never> | undefined
  /** The context inside a span, from which callbacks find their fiber. */
  readonly enter: <R>(context: Context.Context<R>) => Context.Context<R>
}

/**
 * The one of the layer, or `undefined` without a layer.
 *
 * @category references
 * @since 0.2.0
 */
export const CurrentCallbackContext: Context.Reference<CallbackContext | undefined> = Context.Reference<
  CallbackContext | undefined
>("effect-llmobs/ports/CurrentCallbackContext", { defaultValue: () => undefined })
