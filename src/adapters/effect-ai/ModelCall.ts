/**
 * A running call of a language model, from its span to its event.
 *
 * **Details**
 *
 * The call is one request to the provider. Tools run after the answer and inside the same Effect span, so the event ends
 * with the answer.
 */
import * as ModelService from "effect/ai/Model"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Tracer from "effect/Tracer"
import * as StreamedCalls from "../../engine/context/StreamedCalls.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import type { RecorderService, SpanEnd } from "../../ports/Recorder.ts"
import * as ModelAnswer from "./ModelAnswer.ts"
import * as SpanAttributes from "./SpanAttributes.ts"
import type { Caller, RanTool, ToolRun } from "./ToolRun.ts"
import * as ToolRuns from "./ToolRun.ts"

/** The options of a call as `effect/ai` passes them to a span transformer. */
export interface Told {
  readonly prompt: object
  readonly tools: ReadonlyArray<unknown>
  readonly response: ReadonlyArray<unknown>
}

/** The names of the model and the provider, for answers that have none. */
export interface ModelNames {
  readonly model: string | undefined
  readonly provider: string | undefined
}

/** The names that stand in a context, where the model was made with them. */
export const namesIn = (context: Context.Context<never>): ModelNames => ({
  model: Context.getOrUndefined(context, ModelService.ModelName),
  provider: Context.getOrUndefined(context, ModelService.ProviderName)
})

/** Runs a step of ours. `false` if it throws. */
export type Guard = (body: () => boolean) => boolean

export class ModelCall implements Caller {
  readonly recorder: RecorderService
  readonly open: OpenSpan
  /** The recorded span around the call. */
  readonly parent: OpenSpan | undefined
  readonly span: Tracer.Span
  readonly clock: Clock.Clock
  readonly #tools: Array<ToolRun> = []
  readonly #ran: Array<RanTool> = []
  readonly #names: ModelNames
  readonly #attributes = new Map<string, unknown>()
  #prompt: object | undefined
  #told: Told | undefined
  #asked = false
  /** The fiber that waits for a streamed answer. */
  #fiber: Fiber.Fiber<unknown, unknown> | undefined
  #answeredAt: bigint | undefined

