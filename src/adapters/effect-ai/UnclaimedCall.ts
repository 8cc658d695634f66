/**
 * Calls that no other part records, where a layer records.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as CallbackRegion from "../../engine/context/CallbackRegion.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import { Recorder } from "../../ports/Recorder.ts"

/** Whether a call in a fiber is one. */
export const isIn = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.getRef(Recorder) !== undefined && !RunningLayers.isClaimed(CallbackRegion.readerOf(fiber))

/** The recorded form of a call if it is one, else the call itself. */
export const record = <A, E>(
  self: Effect.Effect<A, E>,
  recorded: (fiber: Fiber.Fiber<unknown, unknown>) => Effect.Effect<A, E>
): Effect.Effect<A, E> => Effect.withFiber((fiber) => isIn(fiber) ? recorded(fiber) : self)
