/**
 * Spans of plain JavaScript. `AsyncLocalStorage` carries the context through callbacks, promises and timers, like that
 * of a fiber.
 */
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import type { PlainCaller } from "../../engine/context/RunningLayers.ts"
import * as TracerDecoration from "../../engine/context/TracerDecoration.ts"
import * as OptionReader from "../../engine/record/OptionReader.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import * as PairedSpans from "../../engine/record/PairedSpan.ts"
import { CurrentCallbackContext } from "../../ports/CallbackContext.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { SpanOptions } from "../../ports/Recorder.ts"
import type { CallerStorage } from "./CallerStorage.ts"
import * as CallerStorages from "./CallerStorage.ts"

export interface AsyncContext extends PlainCaller {
  /** Calls a function inside a span of its own, which ends with the function or the promise that it returns. */
  readonly trace: <A>(
    kind: SpanKind,
    name: string,
    options: SpanOptions | undefined,
    body: (span: PairedSpan) => A
  ) => A
}

/** Makes the spans of a layer's context, which has its recorder and its tracer. */
export const make = (
  context: Context.Context<never>,
  storage: CallerStorage = CallerStorages.make()
): AsyncContext => {
  const root = ContextReader.make(context)
  const current = (): ContextReader.ContextReader => {
    const stored = storage.getStore()
    if (stored === undefined) return root
    if (stored.fiber === undefined) return ContextReader.make(stored.context)
    const outer = root.getRef(CurrentCallbackContext)?.find(root, "any")
    return outer === undefined ? root : ContextReader.make(outer)
  }
  const start: AsyncContext["start"] = (kind, name, options) =>
    PairedSpans.open(current(), { kind, name, options, at: OptionReader.read(options, "at", OptionReader.ignore) })

  const within: AsyncContext["within"] = (change, body) =>
    storage.run({ context: change(current().context), fiber: undefined }, body)

  const run: AsyncContext["run"] = (span, body) =>
    within(span.inside.bind(span), () => TracerDecoration.call(current().context, body))

  return {
    isInside: () => storage.getStore() !== undefined,
    current,
    start,
    run,
    enter: (span) => {
      const entry: CallerStorages.Entry = { before: storage.own(), isLeft: false }
      storage.enterWith({ context: span.inside(current().context), fiber: undefined, entry })
      // A framework can tell the end of a span in any function, even one of the program's.
      return () => {
        entry.isLeft = true
      }
    },
    scopeOf: (span) => ({
      storage,
      context: span.inside(current().context),
      around: CallerStorages.spanOf(storage.own())
    }),
    within,
    trace: (kind, name, options, body) => {
      const span = start(kind, name, options)
      const output = OptionReader.output(options)
      const succeed = <A>(value: A): A => {
        span.end({ exit: Exit.succeed(value), output })
        return value
      }
      const fail = (error: unknown): never => {
        span.end({ exit: Exit.fail(error) })
        throw error
      }
      let value: ReturnType<typeof body>
      try {
        value = run(span, () => body(span))
      } catch (error) {
        return fail(error)
      }
      return value instanceof Promise ? value.then(succeed, fail) as typeof value : succeed(value)
    }
  }
}
