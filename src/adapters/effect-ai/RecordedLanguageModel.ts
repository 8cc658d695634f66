/**
 * A language model that records its calls.
 */
import type { LanguageModel } from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { guard } from "../../engine/books/Guard.ts"
import * as CallbackRegion from "../../engine/context/CallbackRegion.ts"
import * as PairedSpan from "../../engine/record/PairedSpan.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import { Diagnostics } from "../../ports/Diagnostics.ts"
import { Recorder } from "../../ports/Recorder.ts"
import * as Integration from "./Integration.ts"
import type { ModelNames } from "./ModelCall.ts"
import { ModelCall } from "./ModelCall.ts"
import * as RecordedToolkit from "./RecordedToolkit.ts"
import * as UnclaimedCall from "./UnclaimedCall.ts"

type Options = { readonly prompt: Prompt.RawInput; readonly toolkit?: unknown }

export const make = (model: LanguageModel, names: ModelNames): LanguageModel => {
  const record = (name: "generateText" | "generateObject") => (options: Options) =>
    UnclaimedCall.record(call(model, name, options), (fiber) => {
      let running: Running | undefined
      return Effect.onExitPrimitive(
        Effect.suspend(() => {
          const opened = running = open(fiber, `LanguageModel.${name}`, options, names)
          if (opened === undefined) return call(model, name, options)
          return Effect.updateContext(call(model, name, opened.options), opened.span.inside.bind(opened.span))
        }),
        (exit) => running?.end(exit)
      )
    })
  return {
    ...model,
    generateText: record("generateText"),
    generateObject: record("generateObject"),
    streamText: (options: Options) =>
      Stream.unwrap(Effect.withFiber((fiber) =>
        Effect.succeed(
          UnclaimedCall.isIn(fiber) ? recordedStream(model, options, names) : model.streamText(options as never)
        )
      ))
  } as LanguageModel
}

// The type of a call depends on its options, which are passed on.
const call = (model: LanguageModel, name: "generateText" | "generateObject", options: Options) =>
  (model[name] as (options: Options) => Effect.Effect<object, unknown>)(options)

interface Running {
  readonly span: PairedSpan.PairedSpan
  readonly options: Options
  /** Adds parts of a stream. */
  readonly see: (parts: ReadonlyArray<unknown>) => void
  /** The caller runs the returned effect, which waits for room. */
  readonly end: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> | undefined
  /** Ends the event without reading the answer, after `end` threw. */
  readonly giveUp: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> | undefined
}

// More parts than any answer has, so that a stream without end fills no memory.
const mostParts = 100_000

const open = (...args: Parameters<typeof start>): Running | undefined => {
  const diagnostics = Context.getOrUndefined(args[0].context, Diagnostics)
  const running = diagnostics && guard(diagnostics, "effect_ai.start", () => start(...args), undefined)
  return running && guarded(running, diagnostics)
}

/** A model of the program can give answers that throw when they are read. The event then ends without an answer. */
const guarded = (running: Running, diagnostics: DiagnosticsService): Running => ({
  ...running,
  see: (parts) => guard(diagnostics, "effect_ai.part", () => running.see(parts), undefined),
  end: (exit) => {
    const ended = guard(diagnostics, "effect_ai.end", () => ({ waits: running.end(exit) }), undefined)
    return ended === undefined
      ? guard(diagnostics, "effect_ai.end", () => running.giveUp(exit), undefined)
      : ended.waits
  }
})

const start = (
  fiber: Fiber.Fiber<unknown, unknown>,
  name: string,
  options: Options,
  names: ModelNames
): Running => {
  const prompt = Prompt.make(options.prompt)
  const parent = CallbackRegion.readerOf(fiber).getRef(CurrentSpan)
  const span = PairedSpan.open(fiber, { kind: "llm", name, options: Integration.options, scoped: true })
  // While recording is off there is only the Effect span.
  const giveUp = (exit: Exit.Exit<unknown, unknown>) => span.endAndWait({ exit })
  if (span.open === undefined) return { span, options, see: () => {}, end: giveUp, giveUp }
  const clock = fiber.getRef(Clock.Clock)
  const recorder = fiber.getRef(Recorder)!
  const model = new ModelCall({ recorder, open: span.open, parent, span: span.span, clock, names })
  const startedAt = clock.monotonicTimeNanosUnsafe()
  const toolkit = RecordedToolkit.make(options.toolkit, model)
  const parts: Array<unknown> = []
  model.ask(prompt)
  return {
    span,
    options: options.toolkit === undefined ? options : { ...options, toolkit: toolkit.recorded },
    see: (more) => {
      if (parts.length === 0 && more.length > 0) {
        span.annotate({ metrics: { timeToFirstToken: Number(clock.monotonicTimeNanosUnsafe() - startedAt) / 1e9 } })
      }
      for (const part of more) {
        if (parts.length < mostParts) parts.push(part)
        if ((part as { readonly type?: unknown } | undefined)?.type === "finish") model.answer()
      }
    },
    end: (exit) => {
      const content = exit._tag === "Success"
        ? (exit.value as { readonly content?: unknown } | undefined)?.content
        : undefined
      const response = Array.isArray(content) ? content : parts
      if (response.length > 0 || toolkit.tools().length > 0) model.tell({ prompt, tools: toolkit.tools(), response })
      return model.endAndWait(clock.currentTimeNanosUnsafe(), exit)
    },
    giveUp
  }
}

// If a consumer fails, it has left the stream; the stream itself did not fail.
const whenLeft = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause) ? exit : Exit.void

const recordedStream = (
  model: LanguageModel,
  options: Options,
  names: ModelNames
): Stream.Stream<unknown, unknown> =>
  Stream.fromChannel(Channel.fromTransformBracket((upstream, _scope, scope) =>
    Effect.withFiber((fiber) => {
      let running: Running | undefined
      let ended: Exit.Exit<unknown, unknown> | undefined
      return Effect.flatMap(
        Effect.acquireRelease(
          Effect.sync(() => running = open(fiber, "LanguageModel.streamText", options, names)),
          (_, exit) => Effect.suspend(() => running?.end(ended ?? whenLeft(exit)) ?? Effect.void)
        ).pipe(Effect.provideService(Scope.Scope, scope)),
        (opened) => {
          const inside = (context: Context.Context<never>) => opened?.span.inside(context) ?? context
          const stream = model.streamText((opened?.options ?? options) as never) as Stream.Stream<unknown, unknown>
          return Effect.map(
            Effect.updateContext(Channel.toTransform(Stream.toChannel(stream))(upstream, scope), inside),
            (pull) =>
              Effect.onExitPrimitive(Effect.updateContext(pull, inside) as typeof pull, (exit) => {
                if (exit._tag === "Success") opened?.see(exit.value)
                else ended = Pull.doneExitFromCause(exit.cause)
                return undefined
              })
          )
        }
      )
    })
  ))
