/**
 * The engine of a program that is not made of effects: a layer that is built and closed by plain functions.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { FlushReport } from "../ports/Delivery.ts"
import { Delivery } from "../ports/Delivery.ts"

export interface Engine<A = never> {
  /** The context of the layer. `undefined` until it is built. */
  readonly context: () => Context.Context<A> | undefined
  /** Resolves when the layer is built. It is rejected if the layer fails. */
  readonly ready: Promise<Context.Context<A>>
  /** Logs a line as the layer does. */
  readonly warn: (line: string) => void
  readonly flush: () => Promise<FlushReport>
  /** Sends what waits, and closes the layer. A second call waits for the first. */
  readonly close: () => Promise<void>
}

/** Builds a layer in a context, at once if nothing in it is asynchronous. */
export const start = <A, E>(
  layer: Layer.Layer<A, E>,
  services: Context.Context<never> = Context.empty()
): Engine<A> => {
  const scope = Scope.makeUnsafe()
  let built: Context.Context<A> | undefined
  let closed: Promise<void> | undefined
  const build = Effect.map(Layer.buildWithScope(layer, scope), (context) => built = context)
  const ready = Effect.runPromise(Effect.provideContext(build, services))
  // Its failure is for those who wait.
  ready.catch(() => {})
  return {
    context: () => built,
    ready,
    warn: (line) => {
      const log = Effect.logWarning(`effect-llmobs: ${line}`)
      void ready.catch(() => services).then((context) => Effect.runForkWith(context)(log))
    },
    flush: async () => Effect.runPromise(Context.get(await ready, Delivery).flush),
    close: () => closed ??= ready.then(() => {}, () => {}).then(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  }
}
