/**
 * The SDK as the server drives it: the layer that users provide, configured by the environment.
 */
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as LLMObs from "../src/layers/LLMObs.ts"

type Problem = Parameters<NonNullable<LLMObs.Options["onProblem"]>>[0]

/** The problems that the SDK reports. */
export interface Problems {
  readonly during: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<ReadonlyArray<Problem>, E, R>
}

export const make = (): { readonly layer: Layer.Layer<never>; readonly problems: Problems } => {
  let heard: Array<Problem> = []
  return {
    layer: LLMObs.layerFromConfig({
      apm: "all",
      flushTimeout: "30 seconds",
      onProblem: (problem) => void heard.push(problem)
    }),
    problems: {
      during: (self) =>
        Effect.suspend(() => {
          heard = []
          return Effect.map(self, () => heard)
        })
    }
  }
}
