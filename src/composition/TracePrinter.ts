/**
 * Prints the traces that an embedded Agent receives.
 */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import type { DevAgent } from "../adapters/devagent/DevAgent.ts"
import * as FinishedTraces from "../adapters/devagent/FinishedTraces.ts"
import * as Terminal from "../adapters/node-process/Terminal.ts"
import * as EventView from "../domain/event/EventView.ts"
import * as TraceTree from "../domain/trace/TraceTree.ts"

/** Whether to print. Left out: on a terminal. */
export const wanted = (print: boolean | undefined): boolean => print ?? Terminal.isTerminal()

/** Prints each trace as it is finished, and what is left when the scope closes. */
export const start = (agent: DevAgent): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const traces = FinishedTraces.make(agent.sampledOut)
    const waiting = Latch.makeUnsafe(false)
    const print = (finished: ReadonlyArray<ReadonlyArray<EventView.EventView>>) =>
      Effect.forEach(finished, (events) => Console.log(textOf(agent, events)), { discard: true })
    yield* Effect.addFinalizer(() => Effect.suspend(() => print(traces.rest())))
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        agent.onEvents((received) => {
          const events = received.map(({ event, via }) => EventView.fromEvent(event, via))
          traces.add(events, clock.currentTimeMillisUnsafe())
          waiting.openUnsafe()
        })
      ),
      (stop) => Effect.sync(stop)
    )
    const step = Effect.gen(function*() {
      yield* waiting.await
      yield* Effect.sleep("100 millis")
      yield* print(traces.due(clock.currentTimeMillisUnsafe()))
      if (traces.isEmpty()) waiting.closeUnsafe()
    })
    yield* Effect.forkScoped(Effect.forever(step))
  })

const textOf = (agent: DevAgent, events: ReadonlyArray<EventView.EventView>): string =>
  `${
    TraceTree.render(events, { width: Terminal.columns(), paint: Terminal.paint, sampledOut: agent.sampledOut }).join(
      "\n"
    )
  }\n`
