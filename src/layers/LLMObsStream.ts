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
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import * as JsonSnapshot from "../domain/json/JsonSnapshot.ts"
import * as JsonText from "../domain/json/JsonText.ts"
import * as Problem from "../domain/Problem.ts"
import * as Promised from "../domain/Promised.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import * as OptionReader from "../engine/record/OptionReader.ts"
import * as PairedSpan from "../engine/record/PairedSpan.ts"
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
    const accumulation = accumulationOf(options)
    return (self: Stream.Stream<unknown, unknown, unknown>) =>
      Stream.fromChannel(
        Channel.fromTransformBracket((upstream, _scope, scope) =>
          Effect.flatMap(
            Effect.withFiber((fiber) => begin(fiber, kind, name, options, accumulation, scope)),
            (watched) =>
              Effect.map(
                Effect.updateContext(Channel.toTransform(Stream.toChannel(self))(upstream, scope), watched.inside),
                (pull) => watch(pull, watched) as typeof pull
              )
          )
        )
      )
  }) as StreamSpanFunction

const accumulationOf = (
  options: Partial<Accumulation<unknown, unknown>> | undefined
): Accumulation<unknown, unknown> | undefined => {
  const read = <A, K extends keyof A & string>(from: A | undefined, key: K) =>
    OptionReader.read(from, key, OptionReader.ignore)
  const accumulate = read(options, "accumulate")
  if (typeof accumulate !== "function") return undefined
  const output = read(options, "output")
  const limit = read(options, "accumulateLimit")
  return {
    accumulate,
    output: typeof output === "function" ? output : undefined,
    accumulateLimit: { parts: read(limit, "parts"), bytes: read(limit, "bytes") }
  }
}

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
  let recording: Recording | undefined
  const watched: Mutable<Watched> = { inside: (context) => context, see: undefined, ended: undefined }
  return Effect.map(
    PairedSpan.openScoped(fiber, scope, { kind, name, options }, (span, exit) => {
      recording?.finish()
      return span.endAndWait({ exit: watched.ended ?? whenLeft(exit) })
    }),
    (span) => {
      recording = span.open === undefined ? undefined : record(span, fiber, accumulation)
      watched.inside = remembered((context) => span.inside(context))
      watched.see = recording?.see
      return watched
    }
  )
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

// Every pull of a stream usually comes from the same context.
const remembered = <A extends object, B>(f: (value: A) => B): (value: A) => B => {
  let last: { readonly value: A; readonly result: B } | undefined
  return (value) => (last?.value === value ? last : last = { value, result: f(value) }).result
}

// A consumer that fails has left the stream; the failure is not the stream's.
const whenLeft = (exit: Exit.Exit<unknown, unknown>): Exit.Exit<unknown, unknown> =>
  exit._tag === "Failure" && Cause.hasInterruptsOnly(exit.cause) ? exit : Exit.void

interface Recording {
  readonly see: (elements: ReadonlyArray<unknown>) => void
  /** Writes the output. */
  readonly finish: () => void
}

const record = (
  span: PairedSpan.PairedSpan,
  fiber: Fiber.Fiber<unknown, unknown>,
  accumulation: Accumulation<unknown, unknown> | undefined
): Recording => {
  const clock = fiber.getRef(Clock.Clock)
  const startedAt = clock.monotonicTimeNanosUnsafe()
  const parts = accumulation === undefined
    ? undefined
    : accumulate(accumulation, span.kind, fiber.getRef(Recorder)!.report)
  let first = true
  return {
    see: (elements) => {
      if (first) {
        first = false
        const seconds = Number(clock.monotonicTimeNanosUnsafe() - startedAt) / 1e9
        span.annotate({ metrics: { timeToFirstToken: seconds } })
      }
      parts?.add(elements)
    },
    finish: () => {
      const output = parts?.output()
      if (output !== undefined) span.annotate({ output })
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

const promised = Problem.make(
  "unreadable_value",
  "A function given to accumulate the output of a stream gave a promise. Give plain values: what it stands for is left out.",
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
      const value = f()
      if (!Promised.take(value)) return value
      report([promised])
      return undefined
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
