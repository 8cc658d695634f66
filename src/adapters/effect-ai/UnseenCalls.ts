/**
 * Calls whose start the tracer of the layer did not see, because tracing is off or another tracer stands inside the
 * layer. Those that succeed, and streams, are recorded when they end.
 */
import * as Clock from "effect/Clock"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as CallbackRegion from "../../engine/context/CallbackRegion.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import { Recorder } from "../../ports/Recorder.ts"
import * as Integration from "./Integration.ts"
import type { Told } from "./ModelCall.ts"
import { ModelCall, namesIn } from "./ModelCall.ts"

export interface UnseenCalls {
  /** The provider is about to be asked. */
  readonly ask: (fiber: Fiber.Fiber<unknown, unknown>, prompt: object) => void
  /** The call is over. */
  readonly record: (told: Told & { readonly span: Tracer.Span }) => void
}

export const make = (diagnostics: DiagnosticsService): UnseenCalls => {
  const askedAt = new WeakMap<object, bigint>()
  return {
    ask: (fiber, prompt) => {
      if (fiber.getRef(Recorder) !== undefined) {
        askedAt.set(prompt, fiber.getRef(Clock.Clock).currentTimeNanosUnsafe())
      }
    },
    record: (told) => {
      const fiber = Fiber.getCurrent()
      const recorder = fiber?.getRef(Recorder)
      if (fiber === undefined || recorder === undefined) return
      const reader = CallbackRegion.within(CallbackRegion.around(fiber), fiber)
      const parent = reader.getRef(CurrentSpan)
      if (RunningLayers.isClaimed(reader)) return
      const { span } = told
      const open = recorder.start({
        kind: "llm",
        name: span.name,
        at: askedAt.get(told.prompt),
        ambient: reader,
        span: { traceId: span.traceId, spanId: span.spanId },
        options: Integration.options,
        scoped: true
      })
      if (open === undefined) return
      diagnostics.warnOnce("effect_ai.unseen", line)
      const clock = reader.getRef(Clock.Clock)
      const call = new ModelCall({ recorder, open, parent, span, clock, names: namesIn(reader.context) })
      for (const [key, value] of span.attributes) call.attribute(key, value)
      call.tell(told)
      call.end(clock.currentTimeNanosUnsafe(), Exit.void)
    }
  }
}

const line =
  "A call of a language model ran where tracing is off or another tracer hides the one of EffectAi, so it is recorded when it succeeds, without its tools; calls that fail are not recorded there. See docs/integrations.md."
