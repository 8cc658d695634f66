/**
 * Streamed calls that wait for their answer, by the fiber that pulls them.
 *
 * **Details**
 *
 * Effect makes the span of a streamed call the current one for none of its pulls, so the request of the call would not be
 * known as part of it. Until the answer begins, the fiber waits for nothing else.
 */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import * as ProcessWide from "./ProcessWide.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

const waiting = ProcessWide.get("StreamedCalls/1", () => new WeakMap<AnyFiber, OpenSpan>())

/** A call begins in a fiber. */
export const begin = (fiber: AnyFiber, call: OpenSpan): void => {
  waiting.set(fiber, call)
}

/** The answer of the call that a fiber waits for begins, or never comes. */
export const answer = (fiber: AnyFiber): void => {
  waiting.delete(fiber)
}

/** The context of a fiber as its promises and callbacks see it. */
export const contextOf = (fiber: AnyFiber): Context.Context<never> => {
  const call = waiting.get(fiber)
  return call === undefined || call.ended ? fiber.context : Context.add(fiber.context, CurrentSpan, call)
}
