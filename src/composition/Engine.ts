/**
 * The engine of a program that is not made of effects: a layer that is built and closed by plain functions. It does not
 * keep the process alive, and sends what waits when the process has nothing left to do.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scheduler from "effect/Scheduler"
import * as Scope from "effect/Scope"
import * as IdleClock from "../adapters/node-process/IdleClock.ts"
import * as ProcessExit from "../adapters/node-process/ProcessExit.ts"
import type { FlushReport } from "../ports/Delivery.ts"
import { Delivery } from "../ports/Delivery.ts"

export interface Engine<A = never> {
  /** The context of the layer. `undefined` until it is built. */
  readonly context: () => Context.Context<A> | undefined
  /** Resolves when the layer is built. It is rejected if the layer fails. */
  readonly ready: Promise<Context.Context<A>>
  /** Logs a line as the layer does. */
  readonly warn: (line: string) => void
  /** It is never rejected: a layer that fails has nothing to send. */
  readonly flush: () => Promise<FlushReport>
  /** Sends what waits, and closes the layer. A second call waits for the first. */
  readonly close: () => Promise<void>
}

/** Builds a layer in a context, at once if nothing in it is asynchronous. */
export const start = <A, E>(options: {
  readonly layer: Layer.Layer<A, E>
  readonly services?: Context.Context<never> | undefined
  /** Called when the process has nothing left to do. Default: the engine is closed. */
  readonly onIdle?: (() => void) | undefined
}): Engine<A> => {
  const services = Context.add(
    options.services ?? Context.empty(),
    Clock.Clock,
    IdleClock.make(Context.get(Context.empty(), Clock.Clock))
  )
  const scope = Scope.makeUnsafe()
  let built: Context.Context<A> | undefined
  let closed: Promise<void> | undefined
  const build = Layer.buildWithScope(options.layer, scope).pipe(
    Effect.map((context) => built = context),
    Effect.provideContext(Context.add(services, Scheduler.MaxOpsBeforeYield, atOnce))
  )
  const ready = IdleClock.hold(Effect.runPromise(build))
  // Its failure is for those who wait.
  ready.catch(() => {})
  const close = (): Promise<void> =>
    closed ??= IdleClock.hold(
      ready.then(() => {}, () => {}).then(() => {
        forget()
        return Effect.runPromise(Scope.close(scope, Exit.void))
      })
    )
  const forget = ProcessExit.onIdle(options.onIdle ?? (() => void close()))
  return {
    context: () => built,
    ready,
    warn: (line) => {
      const log = Effect.logWarning(`effect-llmobs: ${line}`)
      void ready.catch(() => services).then((context) => Effect.runForkWith(context)(log))
    },
    flush: () =>
      IdleClock.hold(
        ready.then((context) => Effect.runPromise(Context.get(context, Delivery).flush)).catch(() => nothing)
      ),
    close
  }
}

// More steps than building a layer takes: the fiber that builds it must not give way.
const atOnce = 1_000_000

/** The report of an engine without events. */
export const nothing: FlushReport = { delivered: 0, transferred: 0, dropped: 0, pending: 0, timedOut: false }
