/**
 * Expectations that read as sentences: of what was delivered, and of where it stands.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type { Ledger } from "../domain/delivery/Ledger.ts"
import * as Ledgers from "../domain/delivery/Ledger.ts"
import type { ObservedSpan } from "../domain/observed/ObservedSpan.ts"
import type { Place, SpanExpectation } from "../domain/observed/SpanExpectation.ts"
import * as SpanExpectations from "../domain/observed/SpanExpectation.ts"
import type { Pattern, Shape, SpanFilter } from "../domain/observed/SpanFilter.ts"
import type { Options as LintOptions } from "../domain/observed/TelemetryLint.ts"
import * as TelemetryLint from "../domain/observed/TelemetryLint.ts"
import type { Problem } from "../domain/Problem.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import { Testing } from "./TestingService.ts"

/**
 * An expectation failed. The message names the expectation and the finding, and shows the traces as trees. It
 * holds content of the spans.
 *
 * @category errors
 * @since 0.2.0
 */
export class ExpectationError extends Error {
  readonly _tag = "ExpectationError"
  override readonly name = "ExpectationError"
}

/**
 * Expects spans: at least one that is all that was said, unless `times`, `once` or `never` say how many.
 *
 * **Details**
 *
 * It is an Effect, which delivers what waits, gives the matching spans in the order of their start, and fails with an
 * {@link ExpectationError} otherwise. Each method gives a new expectation. `check` compares without an Effect.
 *
 * @category expectations
 * @since 0.2.0
 */
export class Expectation extends Effectable.Class<ReadonlyArray<ObservedSpan>, ExpectationError, Testing> {
  readonly #expected: SpanExpectation

  constructor(expected: SpanExpectation) {
    super()
    this.#expected = expected
  }

