/**
 * The storage of a layer: the context around plain JavaScript, which is that of the innermost of three things: the fiber
 * that waits for the code, the scope that plain code has opened, and the span of a framework.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as FrameworkScopes from "../../engine/context/FrameworkScopes.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import * as AsyncStorage from "./AsyncStorage.ts"

/** A context around plain code. */
export interface Stored {
  readonly context: Context.Context<never>
  /** The fiber that left it, if one did. It then holds only as long as the span in it, or without a span as the fiber. */
  readonly fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** How it was entered, if no function bounds it. */
  readonly entry?: Entry | undefined
}

/** The entry into a context that reaches as far as the caller's function, which can outlive it. */
export interface Entry {
  readonly before: Stored | undefined
  /** Whether it is over. The context before it holds then, wherever it still reaches. */
  isLeft: boolean
}

/** Carries the context through awaits, timers and callbacks. */
export interface CallerStorage extends AsyncStorage.AsyncStorage<Stored> {
  /** The context that a fiber or a scope left, whatever framework is inside. */
  readonly own: () => Stored | undefined
}

/** The span of a fiber or a scope. */
export const spanOf = (stored: Stored | undefined): OpenSpan | undefined =>
  stored && Context.get(stored.context, CurrentSpan)

/** Each layer has its own, because a span belongs to the recorder that opened it. */
export const make = (): CallerStorage => {
  const inner = AsyncStorage.make<Stored>()
  const own = (): Stored | undefined => {
    let stored = inner.getStore()
    while (stored?.entry?.isLeft === true) stored = stored.entry.before
    return stored
  }
  const storage: CallerStorage = {
    own,
    getStore: () => {
      const stored = own()
      const scope = FrameworkScopes.find()
      if (scope === undefined || scope.storage !== storage) return stored
      const span = spanOf(stored)
      return span === undefined || span === scope.around ? { context: scope.context, fiber: undefined } : stored
    },
    enterWith: (stored) => inner.enterWith(stored),
    run: inner.run.bind(inner)
  }
  return storage
}
