/**
 * Spans around effects and spans made by hand, as `effect-llmobs/LLMObs` exports them.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import type { AnnotationInput } from "../domain/span/Annotation.ts"
import type * as MlApp from "../domain/span/MlApp.ts"
import type { Source } from "../domain/span/SessionSource.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import * as CallbackRegion from "../engine/context/CallbackRegion.ts"
import * as Capture from "../engine/record/Capture.ts"
import * as OptionReader from "../engine/record/OptionReader.ts"
import * as PairedSpan from "../engine/record/PairedSpan.ts"
import { CurrentSpan as Current } from "../ports/CurrentSpan.ts"
import type { NotFunction, SpanEnd, SpanOptions } from "../ports/Recorder.ts"

/**
 * Records the arguments and the result of a function on its span.
 *
 * **Details**
 *
 * Arguments are known if the span function is an argument of `Effect.fn` or `Effect.fnUntraced`: a single one is the
 * input, several become a list. In a pipe there are none. An explicit `input` or `output` wins, as an option or as an
 * annotation. Both are bounded and redacted like any content.
 *
 * @category models
 * @since 0.2.0
 */
export interface CaptureOptions {
  /** `true` records the arguments as the input and the result as the output; an object selects. Default: neither. */
  readonly capture?: Capture.CaptureInput | undefined
}

/**
 * A function that records an effect as a span of one kind.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanFunction {
  /**
   * Records the effect as a span called `name`, which begins and ends with it; a failure is the span's error. `output`
   * makes the span's output from the effect's result.
   */
  <A>(name: string, options: OutputOptions<A>): Recorded<A>
  /**
   * Records the effect as a span called `name`, which begins and ends with it; a failure is the span's error. For a pipe,
   * and for the last argument of `Effect.fn`.
   *
   * `capture: true` records the arguments of `Effect.fn` and the result. `input` and `output` set them explicitly:
   * messages for a model, documents for a search, any value for other kinds, or the unchanged request and answer of a
   * provider. Without a layer the span is a plain Effect span.
   */
  <O>(
    name: string,
    options?: SpanOptions & CaptureOptions & { readonly output?: O & NotFunction<O> }
  ): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>>
  /**
   * The first overload again, because the compiler explains only why the last overload does not match.
   */
  <A>(name: string, options: OutputOptions<A>): Recorded<A>
}

type OutputOptions<A> = SpanOptions & CaptureOptions & { readonly output: (result: NoInfer<A>) => unknown }

type Recorded<A> = <E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>>

const spanFunction = (kind: SpanKind): SpanFunction =>
  ((name: string, options?: SpanOptions & CaptureOptions) => {
    const output = OptionReader.output(options)
    const capture = Capture.read(options)
    return (self: Effect.Effect<unknown, unknown, unknown>, ...args: ReadonlyArray<unknown>) =>
      Effect.withFiber((fiber) => {
        let span: PairedSpan.PairedSpan | undefined
        let around: Context.Context<never> | undefined
        // The finalizer comes first: a fiber that is interrupted as soon as the span has opened still ends it. It also
        // restores the context, as that of `Effect.updateContext` would in a step of its own.
        return Effect.onExitPrimitive(
          Effect.suspend(() => {
            span = PairedSpan.open(fiber, { kind, name, options, scoped: true })
            if (capture.input) Capture.annotateInput(span, options, args)
            around = fiber.context
            fiber.setContext(span.inside(around))
            return self
          }),
          (exit) => {
            if (around !== undefined) fiber.setContext(around)
            return span?.endAndWait(
              capture.output && exit._tag === "Success"
                ? { exit, output, defaultOutput: () => exit.value }
                : { exit, output }
            )
          }
        )
      })
  }) as SpanFunction

/**
 * Records a call of a model. Input and output are messages.
 *
 * @category spans
 * @since 0.1.0
 */
export const llm: SpanFunction = spanFunction("llm")

/**
 * Records an agent: a program that decides its own steps.
 *
 * **Example** (The manifest of an agent)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 *
 * const clerk = Effect.succeed("It arrives tomorrow.").pipe(LLMObs.agent("clerk", {
 *   manifest: {
 *     instructions: "Answer in one sentence.",
 *     model: "gpt-5",
 *     modelSettings: { temperature: 0.2 },
 *     tools: [{ name: "track", description: "Finds a parcel." }]
 *   }
 * }))
 *
 * await Effect.runPromise(clerk) // => "It arrives tomorrow."
 * ```
 *
 * @category spans
 * @since 0.1.0
 */
export const agent: SpanFunction = spanFunction("agent")

/**
 * Records a workflow: steps in a fixed order, with model calls among them.
 *
 * @category spans
 * @since 0.1.0
 */
export const workflow: SpanFunction = spanFunction("workflow")

/**
 * Records a step that calls no model and no outside service.
 *
 * @category spans
 * @since 0.1.0
 */
export const task: SpanFunction = spanFunction("task")

/**
 * Records a call of a tool.
 *
 * @category spans
 * @since 0.1.0
 */
export const tool: SpanFunction = spanFunction("tool")

/**
 * Records a call of an embedding model. Input is documents, output text.
 *
 * @category spans
 * @since 0.1.0
 */
export const embedding: SpanFunction = spanFunction("embedding")

/**
 * Records a search. Output is documents.
 *
 * @category spans
 * @since 0.1.0
 */
export const retrieval: SpanFunction = spanFunction("retrieval")

/**
 * Records a run of an experiment. Input and output are kept as JSON values.
 *
 * @category spans
 * @since 0.1.0
 */
