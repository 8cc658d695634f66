/** Ours in an Effect program, on defaults: events ride the APM trace to the Agent. */
import * as LLMObs from "effect-llmobs/LLMObs"
import type { Start } from "../Library.ts"
import * as EffectProgram from "./EffectProgram.ts"

export const start: Start = (sink) =>
  EffectProgram.start({ layer: LLMObs.layer({ mlApp: "bench", agentUrl: sink }), make: EffectProgram.recorded })
