/**
 * Spans around streams.
 *
 * **Details**
 *
 * The functions have the names of those in `effect-llmobs/LLMObs`. A span starts when an element of its stream is first
 * requested. It ends when its consumer is done: at the end of the stream, when the consumer has enough, when the stream
 * fails, or when it is interrupted. Elements pass without delay. The stream itself runs inside the span; its consumers
 * downstream do not.
 *
 * **Example** (The answer of a model, token by token)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import * as LLMObsStream from "effect-llmobs/LLMObsStream"
 *
 * const tokens = Stream.make("It arrives ", "tomorrow.").pipe(
 *   LLMObsStream.llm("chat", { model: "gpt-5", provider: "openai", input: "Where is my parcel?" })
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
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { SideInput } from "../domain/span/Annotation.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import * as Capture from "../engine/record/Capture.ts"
import * as PairedSpan from "../engine/record/PairedSpan.ts"
import type { Limit } from "../engine/record/StreamOutput.ts"
import * as StreamOutput from "../engine/record/StreamOutput.ts"
import type { NotFunction, SpanOptions, SpanStart } from "../ports/Recorder.ts"
import { Recorder } from "../ports/Recorder.ts"
import type { CaptureOptions } from "./Spans.ts"

export type {
  /**
   * The limit of kept elements: their number, and the bytes of their JSON text. Default: `defaultLimit`.
   *
   * @category models
   * @since 0.2.0
   */
  Limit
}

/**
 * The way in which the output of a span is made from the elements of its stream.
 *
 * @category models
 * @since 0.1.0
 */
export interface Accumulation<in A, P> {
  /** The part to keep of an element, or `undefined` for none. It is read at once, so later changes do not matter. */
  readonly accumulate: (element: A) => P | undefined
  /**
   * The output, made from the kept parts. By default texts are joined, on an llm span as the message of an assistant,
   * and other parts become a list. It is made in every exit; a stream that was cut short has its beginning as output.
   */
  readonly output?: ((parts: ReadonlyArray<P>) => unknown) | undefined
  /**
   * The limit of kept parts, for the rest of the stream. Default: 100,000 parts and 1,000,000 bytes of their JSON text.
   */
  readonly accumulateLimit?: Limit | undefined
}

/**
 * The options of a stream's span without `accumulate`.
 *
 * @category models
 * @since 0.2.0
 */
export interface StreamOptions extends CaptureOptions {
  readonly accumulate?: undefined
  /**
   * The limit of kept elements, for the rest of the stream. Default: 100,000 elements, and 1,000,000 bytes of the JSON
   * text that `output` or `capture` keeps. Chunks of a provider are joined as they arrive, within the limits of any
   * content.
   */
  readonly accumulateLimit?: Limit | undefined
}

/**
 * A function that records a stream as a span of one kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamSpanFunction {
  /**
   * Records the stream as a span called `name`, from its first pull until its consumer is done. `accumulate` selects
   * the part of each element to keep, `output` makes the span's output from the parts.
   */
  <A, P>(
    name: string,
    options: Omit<SpanOptions, "output"> & CaptureOptions & Accumulation<NoInfer<A>, P>
  ): Recorded<A>
  /**
   * Records the stream as a span called `name`, from its first pull until its consumer is done. `output` makes the span's
   * output from its elements.
   */
  <A>(name: string, options: OutputOptions<A>): Recorded<A>
  /**
   * Records the stream as a span called `name`, from its first pull until its consumer is done, with the time to its first
   * element.
   *
   * An llm span joins texts and the chunks of known providers by itself: text, tool calls, token counts, finish
   * reasons, the model. If the elements are neither, no output is recorded and a problem is reported. Any other span
   * has no output without `accumulate`, `output`, or `capture`, which keeps the elements.
   */
  <O>(
    name: string,
    options?: SpanOptions & StreamOptions & { readonly output?: O & NotFunction<O> }
  ): <A, E, R>(self: Stream.Stream<A, E, R>) => Stream.Stream<A, E, Exclude<R, Tracer.ParentSpan>>
  /**
   * The overload with `output` again, because the compiler explains only why the last overload does not match.
   */
  <A>(name: string, options: OutputOptions<A>): Recorded<A>
}

