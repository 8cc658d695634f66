/**
 * The methods of `tracer.llmobs`, as Datadog's SDK for JavaScript has them, over the engine.
 *
 * **Details**
 *
 * A wrong argument is reported and never throws into the application, as it does in that SDK. Before the engine starts, and
 * when it is switched off, functions run without a span.
 */
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import { AsyncResource } from "node:async_hooks"
import * as Problem from "../../domain/Problem.ts"
import type { Processor } from "../../domain/redaction/Redaction.ts"
import * as FunctionArguments from "../../domain/sdk/FunctionArguments.ts"
import type { SdkAnnotation } from "../../domain/sdk/SdkAnnotation.ts"
import * as SdkAnnotations from "../../domain/sdk/SdkAnnotation.ts"
import type { SdkProcessor } from "../../domain/sdk/SdkProcessor.ts"
import * as SdkProcessors from "../../domain/sdk/SdkProcessor.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import type { PlainCaller } from "../../engine/context/RunningLayers.ts"
import * as OptionReader from "../../engine/record/OptionReader.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import { CurrentSpan, SpanAnnotations } from "../../ports/CurrentSpan.ts"
import type { FlushReport } from "../../ports/Delivery.ts"
import { Recorder } from "../../ports/Recorder.ts"
import { CurrentRouting } from "../../ports/Routing.ts"
import type { AnyFunction } from "./Callback.ts"
import * as Callback from "./Callback.ts"
import type { Ends } from "./Ends.ts"
import * as Results from "./Results.ts"
import type { Opening, SdkRouting, SdkSpanOptions } from "./SdkOptions.ts"
import * as SdkOptions from "./SdkOptions.ts"
import { isError, SdkSpan } from "./SdkSpan.ts"

export type { SdkSpanOptions } from "./SdkOptions.ts"

/** The place of a span, for links and headers. */
export interface ExportedSpan {
  readonly traceId: string
  readonly spanId: string
}

/** The parts of an engine that the methods use. */
export interface SdkEngine {
  /** `undefined` until the engine has started, and when it is off. */
  readonly caller: () => PlainCaller | undefined
  /** Sets or removes the rule that each finished span passes after those of the options. It stays after a close. */
  readonly setProcessor: (rule: Processor | undefined) => void
  readonly flush: () => Promise<FlushReport>
  readonly setRecording: (on: boolean) => void
  readonly warnOnce: (key: string, line: string) => void
}

export class LlmObsSdk {
  readonly #engine: SdkEngine

  constructor(engine: SdkEngine) {
    this.#engine = engine
  }

  /** Whether spans are recorded. */
  get enabled(): boolean {
    return this.#engine.caller() !== undefined
  }

  /** Records spans again, after `disable`. */
  enable(): void {
    this.#engine.setRecording(true)
  }

  /** Spans that start from now on are not recorded. */
  disable(): void {
    this.#engine.setRecording(false)
  }

  /**
   * Runs a function inside a span, which ends with the function, the promise, generator or stream that it returns, or if
   * the function takes a second argument, with its call.
   */
  trace<A>(options: SdkSpanOptions, f: (span: SdkSpan, done: (error?: unknown) => void) => A): A {
    const caller = this.#engine.caller()
    const opening = openingOf(options, caller)
    if (caller === undefined || opening === undefined) return f(new SdkSpan(undefined), () => {})
    const span = caller.start(opening.kind, opening.name ?? opening.kind, opening.options)
    const ends = endsOf(caller, span)
    const body = () =>
      f(new SdkSpan(span, reportOf(caller)), (error) => isError(error) ? ends.fail(error) : ends.succeed(undefined))
    return ended(ends, () => f.length > 1 ? caller.run(span, body) : Results.observe(caller.run(span, body), ends))
  }

