/**
 * Gathers the events of each trace until it is complete, as far as that can be seen from outside.
 *
 * **Details**
 *
 * Events of one trace arrive in several payloads and by several roads. A trace whose root has come is complete as soon as
 * nothing more comes for a moment; one whose root is in another process, after a longer wait. The fate of an APM trace is
 * known when its payload has come, up to a second after the events that left it: that is waited for too. An event that
 * comes later makes a trace of its own.
 */
import type { EventView } from "../../domain/event/EventView.ts"

/** Takes events, and gives traces back when they are due. Times are in milliseconds. */
export interface FinishedTraces {
  readonly add: (events: ReadonlyArray<EventView>, now: number) => void
  /** The traces that are complete, oldest first; they are forgotten. */
  readonly due: (now: number) => ReadonlyArray<ReadonlyArray<EventView>>
  /** All that is left. */
  readonly rest: () => ReadonlyArray<ReadonlyArray<EventView>>
  readonly isEmpty: () => boolean
}

interface Gathered {
  readonly events: Array<EventView>
  hasRoot: boolean
  lastAt: number
}

const quietAfterRoot = 250
const quietWithoutFate = 1_500
const quietWithoutRoot = 3_000

// More are more likely a test of load than a program that somebody watches.
const mostEvents = 2_000

/** An empty collection. The function tells whether an APM trace was sampled out, as far as that is known. */
export const make = (sampledOut: (apmTraceId: string) => boolean | undefined): FinishedTraces => {
  const traces = new Map<string, Gathered>()
  let held = 0
  const take = (isDue: (trace: Gathered) => boolean): ReadonlyArray<ReadonlyArray<EventView>> => {
    const taken: Array<ReadonlyArray<EventView>> = []
    for (const [id, trace] of traces) {
      if (!isDue(trace)) continue
      traces.delete(id)
      held -= trace.events.length
      taken.push(trace.events)
    }
    return taken
  }
  const isDecided = ({ apmTraceId, route }: EventView): boolean =>
    route !== "evp" || apmTraceId === undefined || sampledOut(apmTraceId) !== undefined
  const wait = ({ events, hasRoot }: Gathered): number =>
    hasRoot ? events.every(isDecided) ? quietAfterRoot : quietWithoutFate : quietWithoutRoot
  return {
    add: (events, now) => {
      for (const event of events) {
        const trace = traces.get(event.traceId) ?? { events: [], hasRoot: false, lastAt: now }
        traces.set(event.traceId, trace)
        trace.events.push(event)
        trace.hasRoot ||= event.parentId === undefined
        trace.lastAt = now
        held += 1
      }
    },
    due: (now) => take((trace) => held > mostEvents || now - trace.lastAt >= wait(trace)),
    rest: () => take(() => true),
    isEmpty: () => traces.size === 0
  }
}
