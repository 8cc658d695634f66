/** Ours in a program that runs each span by `runSync`, so nothing else runs between them. */
import * as LLMObs from "effect-llmobs/LLMObs"
import type { Start } from "../Library.ts"
import * as EffectProgram from "./EffectProgram.ts"

export const start: Start = (sink) =>
  EffectProgram.start({
    layer: LLMObs.layer({ mlApp: "bench", agentUrl: sink }),
    make: EffectProgram.recorded,
    way: "runSync"
  })
