/**
 * The service of a test: what was delivered so far.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Ledger } from "../domain/delivery/Ledger.ts"
import type { ObservedSpan } from "../domain/observed/ObservedSpan.ts"
import type { SpanFilter } from "../domain/observed/SpanFilter.ts"
import * as SpanFilters from "../domain/observed/SpanFilter.ts"
import * as SpanTrees from "../domain/observed/SpanTree.ts"
import type { Finding, Options as LintOptions } from "../domain/observed/TelemetryLint.ts"
import * as TelemetryLint from "../domain/observed/TelemetryLint.ts"
import type { Problem } from "../domain/Problem.ts"

/**
 * Each effect delivers what waits before it answers. A span that still runs is not among what is delivered.
 *
 * @category models
 * @since 0.2.0
 */
export interface TestingService {
  /** The delivered spans, in the order of their start. */
  readonly events: Effect.Effect<ReadonlyArray<ObservedSpan>>
  readonly ledger: Effect.Effect<Ledger>
  /** The parts of annotations, options and headers that were left out, with the reasons. */
  readonly problems: Effect.Effect<ReadonlyArray<Problem>>
  /** Forgets the spans and the problems so far. The ledger goes on, and so do ids. */
  readonly clear: Effect.Effect<void>
}

/**
 * The service that the layer of `effect-llmobs/Testing` provides to a test.
 *
 * @category services
 * @since 0.2.0
 */
export class Testing extends Context.Service<Testing, TestingService>()("effect-llmobs/Testing") {}

/**
 * The delivered spans in the order of their start: all of them, or those that a filter accepts.
 *
 * @category accessors
 * @since 0.2.0
 */
export const events = (filter: SpanFilter = {}): Effect.Effect<ReadonlyArray<ObservedSpan>, never, Testing> =>
  Effect.flatMap(
    Testing,
    (testing) => Effect.map(testing.events, (spans) => spans.filter((span) => SpanFilters.accepts(filter, span)))
  )

/**
 * The delivered spans as trees, in the order of their start. A span whose parent was not delivered is a root.
 *
 * @category accessors
 * @since 0.2.0
 */
export const traces: Effect.Effect<ReadonlyArray<SpanTrees.SpanTree>, never, Testing> = Effect.flatMap(
  Testing,
  (testing) => Effect.map(testing.events, SpanTrees.make)
)

/**
 * The delivered spans as the text of a tree, for snapshots. Ids and absolute times are not in it.
 *
 * @category accessors
 * @since 0.2.0
 */
export const tree: Effect.Effect<string, never, Testing> = Effect.map(events(), (spans) => SpanTrees.render(spans))

/**
 * The books of the layer, after what waited was delivered.
 *
 * @category accessors
 * @since 0.2.0
 */
export const ledger: Effect.Effect<Ledger, never, Testing> = Effect.flatMap(Testing, (testing) => testing.ledger)

/**
 * The parts of annotations, options and headers that were left out, with the reasons.
 *
 * @category accessors
 * @since 0.2.0
 */
export const problems: Effect.Effect<ReadonlyArray<Problem>, never, Testing> = Effect.flatMap(
  Testing,
  (testing) => testing.problems
)

/**
 * The findings of the linter in the delivered spans; `lintRules` lists its rules.
 *
 * @category linter
 * @since 0.2.0
 */
export const lint = (options?: LintOptions): Effect.Effect<ReadonlyArray<Finding>, never, Testing> =>
  Effect.map(events(), (spans) => TelemetryLint.check(spans, options))

/**
 * Forgets the spans and problems so far, such as between two tests that share a layer. The ledger goes on, and so do ids.
 *
 * @category accessors
 * @since 0.2.0
 */
export const clear: Effect.Effect<void, never, Testing> = Effect.flatMap(Testing, (testing) => testing.clear)
