/**
 * A toolkit that records the tools that it runs for a model call.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as PairedSpan from "../../engine/record/PairedSpan.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import * as Integration from "./Integration.ts"
import type { ModelCall } from "./ModelCall.ts"
import * as ToolRun from "./ToolRun.ts"

/** A toolkit with its handlers, of any tools. */
interface Handled {
  readonly tools: { readonly [name: string]: unknown }
  readonly handle: (...args: ReadonlyArray<unknown>) => Effect.Effect<Stream.Stream<Result, unknown>, unknown>
}

export interface RecordedToolkit {
  /** The toolkit to pass on, in the form that was given. */
  readonly recorded: unknown
  /** The tools of the toolkit, once the call has asked for them. */
  readonly tools: () => ReadonlyArray<unknown>
}

export const make = (given: unknown, call: ModelCall): RecordedToolkit => {
  let tools: ReadonlyArray<unknown> = []
  const record = (toolkit: Handled): Handled => {
    tools = Object.values(toolkit.tools)
    return { ...toolkit, handle: (...args) => handle(toolkit, call, args) }
  }
  if (typeof given !== "object" || given === null) return { recorded: given, tools: () => tools }
  return {
    recorded: Effect.isEffect(given) ? Effect.map(given as Effect.Effect<Handled>, record) : record(given as Handled),
    tools: () => tools
  }
}

const handle = (
  toolkit: Handled,
  call: ModelCall,
  args: ReadonlyArray<unknown>
): ReturnType<Handled["handle"]> =>
  Effect.withFiber((fiber) => {
    const [name, parameters, id] = args as readonly [string, unknown, unknown]
    const errors: Array<unknown> = []
    call.answer()
    call.ran({ name, parameters, errors })
    const span = PairedSpan.open(
      ContextReader.make(Context.add(fiber.context, CurrentSpan, call.parent ?? call.open)),
      {
        kind: "tool",
        name,
        options: {
          ...Integration.options,
          input: parameters as {},
          ...(typeof id === "string" ? { metadata: { tool_call_id: id } } : undefined)
        }
      }
    )
    let failure: unknown
    return Effect.updateContext(toolkit.handle(...args), (context: Context.Context<never>) => span.inside(context))
      .pipe(
        Effect.onExit((exit) =>
          Effect.suspend(() => {
            if (exit._tag === "Success") return Effect.void
            errors.push(...exit.cause.reasons.map(ToolRun.errorOf))
            return span.endAndWait({ exit }) ?? Effect.void
          })
        ),
        Effect.map((results) =>
          results.pipe(
            Stream.tap((result) =>
              Effect.sync(() => {
                if (result.preliminary === true) return
                span.annotate({ output: (result.encodedResult ?? result.result) as {} })
                if (result.isFailure === true) failure = result.result
              })
            ),
            Stream.onExit((exit) =>
              Effect.suspend(() => {
                if (exit._tag === "Failure") errors.push(...exit.cause.reasons.map(ToolRun.errorOf))
                return span.endAndWait({ exit, error: failure }) ?? Effect.void
              })
            )
          )
        )
      )
  })

interface Result {
  readonly result: unknown
  readonly encodedResult: unknown
  readonly isFailure: boolean
  readonly preliminary: boolean
}
