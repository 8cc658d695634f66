/**
 * Tests of a program's telemetry: a layer that delivers to memory, and expectations that read as sentences.
 *
 * **Details**
 *
 * The layer is the whole library with two writers that keep what they get. It opens no socket and no file, reads no
 * variable, and takes the time from the `Clock` of the test, so durations are exact under `TestClock`. Ids count from one,
 * so that what a test sees is the same in each run. It needs no test runner: an expectation is an Effect that fails, or by
 * `check` a function that throws, with an error whose message shows the traces as trees.
 *
 * **Example** (An expectation)
 *
 * ```ts import.meta.vitest
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Testing from "effect-llmobs/Testing"
 * import * as Effect from "effect/Effect"
 *
 * const reply = Effect.succeed("It arrives tomorrow.").pipe(
 *   LLMObs.llm("chat", { model: "gpt-5", provider: "openai", input: "Where is it?", output: (text) => text }),
 *   LLMObs.workflow("support", { sessionId: "s-1" })
 * )
 *
 * const test = Effect.gen(function*() {
 *   yield* reply
 *   const [chat] = yield* Testing.expectLlm({ model: "gpt-5" }).under(Testing.workflow("support")).withSession("s-1")
 *   return Testing.texts(chat!.output)
 * })
 *
 * await Effect.runPromise(Effect.provide(test, Testing.layer())) // => ["It arrives tomorrow."]
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Options } from "../composition/Options.ts"
import type { Ledger } from "../domain/delivery/Ledger.ts"
import type { SideView } from "../domain/event/EventView.ts"
import * as EventView from "../domain/event/EventView.ts"
import type { ObservedSpan } from "../domain/observed/ObservedSpan.ts"
import * as ObservedSpans from "../domain/observed/ObservedSpan.ts"
import type { Pattern, Shape, SpanFilter } from "../domain/observed/SpanFilter.ts"
import type { SpanTree } from "../domain/observed/SpanTree.ts"
import type { Finding, Options as LintOptions, RuleName } from "../domain/observed/TelemetryLint.ts"
import * as TelemetryLint from "../domain/observed/TelemetryLint.ts"
import type { Problem } from "../domain/Problem.ts"
import { Testing } from "./TestingService.ts"

export * from "./EmbedderLaws.ts"
export * from "./Expectation.ts"
export * from "./TestingService.ts"

export type {
  /**
   * A rule that a span breaks, and the remedy.
   *
   * @category models
   * @since 0.2.0
   */
  Finding,
  /**
   * The counts of events by where they are.
   *
   * @category models
   * @since 0.2.0
   */
  Ledger,
  /**
   * The options of the linter.
   *
   * @category models
   * @since 0.2.0
   */
  LintOptions,
  /**
   * A delivered span.
   *
   * @category models
   * @since 0.2.0
   */
  ObservedSpan,
  /**
   * The options of a layer. Each is optional.
   *
   * @category models
   * @since 0.2.0
   */
  Options,
  /**
   * A text, or a regular expression that matches part of it.
   *
   * @category models
   * @since 0.2.0
   */
  Pattern,
  /**
   * A mistake in an input, as a value.
   *
   * @category models
   * @since 0.2.0
   */
  Problem,
  /**
   * The name of a rule of the linter.
   *
   * @category models
   * @since 0.2.0
   */
  RuleName,
  /**
   * A partial JSON value: objects may have more keys, and a text may be given as a pattern.
   *
   * @category models
   * @since 0.2.0
   */
  Shape,
  /**
   * The input or the output of a span, in the shape of its kind.
   *
   * @category models
   * @since 0.2.0
   */
  SideView,
  /**
   * Conditions on the parts of a delivered span.
   *
   * @category models
   * @since 0.2.0
   */
  SpanFilter,
  /**
   * A span with its descendants, in the order of their start.
   *
   * @category models
   * @since 0.2.0
   */
  SpanTree
}

/**
 * The layer of a test: it records as `LLMObs.layer` does, and keeps what would be delivered.
 *
 * **Details**
 *
 * It takes the options of `LLMObs.layer`, so that a test can use those of the program; those that say where to deliver, and
 * `durable`, have no effect. The application and the service are `test` unless they are named. An `IdGenerator` of the
 * context is used instead of ids that count. Everything is kept until `clear`, or until the layer closes.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options = {}): Layer.Layer<Testing> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("../composition/TestLayer.ts")),
      ({ make }) =>
        make(Testing, options, (kept, delivery) => ({
          events: Effect.map(delivery.flush, () => ObservedSpans.inOrder(kept.spans)),
          ledger: Effect.andThen(delivery.flush, delivery.ledger),
          problems: Effect.sync(() => [...kept.problems]),
          clear: Effect.map(delivery.flush, () => {
            kept.spans.length = 0
            kept.problems.length = 0
          })
        }))
    )
  )

/**
 * The texts of an input or an output: the content of each message, the text of each document, the text itself.
 *
 * @category accessors
 * @since 0.2.0
 */
export const texts: (side: SideView) => ReadonlyArray<string> = EventView.texts

/**
 * The rules of the linter, with what each finds.
 *
 * @category linter
 * @since 0.2.0
 */
export const lintRules: { readonly [K in RuleName]: string } = TelemetryLint.rules
