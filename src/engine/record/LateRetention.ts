/**
 * A retention decision that is taken as late as possible, and then never again.
 *
 * **Details**
 *
 * With sampling rules the decision of an LLM trace looks at the tags of its root, which can still come while the root
 * runs. Every span of the trace holds the same decision. Whoever reads it first takes it: the injection into a request,
 * the rendering of an event in a partial flush; at the latest the end of the root does.
 *
 * @since 0.1.0
 */
import type { Retention } from "../../domain/span/SpanContext.ts"

interface State {
  decided: Retention | undefined
  readonly decide: () => Retention
  waiting: Array<() => void>
}

// Beside the decision and not in it, so that a copy of it is the plain value.
const states = new WeakMap<Retention, State>()

/**
 * Makes a decision that `decide` takes at the first reading.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (decide: () => Retention): Retention => {
  const state: State = { decided: undefined, decide, waiting: [] }
  const late: Retention = {
    get sampleRate() {
      return take(state).sampleRate
    },
    get samplingDecision() {
      return take(state).samplingDecision
    }
  }
  states.set(late, state)
  return late
}

const take = (state: State): Retention => {
  if (state.decided !== undefined) return state.decided
  const decided = state.decided = state.decide()
  const waiting = state.waiting
  state.waiting = []
  for (const released of waiting) released()
  return decided
}

/**
 * Whether a decision can still change.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOpen = (self: Retention): boolean => {
  const state = states.get(self)
  return state !== undefined && state.decided === undefined
}

/**
 * Takes the decision now, if it was not taken before.
 *
 * @category combinators
 * @since 0.1.0
 */
export const freeze = (self: Retention): void => {
  const state = states.get(self)
  if (state !== undefined) take(state)
}

/**
 * Calls `released` when an open decision is taken, at once when it is not open.
 *
 * @category combinators
 * @since 0.1.0
 */
export const whenTaken = (self: Retention, released: () => void): void => {
  const state = states.get(self)
  if (state === undefined || state.decided !== undefined) released()
  else state.waiting.push(released)
}