  /**
   * Makes a function that runs inside a span of its own. Arguments are the input, except of llm and embedding spans, and
   * the result is the output, except of llm and retrieval spans; what the function annotates wins. A class stays as it
   * is, as does any other value.
   */
  wrap<F extends AnyFunction>(options: SdkSpanOptions, f: F): F {
    if (typeof f !== "function" || Callback.isClass(f)) return f
    const input = FunctionArguments.reader(f as (...args: never) => unknown)
    const run = (self: unknown, args: Array<unknown>): unknown => this.#call(options, f, input, self, args)
    const wrapped = function(this: unknown, ...args: Array<unknown>) {
      return run(this, args)
    }
    for (const key of ["name", "length"] as const) {
      Object.defineProperty(wrapped, key, { value: f[key], configurable: true })
    }
    return wrapped as unknown as F
  }

  /** A decorator of methods, of TypeScript's experimental form and of the standard one. Anything else stays as it is. */
  decorate(options: SdkSpanOptions) {
    // Both forms of decorators have types of their own.
    // eslint-disable-next-line typescript/no-explicit-any
    return (target: any, context?: any, descriptor?: any): any => {
      if (typeof context === "object" && context !== null) {
        return context.kind === "method" ? this.wrap({ name: String(context.name), ...options }, target) : target
      }
      if (context === undefined) return target
      const found = descriptor ?? Object.getOwnPropertyDescriptor(target, context)
      if (typeof found?.value !== "function") return descriptor
      const value = this.wrap({ name: String(context), ...options }, found.value)
      if (descriptor === undefined) Object.defineProperty(target, context, { ...found, value })
      else descriptor.value = value
      return descriptor
    }
  }

  /** Adds to a span, or to the running one. */
  annotate(options: SdkAnnotation): void
  annotate(span: SdkSpan | undefined, options: SdkAnnotation): void
  annotate(first: SdkSpan | SdkAnnotation | undefined, second?: SdkAnnotation): void {
    const reader = this.#engine.caller()?.current()
    if (reader === undefined) return
    const recorder = reader.getRef(Recorder)
    const isAlone = second === undefined && !SdkSpan.is(first)
    const given = isAlone ? first as SdkAnnotation | undefined : second
    const open = (isAlone ? undefined : SdkSpan.paired(first)?.open) ?? reader.getRef(CurrentSpan)
    if (typeof given !== "object" || given === null) recorder?.report([noOptions])
    else recorder?.annotate(open, SdkOptions.annotation(given, recorder.report, open?.context.kind))
  }

  /** Adds to every span that starts inside a function. */
  annotationContext<A>(options: Omit<SdkAnnotation, "inputData" | "outputData">, f: () => A): A {
    const caller = this.#engine.caller()
    const recorder = caller?.current().getRef(Recorder)
    if (caller === undefined || recorder === undefined) return f()
    const input = SdkOptions.annotation(options ?? {}, recorder.report)
    return caller.within(
      (context) => Context.add(context, SpanAnnotations, recorder.region(Context.get(context, SpanAnnotations), input)),
      f
    )
  }

  /** Sends spans that start inside a function to another account. */
  routingContext<A>(options: SdkRouting, f: () => A): A {
    const caller = this.#engine.caller()
    if (caller === undefined) return f()
    const routing = SdkOptions.routing(options)
    return caller.within((context) => Context.add(context, CurrentRouting, routing), f)
  }

  /** The place of a span, or of the running one. `undefined` if there is none. */
  exportSpan(span?: SdkSpan): ExportedSpan | undefined {
    const reader = this.#engine.caller()?.current()
    const context = (SdkSpan.paired(span)?.open ?? reader?.getRef(CurrentSpan))?.context
    if (context !== undefined) return { traceId: context.traceId, spanId: context.spanId }
    reader?.getRef(Recorder)?.report([noSpan])
    return undefined
  }

  /**
   * Passes each finished span to a function, which can change its content, or drop it by `null`. A second one replaces
   * the first. If it throws, the event goes without content.
   */
  registerProcessor(processor: SdkProcessor): void {
    this.#engine.setProcessor(SdkProcessors.toRule(processor))
  }

