/**
 * A module that is loaded when a layer first needs it.
 */
import * as Effect from "effect/Effect"

export interface LazyModule<M> {
  /** The module. It is there at once if it was given, or loaded before. */
  readonly get: Effect.Effect<M>
  /** Gives the module, for an entry point that loads it with itself: layers that need it are then built at once. */
  readonly give: (module: M) => void
}

export const make = <M>(load: () => Promise<M>): LazyModule<M> => {
  let known: M | undefined
  return {
    get: Effect.suspend(() =>
      known === undefined ? Effect.map(Effect.promise(load), (module) => known = module) : Effect.succeed(known)
    ),
    give: (module) => {
      known = module
    }
  }
}