  constructor(options: {
    readonly recorder: RecorderService
    readonly open: OpenSpan
    readonly parent: OpenSpan | undefined
    readonly span: Tracer.Span
    readonly clock: Clock.Clock
    readonly names: ModelNames
    /** The fiber that pulls the call if it is streamed. */
    readonly streamedIn?: Fiber.Fiber<unknown, unknown> | undefined
  }) {
    this.recorder = options.recorder
    this.open = options.open
    this.parent = options.parent
    this.span = options.span
    this.clock = options.clock
    this.#names = options.names
    this.#fiber = options.streamedIn
    if (this.#fiber !== undefined) StreamedCalls.begin(this.#fiber, this.open)
  }

  /** The provider is about to be asked. */
  ask(prompt: object): void {
    this.#asked = true
    if (this.#prompt === prompt) return
    this.#prompt = prompt
    this.recorder.annotate(this.open, { input: prompt })
  }

  /** The options and the parts of the answer, which are known if the call succeeded, and of every stream. */
  tell(told: Told): void {
    this.#told = told
    this.ask(told.prompt)
  }

  /** An attribute of the span, which the provider writes. */
  attribute(key: string, value: unknown): void {
    this.#attributes.set(key, value)
    if (key.startsWith("gen_ai.response.")) this.answering()
    if (key === "gen_ai.operation.name") this.#asked = true
    else if (key === "gen_ai.response.finish_reasons" || key === "gen_ai.usage.output_tokens") this.answer()
  }

  /** The answer begins, or never comes. */
  answering(): void {
    if (this.#fiber !== undefined) StreamedCalls.answer(this.#fiber)
    this.#fiber = undefined
  }

  /** The answer is complete. The first call counts. */
  answer(): void {
    this.#answeredAt ??= this.clock.currentTimeNanosUnsafe()
  }

  /** A tool starts in the current fiber, for the call or for the handler of another tool. */
  startTool(name: string, guard: Guard, outer?: ToolRun): void {
    const fiber = Fiber.getCurrent()
    if (fiber === undefined) return
    // An approved tool of an earlier answer runs before the provider is asked.
    if (this.#asked) this.answer()
    this.leaveTools(fiber)
    const run = new ToolRuns.ToolRun(this, fiber, name, outer)
    this.#tools.push(run)
    this.ran(run)
    SpanAttributes.intercept(run.span.span, (key, value) =>
      guard(() => {
        if (key === "parameters") run.parameterize(value)
        else if (key === "tool") this.startTool(String(value), guard, Fiber.getCurrent() === fiber ? outer : run)
        else return false
        return true
      }))
  }

  /** A tool runs whose span is made elsewhere. */
  ran(tool: RanTool): void {
    this.#ran.push(tool)
  }

  /** The fiber goes on: without concurrency, the tools of an answer run one after another in it. */
  leaveTools(fiber: Fiber.Fiber<unknown, unknown>): void {
    for (const tool of this.#tools) if (tool.fiber === fiber) tool.leave()
  }

  /** The parameters of the tool that started last in the current fiber. */
  parameterize(parameters: unknown): void {
    const fiber = Fiber.getCurrent()
    this.#tools.findLast((tool) => tool.fiber === fiber)?.parameterize(parameters)
  }

  /** Ends the event, with the answer, for a caller that cannot wait. */
  end(time: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.recorder.end(this.open, this.#close(time, exit))
  }

  /** Ends the event, with the answer. The caller runs the returned effect, which waits for room. */
  endAndWait(time: bigint, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined {
    return this.recorder.endAndWait(this.open, this.#close(time, exit))
  }

  #close(time: bigint, exit: Exit.Exit<unknown, unknown>): SpanEnd {
    this.answering()
    const response = this.#told?.response ?? ModelAnswer.ofExit(exit)
    const results = ModelAnswer.results(response ?? [])
    const taken = new Set<ModelAnswer.Part>()
    for (const tool of this.#tools) tool.end(time, exit, results, taken)
    // A tool that failed has an event of its own with the failure. The model answered.
    const ended = this.#failedInTool(exit) ? Exit.void : exit
    this.recorder.annotate(this.open, {
      ...this.#model(response),
      output: ModelAnswer.output(response ?? []) ?? ModelAnswer.ofCalls(this.#ran),
      metadata: ModelAnswer.metadata(this.#attributes, this.#told?.tools),
      toolDefinitions: ModelAnswer.definitions(this.#told?.tools)
    })
    const error = ended._tag === "Success" ? ModelAnswer.error(response) : undefined
    return { at: this.#answeredAt ?? time, exit: ended, error }
  }

  #failedInTool(exit: Exit.Exit<unknown, unknown>): boolean {
    if (exit._tag === "Success" || this.#answeredAt === undefined) return false
    const errors = this.#ran.flatMap((tool) => tool.errors)
    return exit.cause.reasons.some((reason) => reason._tag !== "Interrupt" && errors.includes(ToolRuns.errorOf(reason)))
  }

  #model(response: ReadonlyArray<unknown> | undefined): { readonly model?: string; readonly provider?: string } {
    const text = (key: string): string | undefined => {
      const value = this.#attributes.get(key)
      return typeof value === "string" ? value : undefined
    }
    const model = text("gen_ai.response.model") ?? ModelAnswer.model(response) ?? text("gen_ai.request.model") ??
      this.#names.model
    const provider = text("gen_ai.provider.name") ?? text("gen_ai.system") ?? this.#names.provider
    return {
      ...(model === undefined ? undefined : { model }),
      ...(provider === undefined ? undefined : { provider })
    }
  }
}
