/**
 * Spans around streams.
 *
 * **Details**
 *
 * The functions have the names of those in `effect-llmobs/LLMObs`. A span starts when its stream is first asked for an
 * element and ends when its consumer is done: at the end of the stream, when the consumer has enough, when the stream
 * fails, or when it is interrupted. Elements pass as they come; none is held back. Everything that the stream itself does
 * runs inside the span, what happens to its elements downstream does not.
 *
 * **Example** (The answer of a model, token by token)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import * as LLMObsStream from "effect-llmobs/LLMObsStream"
 *
 * const tokens = Stream.make({ text: "It arrives " }, { text: "tomorrow." }).pipe(
 *   LLMObsStream.llm("chat", {
 *     model: "gpt-5",
 *     provider: "openai",
 *     input: "Where is my parcel?",
 *     accumulate: (token) => token.text
 *   })
 * )
 *
 * await Effect.runPromise(Stream.runCount(tokens)) // => 2
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Channel from "effect/Channel"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as JsonSnapshot from "../domain/json/JsonSnapshot.ts"
import * as JsonText from "../domain/json/JsonText.ts"
import * as Problem from "../domain/Problem.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import type { Slot } from "../ports/Carrier.ts"
import { CarrierSlot } from "../ports/Carrier.ts"
import type { OpenSpan } from "../ports/CurrentSpan.ts"
import { CurrentSpan } from "../ports/CurrentSpan.ts"
import type { RecorderService, SpanOptions } from "../ports/Recorder.ts"
import { Recorder } from "../ports/Recorder.ts"

/**
 * How the output of a span is made from the elements of its stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface Accumulation<in A, P> {
  /** What to keep of an element; nothing for `undefined`. It is read at once: later changes do not show. */
  readonly accumulate: (element: A) => P | undefined
  /**
   * The output, from what was kept. By default texts are joined, on an llm span as the message of an assistant, and
   * anything else is a list. It is made in every exit: of a stream that was cut short it is the beginning.
   */
  readonly output?: ((parts: ReadonlyArray<P>) => unknown) | undefined
  /** Where keeping ends, for the rest of the stream. Default: 100,000 parts and 1,000,000 bytes of their JSON text. */
  readonly accumulateLimit?: { readonly parts?: number | undefined; readonly bytes?: number | undefined } | undefined
}

/**
 * A function that records a stream as a span of one kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamSpanFunction {
  <A, P>(
    name: string,
    options: Omit<SpanOptions, "output"> & Accumulation<NoInfer<A>, P>
  ): <E, R>(self: Stream.Stream<A, E, R>) => Stream.Stream<A, E, Exclude<R, Tracer.ParentSpan>>
  (
    name: string,
    options?: SpanOptions & { readonly accumulate?: undefined }
  ): <A, E, R>(self: Stream.Stream<A, E, R>) => Stream.Stream<A, E, Exclude<R, Tracer.ParentSpan>>
}

/**
 * @category constants
 * @since 0.1.0
 */
export const defaultLimit = { parts: 100_000, bytes: 1_000_000 } as const

const spanFunction = (kind: SpanKind): StreamSpanFunction =>
  ((name: string, options?: SpanOptions & Partial<Accumulation<unknown, unknown>>) => {
    const accumulation = typeof options?.accumulate === "function"
      ? options as Accumulation<unknown, unknown>
      : undefined
    const said = accumulation === undefined ? options : { ...options, output: undefined }
    return (self: Stream.Stream<unknown, unknown, unknown>) =>
      Stream.fromChannel(
        Channel.fromTransformBracket((upstream, _scope, scope) =>
          Effect.flatMap(
            Effect.withFiber((fiber) => begin(fiber, kind, name, said, accumulation, scope)),
            (watched) =>
              Effect.map(
                Effect.updateContext(Channel.toTransform(Stream.toChannel(self))(upstream, scope), watched.inside),
                (pull) => watch(pull, watched) as typeof pull
              )
          )
        )
      )
  }) as StreamSpanFunction

interface Watched {
  readonly inside: (context: Context.Context<unknown>) => Context.Context<unknown>
  /** Sees elements on their way; without anything to see it is left out. */
  readonly see: ((elements: ReadonlyArray<unknown>) => void) | undefined
  /** How the stream itself ended, if it did. */
  ended: Exit.Exit<unknown, unknown> | undefined
}

const watch = <A, E, Done, R>(
  pull: Pull.Pull<ReadonlyArray<A>, E, Done, R>,
  watched: Watched
): Pull.Pull<ReadonlyArray<A>, E, Done, R> =>
  Effect.onExitPrimitive(Effect.updateContext(pull, watched.inside) as typeof pull, (exit) => {
    if (exit._tag === "Success") watched.see?.(exit.value)
    else watched.ended = Pull.doneExitFromCause(exit.cause)
    return undefined
  })