type OutputOptions<A> = Omit<SpanOptions, "output"> & StreamOptions & {
  readonly output: (elements: ReadonlyArray<NoInfer<A>>) => unknown
}

type Recorded<A> = <E, R>(self: Stream.Stream<A, E, R>) => Stream.Stream<A, E, Exclude<R, Tracer.ParentSpan>>

/**
 * The default limit of kept elements: their number, and the bytes of their JSON text.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultLimit = StreamOutput.defaultLimit

const spanFunction = (kind: SpanKind): StreamSpanFunction =>
  ((name: string, options?: SpanOptions & StreamOutput.Options) => {
    const plan = StreamOutput.plan(kind, options)
    const capture = Capture.read(options)
    return (self: Stream.Stream<unknown, unknown, unknown>, ...args: ReadonlyArray<unknown>) =>
      Stream.fromChannel(
        Channel.fromTransformBracket((upstream, _scope, scope) =>
          Effect.flatMap(
            Effect.withFiber((fiber) =>
              begin(fiber, scope, { kind, name, options }, plan, (span) => {
                if (capture.input) Capture.annotateInput(span, options, args)
              })
            ),
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
  /** Observes elements as they pass. If it is absent, elements are not observed. */
  readonly see: ((elements: ReadonlyArray<unknown>) => void) | undefined
  /** The exit of the stream itself, if it ended. */
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
  scope: Scope.Scope,
  start: Pick<SpanStart, "kind" | "name" | "options">,
  plan: StreamOutput.Plan | undefined,
  onOpen: (span: PairedSpan.PairedSpan) => void
): Effect.Effect<Watched> => {
  let output: StreamOutput.StreamOutput | undefined
  const watched: Mutable<Watched> = { inside: (context) => context, see: undefined, ended: undefined }
  return Effect.map(
    PairedSpan.openScoped(fiber, scope, start, (span, exit) => {
      if (plan?.asked === true && output !== undefined) span.annotate({ output: output.end() as SideInput })
      return span.endAndWait({
        exit: watched.ended ?? whenLeft(exit),
        defaultOutput: plan?.asked === false ? output?.end : undefined
      })
    }),
    (span) => {
      watched.inside = remembered((context) => span.inside(context))
      if (span.open !== undefined) {
        onOpen(span)
        output = plan?.start(fiber.getRef(Recorder)!.report)
        watched.see = see(span, fiber.getRef(Clock.Clock), output)
      }
      return watched
    }
  )
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

// Cached, because pulls of a stream usually share one context.
const remembered = <A extends object, B>(f: (value: A) => B): (value: A) => B => {
  let last: { readonly value: A; readonly result: B } | undefined
  return (value) => (last?.value === value ? last : last = { value, result: f(value) }).result
}

// If a consumer fails, it has left the stream; the stream itself did not fail.
const whenLeft = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause) ? exit : Exit.void

const see = (
  span: PairedSpan.PairedSpan,
  clock: Clock.Clock,
  output: StreamOutput.StreamOutput | undefined
): (elements: ReadonlyArray<unknown>) => void => {
  const startedAt = clock.monotonicTimeNanosUnsafe()
  let first = true
  return (elements) => {
    if (first) {
      first = false
      const seconds = Number(clock.monotonicTimeNanosUnsafe() - startedAt) / 1e9
      span.annotate({ metrics: { timeToFirstToken: seconds } })
    }
    output?.add(elements)
  }
}

/**
 * Records a call of a model that streams its answer. The output is messages. Without `accumulate`, texts and the chunks of
 * known providers are joined: text, tool calls, token counts and finish reasons.
 *
 * @category spans
 * @since 0.1.0
 */
export const llm: StreamSpanFunction = spanFunction("llm")

/**
 * Records an agent that streams its answer.
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
 * Records a search that streams its results. The output is documents.
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
