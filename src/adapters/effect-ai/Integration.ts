/**
 * The mark of spans that come from `effect/ai`.
 */
import type { SpanOptions } from "../../ports/Recorder.ts"

/** The options of every span that is made here. */
export const options: SpanOptions = { tags: { integration: "effect_ai" } }
