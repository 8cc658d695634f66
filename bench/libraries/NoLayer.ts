/** Ours without a layer: the cost of instrumentation that is not used. */
import * as Layer from "effect/Layer"
import type { Start } from "../Library.ts"
import * as EffectProgram from "./EffectProgram.ts"

export const start: Start = () => EffectProgram.start({ layer: Layer.empty, make: EffectProgram.recorded })
