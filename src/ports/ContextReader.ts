/**
 * The port to the context that something runs in: a fiber's, or the one that plain JavaScript keeps by other means.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"

/**
 * Reads a context. Every `Fiber` is one; {@link make} makes one of a context alone.
 *
 * **Details**
 *
 * `context` is the context as it is now, and `getRef` reads a reference in it or gives the reference's default. Read both
 * in the step that needs them: those of a fiber change while it runs.
 *
 * @category models
 * @since 0.2.0
 */
export interface ContextReader {
  readonly context: Context.Context<never>
  readonly getRef: <A>(reference: Context.Reference<A>) => A
}

/**
 * Makes a reader of a context, for callers without a fiber.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (context: Context.Context<never>): ContextReader => ({
  context,
  getRef: (reference) => Context.get(context, reference)
})
