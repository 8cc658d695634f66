/**
 * The two services of `effect/ai` that a call asks for by itself: the response id tracker is given the prompt before the
 * provider is, and the span transformer the answer. Services of the program stand behind ours, and are called as before.
 */
import * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Telemetry from "effect/ai/Telemetry"
import * as Context from "effect/Context"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import * as StreamedCalls from "../../engine/context/StreamedCalls.ts"
import type { ModelCalls } from "./ModelCalls.ts"
import type { UnseenCalls } from "./UnseenCalls.ts"

type Transformer = Telemetry.SpanTransformer
type Tracker = ResponseIdTracker.Service

export interface ModelServices {
  /** The context with both services. */
  readonly around: (context: Context.Context<never>) => Context.Context<never>
  /** Both services alone, with those of a context behind them. */
  readonly behind: (context: Context.Context<never>) => Context.Context<never>
}

// The service behind each of ours, in every copy of this package.
const behind = ProcessWide.get("EffectAiServices/1", () => new WeakMap<object, Transformer | Tracker | undefined>())

export const make = (calls: ModelCalls, unseen: UnseenCalls): ModelServices => {
  const transformer = remembered((next: Transformer | undefined): Transformer => (options) => {
    calls.guarded("answer", () => {
      const call = calls.of(options.span)
      if (call !== undefined) call.tell(options)
      else if (!calls.isSeen(options.span)) unseen.record(options)
    })
    next?.(options)
  })

  const tracker = remembered((next: Tracker | undefined): Tracker => ({
    clearUnsafe: () => next?.clearUnsafe(),
    markParts: (parts, id) => {
      calls.guarded("answer", () => {
        const fiber = Fiber.getCurrent()
        if (fiber !== undefined) StreamedCalls.answer(fiber)
      })
      next?.markParts(parts, id)
    },
    prepareUnsafe: (prompt) => {
      calls.guarded("prompt", () => {
        const fiber = Fiber.getCurrent()
        if (fiber === undefined) return
        const call = callIn(fiber)
        if (call === undefined) return unseen.ask(fiber, prompt)
        call.leaveTools(fiber)
        call.ask(prompt)
      })
      return next === undefined ? Option.none() : next.prepareUnsafe(prompt)
    }
  }))

  // An approved tool that ran in the fiber is still the parent of its next steps.
  const callIn = (fiber: Fiber.Fiber<unknown, unknown>) => {
    const span = Context.getOrUndefined(fiber.context, Tracer.ParentSpan)
    if (span === undefined) return undefined
    return calls.of(span) ?? (span._tag === "Span" ? calls.of(Option.getOrUndefined(span.parent)) : undefined)
  }

  const put = (into: Context.Context<never>, from: Context.Context<never>): Context.Context<never> => {
    const theirs = Context.getOrUndefined(from, Telemetry.CurrentSpanTransformer)
    const tracking = Context.getOrUndefined(from, ResponseIdTracker.ResponseIdTracker)
    return add(
      add(into, Telemetry.CurrentSpanTransformer, transformer(behindOurs(theirs))),
      ResponseIdTracker.ResponseIdTracker,
      tracker(behindOurs(tracking))
    )
  }
  return { around: (context) => put(context, context), behind: (context) => put(Context.empty(), context) }
}

const add = <I, S>(context: Context.Context<never>, key: Context.Key<I, S>, service: S): Context.Context<never> =>
  Context.getOrUndefined(context, key) === service ? context : Context.add(context, key, service)

// A layer inside another one replaces its services, so that a call is recorded once.
const behindOurs = <A extends Transformer | Tracker>(service: A | undefined): A | undefined =>
  service !== undefined && behind.has(service) ? behind.get(service) as A | undefined : service

/** Makes each service once for the one behind it. */
const remembered = <A extends Transformer | Tracker>(make: (next: A | undefined) => A): (next: A | undefined) => A => {
  const made = new WeakMap<object, A>()
  const nothing = {}
  return (next) => {
    const known = made.get(next ?? nothing)
    if (known !== undefined) return known
    const service = make(next)
    behind.set(service, next)
    made.set(next ?? nothing, service)
    return service
  }
}
