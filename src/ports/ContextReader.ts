/**
 * The port to the current context: a fiber's, or one that plain JavaScript keeps.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"

/**
 * Reads a context. Every `Fiber` is a reader; {@link make} makes one from a context.
 *
 * **Details**
 *
 * `context` is the current context, and `getRef` reads a reference in it or returns the reference's default. Read both
 * in the step that needs them, because a fiber changes them while it runs.
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
