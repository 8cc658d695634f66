/**
 * Says that events cannot be delivered: when that has lasted, then with growing pauses, and once when they can again.
 *
 * **Details**
 *
 * A trouble is known by its place, such as the Agent or the intake of an account, and by its kind. A trouble shorter than the
 * grace of its kind is not logged, and nothing is logged while no event waits. No timer runs without a trouble or without an
 * event, so that an idle program can end.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { Trouble } from "../../domain/delivery/DeliveryNotice.ts"
import * as DeliveryNotice from "../../domain/delivery/DeliveryNotice.ts"

export interface DeliveryLog {
  /** Runs until interrupted. */
  readonly run: Effect.Effect<never>
  /** A place takes nothing. `line` makes the sentence for a number of events; `held` counts those that wait for the place. */
  readonly failed: (place: string, trouble: Trouble, line: Line) => void
  /** A place took something, or answers again. */
  readonly works: (place: string) => void
  /** A place does not matter any more. */
  readonly forget: (place: string) => void
  /** The sentences of the troubles of now that were not said yet, for the line about events that are lost. */
  readonly reasons: () => ReadonlyArray<string>
}

/** How a trouble is said. */
export interface Line {
  readonly held: () => number
  readonly render: (events: number) => string
}

interface State {
  readonly since: number
  trouble: Trouble
  line: Line
  said: boolean
  /** When each kind may be said next, and the pause after that. */
  readonly kinds: Map<Trouble["_tag"], { due: number; pause: number }>
}

/** The longest sleep: within it, it is noticed that no event waits any more. */
const sliceMillis = 5_000

export const make = (options: {
  /** Milliseconds on a clock that only goes forward. */
  readonly elapsed: () => number
  readonly warn: (line: string) => void
  /** Told of a place that works again after it was said that it does not. */
  readonly recovered: (place: string, millis: number) => void
}): DeliveryLog => {
  const { elapsed } = options
  const places = new Map<string, State>()
  const troubled = Latch.makeUnsafe(false)
  const calm = Latch.makeUnsafe(false)

  const kindOf = (state: State): { due: number; pause: number } => {
    const { _tag } = state.trouble
    let kind = state.kinds.get(_tag)
    if (kind === undefined) {
      kind = { due: state.since + DeliveryNotice.table[_tag].graceMillis, pause: DeliveryNotice.pauses.first }
      state.kinds.set(_tag, kind)
    }
    return kind
  }

  const sayWhatIsDue = (): void => {
    const now = elapsed()
    for (const state of places.values()) {
      const kind = kindOf(state)
      const events = state.line.held()
      if (now < kind.due || (events === 0 && DeliveryNotice.table[state.trouble._tag].graceMillis > 0)) continue
      kind.due = now + kind.pause
      kind.pause = Math.min(2 * kind.pause, DeliveryNotice.pauses.most)
      state.said = true
      options.warn(state.line.render(events))
    }
  }

  const rest = (): void => {
    troubled.closeUnsafe()
    calm.openUnsafe()
  }

  const forget = (place: string): State | undefined => {
    const state = places.get(place)
    if (state === undefined) return undefined
    places.delete(place)
    if (places.size === 0) rest()
    return state
  }

  const waits = (): boolean => [...places.values()].some((state) => state.line.held() > 0)

  const turn = Effect.suspend(() => {
    sayWhatIsDue()
    if (!waits()) {
      rest()
      return Effect.void
    }
    const next = Math.min(...Array.from(places.values(), (state) => kindOf(state).due))
    const sleep = Effect.sleep(Math.max(1, Math.min(next - elapsed(), sliceMillis)))
    return Effect.raceFirst(sleep, calm.await)
  })

  return {
    run: Effect.forever(Effect.flatMap(troubled.await, () => turn)),
    failed: (place, trouble, line) => {
      const known = places.get(place)
      if (known === undefined) {
        places.set(place, { since: elapsed(), trouble, line, said: false, kinds: new Map() })
        if (DeliveryNotice.table[trouble._tag].graceMillis === 0) sayWhatIsDue()
      } else {
        const other = known.trouble._tag !== trouble._tag
        known.trouble = trouble
        known.line = line
        if (other && DeliveryNotice.table[trouble._tag].graceMillis === 0) sayWhatIsDue()
      }
      calm.closeUnsafe()
      troubled.openUnsafe()
    },
    works: (place) => {
      const state = forget(place)
      if (state?.said === true) options.recovered(place, elapsed() - state.since)
    },
    forget,
    reasons: () => [...places.values()].filter((state) => !state.said).map((state) => state.line.render(0))
  }
}
