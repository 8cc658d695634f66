/** Ours in an Effect program without APM spans: events go to the intake, through the Agent's proxy. */
import * as LLMObs from "effect-llmobs/LLMObs"
import type { Start } from "../Library.ts"
import * as EffectProgram from "./EffectProgram.ts"

export const start: Start = (sink) =>
  EffectProgram.start({
    layer: LLMObs.layer({ mlApp: "bench", agentUrl: sink, apm: "off" }),
    make: EffectProgram.recorded
  })
