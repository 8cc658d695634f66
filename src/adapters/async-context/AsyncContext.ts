/**
 * Spans of plain JavaScript. `AsyncLocalStorage` carries the context through callbacks, promises and timers, like that
 * of a fiber.
 */
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import { AsyncLocalStorage } from "node:async_hooks"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import * as OptionReader from "../../engine/record/OptionReader.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import * as PairedSpans from "../../engine/record/PairedSpan.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { SpanOptions } from "../../ports/Recorder.ts"

export interface AsyncContext {
  /** The context of the caller: that of the innermost `run` or `within` around it, else that of the layer. */
  readonly current: () => ContextReader.ContextReader
  /**
   * Opens a span under that of the innermost `run`. Its owner ends it. A span that is still open when the layer closes
   * is ended then.
   */
  readonly start: (
    kind: SpanKind,
    name: string,
    options?: SpanOptions & { readonly at?: bigint | undefined }
  ) => PairedSpan
  /** Calls a function inside a span, which stays open: spans that it starts, now or later, are children. */
  readonly run: <A>(span: PairedSpan, body: () => A) => A
  /** Calls a function inside a span of its own, which ends with the function or the promise that it returns. */
  readonly trace: <A>(
    kind: SpanKind,
    name: string,
    options: SpanOptions | undefined,
    body: (span: PairedSpan) => A
  ) => A
  /** Calls a function with a changed context, such as annotations or an account. */
  readonly within: <A>(change: (context: Context.Context<never>) => Context.Context<never>, body: () => A) => A
}

/** Makes the spans of a layer's context, which has its recorder and its tracer. */
export const make = (context: Context.Context<never>): AsyncContext => {
  // Each layer has its own storage, because a span belongs to the recorder that opened it.
  const storage = new AsyncLocalStorage<ContextReader.ContextReader>()
  const root = ContextReader.make(context)
  const current = (): ContextReader.ContextReader => storage.getStore() ?? root
  const start: AsyncContext["start"] = (kind, name, options) =>
    PairedSpans.open(current(), { kind, name, options, at: OptionReader.read(options, "at", OptionReader.ignore) })

  const within: AsyncContext["within"] = (change, body) =>
    storage.run(ContextReader.make(change(current().context)), body)

  const run: AsyncContext["run"] = (span, body) => within(span.inside.bind(span), body)

  return {
    current,
    start,
    run,
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
