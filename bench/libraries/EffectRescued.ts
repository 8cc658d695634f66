/** Ours in an Effect program that keeps no trace: every event is rescued to the intake, through the Agent's proxy. */
import * as LLMObs from "effect-llmobs/LLMObs"
import type { Start } from "../Library.ts"
import * as EffectProgram from "./EffectProgram.ts"

export const start: Start = (sink) => {
  process.env["DD_TRACE_SAMPLE_RATE"] = "0"
  return EffectProgram.start({
    layer: LLMObs.layerFromConfig({ mlApp: "bench", agentUrl: sink }),
    make: EffectProgram.recorded
  })
}