  /** Takes the function of `registerProcessor` back. */
  deregisterProcessor(): void {
    this.#engine.setProcessor(undefined)
  }

  /** Evaluations are not written yet; this says so once. */
  submitEvaluation(_span: ExportedSpan, _options: object): void {
    this.#engine.warnOnce("submitEvaluation", `submitEvaluation ${comesLater}`)
  }

  /** Feedback is not written yet; this says so once. */
  submitFeedback(_options: object): void {
    this.#engine.warnOnce("submitFeedback", `submitFeedback ${comesLater}`)
  }

  /** Sends waiting events, and gives the numbers of events by outcome. It is never rejected. */
  flush(): Promise<FlushReport> {
    return this.#engine.flush()
  }

  #call(
    options: SdkSpanOptions,
    f: AnyFunction,
    input: ReturnType<typeof FunctionArguments.reader>,
    self: unknown,
    args: Array<unknown>
  ): unknown {
    const apply = (given: Array<unknown>): unknown => Reflect.apply(f, self, given)
    const caller = this.#engine.caller()
    const opening = openingOf(options, caller)
    if (caller === undefined || opening === undefined) return apply(args)
    const { captures, kind } = opening
    const given = captures && !withoutInput.has(kind) ? input(args) : undefined
    const span = caller.start(kind, opening.name ?? (f.name || kind), {
      ...opening.options,
      ...SdkAnnotations.toAnnotation({ inputData: given }, kind)
    })
    const ends = endsOf(caller, span, captures && !withoutOutput.has(kind) ? kind : undefined)
    const callback = args.at(-1)
    if (!Callback.is(callback)) {
      return ended(ends, () => Results.observe(caller.run(span, () => apply(args)), ends))
    }
    const bound: unknown = AsyncResource.bind(callback as (...args: Array<unknown>) => unknown)
    const last = function(this: unknown, ...results: Array<unknown>) {
      const [first, second] = results
      if (isError(first)) ends.fail(first)
      else ends.succeed(first ?? second)
      return Reflect.apply(bound as AnyFunction, this, results)
    }
    return ended(ends, () => caller.run(span, () => apply([...args.slice(0, -1), last])))
  }
}

const withoutInput: ReadonlySet<SpanKind> = new Set(["llm", "embedding"])
const withoutOutput: ReadonlySet<SpanKind> = new Set(["llm", "retrieval"])

const reportOf = (caller: PlainCaller) => caller.current().getRef(Recorder)?.report ?? OptionReader.ignore

const openingOf = (options: SdkSpanOptions, caller: PlainCaller | undefined): Opening | undefined =>
  caller && SdkOptions.opening(options, reportOf(caller))

// A function that throws ends its span.
const ended = <A>(ends: Ends, body: () => A): A => {
  try {
    return body()
  } catch (error) {
    ends.fail(error)
    throw error
  }
}

/** `outputKind` is the kind of a span that takes its value as output. */
const endsOf = (caller: PlainCaller, span: PairedSpan, outputKind?: SpanKind): Ends => ({
  succeed: (value) =>
    span.end({
      exit: Exit.succeed(value),
      defaultOutput: outputKind === undefined || value === undefined
        ? undefined
        : () => SdkAnnotations.toAnnotation({ outputData: value }, outputKind).output
    }),
  fail: (error) => span.end({ exit: Exit.fail(error) }),
  leave: () => span.end({ interrupted: true }),
  run: (body) => caller.run(span, body)
})

const comesLater =
  "is not available yet: nothing is sent. The next release of effect-llmobs brings evaluations and feedback."

const noOptions = Problem.make("invalid_option", "annotate needs an object with the fields to set.")

const noSpan = Problem.make(
  "invalid_span_no_active_spans",
  "There is no LLM Observability span to export here. Call exportSpan inside one, or give it the span."
)