const begin = (
  fiber: Fiber.Fiber<unknown, unknown>,
  kind: SpanKind,
  name: string,
  options: SpanOptions | undefined,
  accumulation: Accumulation<unknown, unknown> | undefined,
  scope: Scope.Scope
): Effect.Effect<Watched> => {
  const recorder = fiber.getRef(Recorder)
  const slot: Slot = { kind, carrier: undefined }
  const spanOptions = recorder === undefined ? undefined : { annotations: Context.make(CarrierSlot, slot) }
  return Effect.uninterruptible(Effect.flatMap(Effect.makeSpan(name, spanOptions), (span) => {
    const open = recorder?.start({ ambient: fiber, kind, name, options, span, carrier: slot.carrier })
    const recording = recorder === undefined || open === undefined
      ? undefined
      : record(recorder, open, fiber, kind, accumulation)
    const watched: Watched = {
      inside: remembered((context) =>
        open === undefined
          ? Context.add(context, Tracer.ParentSpan, span)
          : Context.add(Context.add(context, Tracer.ParentSpan, span), CurrentSpan, open)
      ),
      see: recording?.see,
      ended: undefined
    }
    return Effect.as(
      Scope.addFinalizerExit(scope, (exit) =>
        Effect.withFiber((fiber) => {
          const own = watched.ended ?? whenLeft(exit)
          const waits = recording?.end(fiber, own)
          const clock = fiber.getRef(Clock.Clock)
          const timed = fiber.getRef(References.TracerTimingEnabled)
          const endSpan = () => {
            if (span.status._tag !== "Ended") span.end(timed ? clock.currentTimeNanosUnsafe() : 0n, own)
          }
          if (waits !== undefined) return Effect.andThen(waits, Effect.sync(endSpan))
          endSpan()
          return Effect.void
        })),
      watched
    )
  }))
}

// Every pull of a stream usually comes from the same context.
const remembered = <A extends object, B>(f: (value: A) => B): (value: A) => B => {
  let last: { readonly value: A; readonly result: B } | undefined
  return (value) => (last?.value === value ? last : last = { value, result: f(value) }).result
}

// A consumer that fails has left the stream; the failure is not the stream's.
const whenLeft = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause) ? exit : Exit.void

const record = (
  recorder: RecorderService,
  open: OpenSpan,
  fiber: Fiber.Fiber<unknown, unknown>,
  kind: SpanKind,
  accumulation: Accumulation<unknown, unknown> | undefined
) => {
  const clock = fiber.getRef(Clock.Clock)
  const startedAt = clock.monotonicTimeNanosUnsafe()
  const parts = accumulation === undefined ? undefined : accumulate(accumulation, kind, recorder.report)
  let first = true
  return {
    see: (elements: ReadonlyArray<unknown>): void => {
      if (first) {
        first = false
        const seconds = Number(clock.monotonicTimeNanosUnsafe() - startedAt) / 1e9
        recorder.annotate(open, { metrics: { timeToFirstToken: seconds } })
      }
      parts?.add(elements)
    },
    end: (
      fiber: Fiber.Fiber<unknown, unknown>,
      exit: Exit.Exit<unknown, unknown>
    ): Effect.Effect<void> | undefined => {
      const output = parts?.output()
      if (output !== undefined) recorder.annotate(open, { output })
      return recorder.finish(fiber, open, exit, undefined)
    }
  }
}

const tooMuch = Problem.make(
  "value_too_large",
  "A stream had more output than accumulateLimit allows. The rest is not recorded; raise the limit, or keep less of each element.",
  "output"
)

const threw = Problem.make(
  "unreadable_value",
  "A function given to accumulate the output of a stream threw. What it should have made is left out.",
  "output"
)

const accumulate = (
  options: Accumulation<unknown, unknown>,
  kind: SpanKind,
  report: RecorderService["report"]
) => {
  const kept: Array<unknown> = []
  let parts = options.accumulateLimit?.parts ?? defaultLimit.parts
  let bytes = options.accumulateLimit?.bytes ?? defaultLimit.bytes
  let full = false
  const guarded = <A>(f: () => A): A | undefined => {
    try {
      return f()
    } catch {
      report([threw])
      return undefined
    }
  }
  const add = (element: unknown): void => {
    const part = guarded(() => options.accumulate(element))
    if (part === undefined) return
    // An element that is used again for the next one must not change what was kept of it.
    const copy = typeof part === "string" ? part : JsonSnapshot.take(part, JsonSnapshot.defaultLimits, "output").value
    if (copy === undefined) return
    bytes -= JsonText.byteLength(copy)
    parts -= 1
    if (bytes < 0 || parts < 0) {
      full = true
      report([tooMuch])
    } else kept.push(copy)
  }
  return {
    add: (elements: ReadonlyArray<unknown>): void => {
      for (let i = 0; i < elements.length && !full; i++) add(elements[i])
    },
    output: (): unknown => {
      const { output } = options
      if (output !== undefined) return guarded(() => output(kept))
      if (kept.length === 0) return undefined
      if (!kept.every((part) => typeof part === "string")) return kept
      const text = kept.join("")
      return kind === "llm" ? [{ role: "assistant", content: text }] : text
    }
  }
}

/**
 * Records a call of a model that streams its answer. The output is messages.
 *
 * @category spans
 * @since 0.1.0
 */
export const llm: StreamSpanFunction = spanFunction("llm")

/**
 * Records an agent that streams what it does.
 *
 * @category spans
 * @since 0.1.0
 */
export const agent: StreamSpanFunction = spanFunction("agent")

/**
 * Records a workflow that streams its result.
 *
 * @category spans
 * @since 0.1.0
 */
export const workflow: StreamSpanFunction = spanFunction("workflow")

/**
 * Records a step that streams its result and calls no model.
 *
 * @category spans
 * @since 0.1.0
 */
export const task: StreamSpanFunction = spanFunction("task")

/**
 * Records a tool that streams its answer.
 *
 * @category spans
 * @since 0.1.0
 */
export const tool: StreamSpanFunction = spanFunction("tool")

/**
 * Records a stream of embeddings. The output is text.
 *
 * @category spans
 * @since 0.1.0
 */
export const embedding: StreamSpanFunction = spanFunction("embedding")

/**
 * Records a search that streams what it finds. The output is documents.
 *
 * @category spans
 * @since 0.1.0
 */
export const retrieval: StreamSpanFunction = spanFunction("retrieval")

/**
 * Records a run of an experiment that streams its result.
 *
 * @category spans
 * @since 0.1.0
 */
export const experiment: StreamSpanFunction = spanFunction("experiment")
