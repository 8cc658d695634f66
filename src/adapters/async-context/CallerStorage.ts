/**
 * The storage of a layer: the context around plain JavaScript, which is that of the innermost of two things, the fiber
 * that waits for the code, and the scope that plain code has opened.
 */
import type * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as AsyncStorage from "./AsyncStorage.ts"

/** A context around plain code. */
export interface Stored {
  readonly context: Context.Context<never>
  /** The fiber that left it, if one did. It then holds only as long as the span in it, or without a span as the fiber. */
  readonly fiber: Fiber.Fiber<unknown, unknown> | undefined
}

/** Carries the context through awaits, timers and callbacks. */
export type CallerStorage = AsyncStorage.AsyncStorage<Stored>

/** Each layer has its own, because a span belongs to the recorder that opened it. */
export const make = (): CallerStorage => AsyncStorage.make()
