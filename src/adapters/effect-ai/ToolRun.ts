/**
 * A tool that runs for a model call: its span, from the moment in which the toolkit names it.
 *
 * **Details**
 *
 * The toolkit names the tool and its parameters on the current span, and then forks the handler, which inherits the
 * context of the fiber. The tool is done when that fiber is, or when the fiber goes on to the next step. Its result is
 * known when the whole call is over, so the span is ended then, with the time at which the tool was done.
 */
import * as Cause from "effect/Cause"
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Tracer from "effect/Tracer"
import * as PairedSpan from "../../engine/record/PairedSpan.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import * as Integration from "./Integration.ts"
import type { Called, Part } from "./ModelAnswer.ts"

/** The model call that asked for the tool. */
export interface Caller {
  readonly open: OpenSpan
  readonly parent: OpenSpan | undefined
  readonly span: Tracer.Span
  readonly clock: Clock.Clock
}

/** A tool that ran, as the event of its model call needs it. */
export interface RanTool {
  readonly name: string
  readonly parameters: unknown
  /** The errors that it ended with. */
  readonly errors: ReadonlyArray<unknown>
}

export class ToolRun implements RanTool {
  readonly name: string
  readonly fiber: Fiber.Fiber<unknown, unknown>
  readonly span: PairedSpan.PairedSpan
  /** Whether the handler of another tool runs it. */
  readonly nested: boolean
  parameters: unknown
  readonly #call: Caller
  readonly #before: Context.Context<never>
  readonly #inside: Context.Context<never>
  readonly #stopObserving: () => void
  #doneAt: bigint | undefined
  #exit: Exit.Exit<unknown, unknown> = Exit.void

  constructor(call: Caller, fiber: Fiber.Fiber<unknown, unknown>, name: string, outer: ToolRun | undefined) {
    this.name = name
    this.fiber = fiber
    this.nested = outer !== undefined
    this.#call = call
    this.#before = fiber.context
    // The model call is over, so the tool stands beside it, if there is a span around both.
    const parent = outer === undefined ? call.parent ?? call.open : outer.span.open
    const around = Context.add(fiber.context, Tracer.ParentSpan, outer?.span.span ?? call.span)
    this.span = PairedSpan.open(ContextReader.make(Context.add(around, CurrentSpan, parent)), {
      kind: "tool",
      name,
      options: Integration.options
    })
    this.#inside = this.span.inside(fiber.context)
    fiber.setContext(this.#inside)
    this.#stopObserving = fiber.addObserver((exit) => this.done(exit))
  }

  /** The parameters, as the model wrote them. */
  parameterize(parameters: unknown): void {
    this.parameters = parameters
    this.span.annotate({ input: parameters as {} })
  }

  /** The handler has ended, or is about to be left behind. */
  done(exit: Exit.Exit<unknown, unknown>): void {
    if (this.#doneAt !== undefined) return
    this.#stopObserving()
    this.#doneAt = this.#call.clock.currentTimeNanosUnsafe()
    if (!isEndOfStream(exit)) this.#exit = exit
  }

  /** The fiber goes on to another step, outside of the tool. */
  leave(): void {
    this.done(Exit.void)
    if (this.fiber.context === this.#inside) this.fiber.setContext(this.#before)
  }

  /** Ends the span when the call is over. Its result is added to `taken`, those that other tools have. */
  end(
    time: bigint,
    exit: Exit.Exit<unknown, unknown>,
    results: ReadonlyArray<Called>,
    taken: Set<Part>
  ): void {
    if (this.#doneAt === undefined) {
      this.#stopObserving()
      this.#doneAt = time
      if (exit._tag === "Failure") this.#exit = exit
    }
    const found = this.nested ? undefined : this.#resultAmong(results, taken)
    if (found !== undefined) {
      const { encodedResult, id, isFailure, result } = found
      this.span.annotate({
        output: (encodedResult ?? result) as {},
        metadata: typeof id === "string" ? { tool_call_id: id } : undefined
      })
      if (isFailure === true) this.#exit = Exit.fail(result)
    }
    this.span.end({ at: this.#doneAt, exit: this.#exit })
  }

  get errors(): ReadonlyArray<unknown> {
    return this.#exit._tag === "Success" ? [] : this.#exit.cause.reasons.map(errorOf)
  }

  #resultAmong(results: ReadonlyArray<Called>, taken: Set<Part>): Part | undefined {
    const own = results.filter(({ result }) => result.name === this.name && !taken.has(result))
    const found = own.length < 2 ? own[0] : own.find(({ call }) => isSame(call?.params, this.parameters)) ?? own[0]
    if (found !== undefined) taken.add(found.result)
    return found?.result
  }
}

/** The error of a failure or a defect. */
export const errorOf = (reason: Cause.Reason<unknown>): unknown =>
  reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : reason

// The fiber of a stream that came to its end fails with this.
const isEndOfStream = (exit: Exit.Exit<unknown, unknown>): boolean =>
  exit._tag === "Failure" &&
  exit.cause.reasons.every((reason) => reason._tag === "Fail" && Cause.isDone(reason.error))

// Parameters are the model's JSON: bounded, and without cycles.
const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
