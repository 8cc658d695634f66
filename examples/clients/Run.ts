/**
 * Runs a program beside a local server of providers, and prints its trace.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProviderServer from "../../providers/ProviderServer.ts"

export const main = <A, E>(
  program: (server: ProviderServer.ProviderServer) => Effect.Effect<A, E>,
  layer: Layer.Layer<never> = Layer.empty
): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => ProviderServer.start()),
        (server) => Effect.promise(server.close)
      )
      yield* program(server)
      yield* LLMObs.flush
    }).pipe(
      Effect.scoped,
      Effect.provide(layer.pipe(Layer.provideMerge(LLMObs.layerDev({ mlApp: "clients", print: true }))))
    )
  )