export const experiment: SpanFunction = spanFunction("experiment")

/**
 * A span made by hand. It is open until `endSpan` ends it. A span that is still open when its layer closes is ended
 * then, and its event is tagged `effect.span.unfinished`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Span {
  readonly kind: SpanKind
  /** The Effect span of the same work. Do not end it: it ends with this span. */
  readonly span: Tracer.Span
}

/**
 * The options of a span made by hand. `at` is the time of its start, in Unix nanoseconds. Default: now.
 *
 * @category models
 * @since 0.2.0
 */
export interface MakeSpanOptions extends SpanOptions {
  readonly at?: bigint | undefined
}

/**
 * Opens a span under the running one, for work that is no single effect: a call whose answer arrives by a callback, or
 * one that began earlier. `withParentSpan` runs effects inside it, `annotateSpan` adds to it, `endSpan` ends it.
 *
 * **Example** (A call that another system reports, with its times)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 *
 * const reported = (call: { readonly startedAt: bigint; readonly endedAt: bigint; readonly model: string }) =>
 *   Effect.gen(function*() {
 *     const span = yield* LLMObs.makeSpan("llm", "chat", { at: call.startedAt, input: "Where is my parcel?" })
 *     yield* LLMObs.annotateSpan(span, { model: call.model, provider: "openai", output: "It arrives tomorrow." })
 *     yield* LLMObs.endSpan(span, { at: call.endedAt })
 *     return span.kind
 *   })
 *
 * await Effect.runPromise(reported({ startedAt: 1_000_000n, endedAt: 2_000_000n, model: "gpt-5" })) // => "llm"
 * ```
 *
 * @category spans
 * @since 0.2.0
 */
export const makeSpan = (kind: SpanKind, name: string, options?: MakeSpanOptions): Effect.Effect<Span> =>
  Effect.withFiber((fiber) => Effect.succeed(PairedSpan.open(fiber, { kind, name, options, at: atOf(options) })))

/**
 * Opens a span that ends with the scope, with the scope's exit.
 *
 * **Example** (A span as long as a connection)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 *
 * const session = Effect.scoped(Effect.gen(function*() {
 *   const span = yield* LLMObs.makeSpanScoped("agent", "voice session")
 *   return yield* Effect.succeed("Hello").pipe(LLMObs.llm("greet"), LLMObs.withParentSpan(span))
 * }))
 *
 * await Effect.runPromise(session) // => "Hello"
 * ```
 *
 * @category spans
 * @since 0.2.0
 */
export const makeSpanScoped = (
  kind: SpanKind,
  name: string,
  options?: MakeSpanOptions
): Effect.Effect<Span, never, Scope.Scope> =>
  Effect.withFiber((fiber) =>
    PairedSpan.openScoped(
      fiber,
      Context.getUnsafe(fiber.context, Scope.Scope),
      { kind, name, options, at: atOf(options) },
      (span, exit) => span.endAndWait({ exit })
    )
  )

const atOf = (options: MakeSpanOptions | undefined): bigint | undefined =>
  OptionReader.read(options, "at", OptionReader.ignore)

/**
 * Runs an effect inside a span made by hand, which stays open. Spans that start in the effect are its children, and
 * `annotateCurrentSpan` adds to it.
 *
 * @category spans
 * @since 0.2.0
 */
export const withParentSpan =
  (span: Span) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
    Effect.updateContext(
      self,
      (context: Context.Context<Exclude<R, Tracer.ParentSpan>>) =>
        (span as PairedSpan.PairedSpan).inside(context) as Context.Context<R>
    )

/**
 * Adds to a span made by hand, like `annotateCurrentSpan` to the running one.
 *
 * @category annotations
 * @since 0.2.0
 */
export const annotateSpan = (span: Span, input: AnnotationInput): Effect.Effect<void> =>
  Effect.sync(() => (span as PairedSpan.PairedSpan).annotate(input))

/**
 * Ends a span made by hand; a second call changes nothing. `at` is the time of its end, in Unix nanoseconds. A failure
 * is an `error` or that of an `exit`. `interrupted` marks work that was cut short on purpose, which is no failure.
 *
 * @category spans
 * @since 0.2.0
 */
export const endSpan = (span: Span, end?: Omit<SpanEnd, "output" | "defaultOutput">): Effect.Effect<void> =>
  Effect.suspend(() => (span as PairedSpan.PairedSpan).endAndWait(OptionReader.end(end)) ?? Effect.void)

/**
 * The running span: its LLM trace id, its decimal span id, and the sources of its labels.
 *
 * @category models
 * @since 0.1.0
 */
export interface CurrentSpan {
  readonly traceId: string
  readonly spanId: string
  readonly sources: {
    readonly session: Source | undefined
    readonly userId: Source | undefined
    readonly accountId: Source | undefined
    readonly mlApp: MlApp.Source
    readonly parent: "parent" | "propagated" | undefined
  }
}

/**
 * The running LLM Observability span, if there is one.
 *
 * @category accessors
 * @since 0.1.0
 */
export const currentSpan: Effect.Effect<Option.Option<CurrentSpan>> = Effect.withFiber((fiber) => {
  const open = CallbackRegion.readerOf(fiber).getRef(Current)
  if (open === undefined) return Effect.succeedNone
  const { context } = open
  return Effect.succeedSome({
    traceId: context.traceId,
    spanId: context.spanId,
    sources: {
      session: context.session?.source,
      userId: context.userId?.source,
      accountId: context.accountId?.source,
      mlApp: context.mlApp.source,
      parent: context.parentSource
    }
  })
})
