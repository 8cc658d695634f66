/** `Effect.withSpan` alone: the part of the Effect path that is not ours. */
import * as Layer from "effect/Layer"
import type { Start } from "../Library.ts"
import * as EffectProgram from "./EffectProgram.ts"

export const start: Start = () => EffectProgram.start({ layer: Layer.empty, make: EffectProgram.plain })
