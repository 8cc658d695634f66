/** Ours in an Effect program that forks a fiber for each span, as a server does for each request. */
import * as LLMObs from "effect-llmobs/LLMObs"
import type { Start } from "../Library.ts"
import * as EffectProgram from "./EffectProgram.ts"

export const start: Start = (sink) =>
  EffectProgram.start({
    layer: LLMObs.layer({ mlApp: "bench", agentUrl: sink }),
    make: EffectProgram.recorded,
    way: "a fiber a span"
  })