  #and(also: SpanFilter | Place): Expectation {
    return new Expectation({ ...this.#expected, also: [...this.#expected.also, also] })
  }

  #times(times: number): Expectation {
    return new Expectation({ ...this.#expected, times })
  }

  /** Any other condition on a span. */
  with(filter: SpanFilter): Expectation {
    return this.#and(filter)
  }

  /** Somewhere below a span: its child, or a child's child. */
  under(above: SpanFilter): Expectation {
    return this.#and({ _tag: "Under", above })
  }

  /** Right below a span. */
  childOf(parent: SpanFilter): Expectation {
    return this.#and({ _tag: "ChildOf", above: parent })
  }

  /** Without a parent, in this process or another. */
  atRoot(): Expectation {
    return this.#and({ _tag: "Root" })
  }

  withSession(sessionId: Pattern): Expectation {
    return this.#and({ sessionId })
  }

  withUser(userId: Pattern): Expectation {
    return this.#and({ userId })
  }

  withTags(tags: NonNullable<SpanFilter["tags"]>): Expectation {
    return this.#and({ tags })
  }

  withMetadata(metadata: NonNullable<SpanFilter["metadata"]>): Expectation {
    return this.#and({ metadata })
  }

  /** By the names of TypeScript or of the event: `inputTokens` and `input_tokens` are the same. */
  withMetrics(metrics: NonNullable<SpanFilter["metrics"]>): Expectation {
    return this.#and({ metrics })
  }

  /** One of the texts of the input (a message, a document), or a shape for all of it. */
  withInput(input: Shape): Expectation {
    return this.#and({ input })
  }

  /** One of the texts of the output, or a shape for all of it. */
  withOutput(output: Shape): Expectation {
    return this.#and({ output })
  }

  /** With an error of this type or with this message; left out, with any error. */
  withError(error?: Pattern): Expectation {
    return this.#and(error === undefined ? { status: "error" } : { error })
  }

  succeeding(): Expectation {
    return this.#and({ status: "ok" })
  }

  /** As many, and no more. */
  times(count: number): Expectation {
    return this.#times(count)
  }

  once(): Expectation {
    return this.#times(1)
  }

  never(): Expectation {
    return this.#times(0)
  }

  /**
   * Compares given spans, without a layer and an Effect.
   *
   * @throws ExpectationError
   */
  check(spans: ReadonlyArray<ObservedSpan>): ReadonlyArray<ObservedSpan> {
    const { explanation, found } = SpanExpectations.check(this.#expected, spans)
    if (explanation !== undefined) throw new ExpectationError(explanation)
    return found
  }

  override asEffect(): Effect.Effect<ReadonlyArray<ObservedSpan>, ExpectationError, Testing> {
    const expected = this.#expected
    return Effect.gen(function*() {
      const testing = yield* Testing
      const { explanation, found } = SpanExpectations.check(expected, yield* testing.events)
      if (explanation === undefined) return found
      const remarks = remarksOn(yield* testing.ledger, yield* testing.problems)
      return yield* Effect.fail(new ExpectationError([explanation, ...remarks].join("\n")))
    })
  }
}

// Why a span may be missing.
const remarksOn = (ledger: Ledger, problems: ReadonlyArray<Problem>): ReadonlyArray<string> => {
  const dropped = Ledgers.dropReasons.flatMap((reason) =>
    ledger.dropped[reason] === 0 ? [] : [`${ledger.dropped[reason]} (${reason})`]
  )
  return [
    ...(dropped.length === 0 ? [] : ["", `Events that were dropped: ${dropped.join(", ")}.`]),
    ...(problems.length === 0 ? [] : ["", "What could not be recorded:", ...problems.slice(0, 10).map(lineOf)])
  ]
}

const lineOf = ({ code, message }: Problem): string => `  ${code}: ${message}`

/**
 * Which spans of a kind: those of a name, or those that are as a filter says.
 *
 * @category models
 * @since 0.2.0
 */
export type Which = Pattern | Omit<SpanFilter, "kind">

/** The filter for a kind. */
const ofKind = (kind: SpanKind | undefined) => (which: Which = {}): SpanFilter => ({
  ...(typeof which === "string" || which instanceof RegExp ? { name: which } : which),
  ...(kind === undefined ? undefined : { kind })
})

const expecting = (filter: (which?: Which) => SpanFilter) => (which?: Which): Expectation =>
  new Expectation({ first: filter(which), also: [] })

/**
 * A span of any kind, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const span = ofKind(undefined)

/**
 * An llm span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const llm = ofKind("llm")

/**
 * An agent span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const agent = ofKind("agent")

/**
 * A workflow span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const workflow = ofKind("workflow")

/**
 * A task span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const task = ofKind("task")

/**
 * A tool span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const tool = ofKind("tool")

/**
 * An embedding span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const embedding = ofKind("embedding")

/**
 * A retrieval span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const retrieval = ofKind("retrieval")

/**
 * An experiment span, by its name or more.
 *
 * @category filters
 * @since 0.2.0
 */
export const experiment = ofKind("experiment")

/**
 * Expects a span of any kind.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectSpan = expecting(span)

/**
 * Expects an llm span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectLlm = expecting(llm)

/**
 * Expects an agent span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectAgent = expecting(agent)

/**
 * Expects a workflow span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectWorkflow = expecting(workflow)

/**
 * Expects a task span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectTask = expecting(task)

/**
 * Expects a tool span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectTool = expecting(tool)

/**
 * Expects an embedding span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectEmbedding = expecting(embedding)

/**
 * Expects a retrieval span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectRetrieval = expecting(retrieval)

/**
 * Expects an experiment span.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectExperiment = expecting(experiment)

/**
 * Expects that the linter finds nothing in the delivered spans. Its findings are shown below the spans of a tree.
 *
 * @category linter
 * @since 0.2.0
 */
export const expectNoFindings = (options?: LintOptions): Effect.Effect<void, ExpectationError, Testing> =>
  Effect.gen(function*() {
    const spans = yield* (yield* Testing).events
    const explanation = TelemetryLint.explain(spans, TelemetryLint.check(spans, options))
    if (explanation !== undefined) return yield* Effect.fail(new ExpectationError(explanation))
  })

/**
 * Expects that nothing was left out: no problem in an annotation, an option or a header, and no event dropped.
 *
 * @category expectations
 * @since 0.2.0
 */
export const expectNothingLost: Effect.Effect<void, ExpectationError, Testing> = Effect.gen(function*() {
  const testing = yield* Testing
  const remarks = remarksOn(yield* testing.ledger, yield* testing.problems)
  if (remarks.length === 0) return
  return yield* Effect.fail(new ExpectationError(["Expected that nothing was lost.", ...remarks].join("\n")))
})
