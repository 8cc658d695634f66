/**
 * Expectations about the delivered spans, and the explanation if one fails.
 *
 * @since 0.2.0
 */
import type { ObservedSpan } from "./ObservedSpan.ts"
import type { Condition, SpanFilter } from "./SpanFilter.ts"
import * as Filter from "./SpanFilter.ts"
import * as SpanTree from "./SpanTree.ts"

/**
 * Where a span stands: below some span, right below one, or below none.
 *
 * @category models
 * @since 0.2.0
 */
export type Place =
  | { readonly _tag: "Under"; readonly above: SpanFilter }
  | { readonly _tag: "ChildOf"; readonly above: SpanFilter }
  | { readonly _tag: "Root" }

/**
 * Spans that are looked for, by kind and name and whatever else `first` says; what each of them must be besides; and how
 * many there must be. Without `times`, at least one.
 *
 * @category models
 * @since 0.2.0
 */
export interface SpanExpectation {
  readonly first: SpanFilter
  readonly also: ReadonlyArray<SpanFilter | Place>
  readonly times?: number | undefined
}

/**
 * The matching spans in the order of their start, and, when there are not as many as expected, why.
 *
 * @category models
 * @since 0.2.0
 */
export interface Result {
  readonly found: ReadonlyArray<ObservedSpan>
  readonly explanation: string | undefined
}

const isPlace = (asked: SpanFilter | Place): asked is Place => "_tag" in asked

type Parents = ReadonlyMap<ObservedSpan, ObservedSpan>

const placed = (place: Place, parents: Parents): Condition => {
  switch (place._tag) {
    case "Root":
      return {
        words: "at the root",
        miss: (span) =>
          span.parentId === undefined ? undefined : `place: under ${titleOf(parents.get(span))}, not at the root`
      }
    case "ChildOf": {
      const above = Filter.describe(place.above)
      return {
        words: `right under ${above}`,
        miss: (span) => {
          const parent = parents.get(span)
          if (parent !== undefined && Filter.accepts(place.above, parent)) return undefined
          return `place: ${
            span.parentId === undefined ? "at the root" : `right under ${titleOf(parent)}`
          }, not right under ${above}`
        }
      }
    }
    case "Under": {
      const above = Filter.describe(place.above)
      return {
        words: `under ${above}`,
        miss: (span) => {
          for (let over = parents.get(span); over !== undefined; over = parents.get(over)) {
            if (Filter.accepts(place.above, over)) return undefined
          }
          return `place: not under ${above}`
        }
      }
    }
  }
}

const titleOf = (span: ObservedSpan | undefined): string =>
  span === undefined ? "a span that was not recorded" : `the ${span.kind} span ${SpanTree.quoted(span.name)}`

const conditionsOf = (self: SpanExpectation, parents: Parents): ReadonlyArray<Condition> => {
  const { kind: _kind, ...rest } = self.first
  return [
    ...Filter.conditions(rest),
    ...self.also.flatMap((asked) => isPlace(asked) ? [placed(asked, parents)] : Filter.conditions(asked))
  ]
}

/** The expectation as a noun, such as `an llm span with the model "gpt-5", under a workflow span "support"`. */
const describe = (self: SpanExpectation): string =>
  [
    Filter.describe(self.first),
    ...self.also.flatMap((asked) =>
      (isPlace(asked) ? [placed(asked, new Map())] : Filter.conditions(asked)).map(({ words }) => words)
    )
  ].join(", ")

/**
 * Compares the spans with what is expected of them.
 *
 * **Details**
 *
 * The explanation says what was expected and how many there were, and then shows the traces as trees. Below each span of
 * the kind stands what it is and what it is not.
 *
 * @category combinators
 * @since 0.2.0
 */
export const check = (self: SpanExpectation, spans: ReadonlyArray<ObservedSpan>): Result => {
  const parents = SpanTree.parents(SpanTree.make(spans))
  const conditions = conditionsOf(self, parents)
  const { kind } = self.first
  const candidates = spans.filter((span) => kind === undefined || span.kind === kind)
  const found = candidates.filter((span) => conditions.every(({ miss }) => miss(span) === undefined))
  if (self.times === undefined ? found.length > 0 : found.length === self.times) {
    return { found, explanation: undefined }
  }
  const expected = self.times === undefined ? "" : self.times === 0 ? "none of: " : `${self.times} of: `
  const lines = [
    `Expected ${expected}${describe(self)}.`,
    countOf({ kind, spans, candidates, found }),
    ...(spans.length === 0 ? [] : ["", shown(spans, candidates, found, conditions)])
  ]
  return { found, explanation: lines.join("\n") }
}

const countOf = ({ candidates, found, kind, spans }: {
  readonly kind: string | undefined
  readonly spans: ReadonlyArray<ObservedSpan>
  readonly candidates: ReadonlyArray<ObservedSpan>
  readonly found: ReadonlyArray<ObservedSpan>
}): string => {
  if (spans.length === 0) return "No span was delivered: does the program run with the layer, and have its spans ended?"
  if (candidates.length === 0) return `${delivered(spans.length, "span")}, none of the kind ${kind}.`
  const noun = kind === undefined ? "span" : `${kind} span`
  return `${delivered(candidates.length, noun)}, ${found.length === 0 ? "none" : found.length} matched.`
}

const delivered = (count: number, noun: string): string =>
  count === 1 ? `1 ${noun} was delivered` : `${count} ${noun}s were delivered`

// The traces of the candidates, those first that miss the least, or all of them where there is no candidate.
const shown = (
  spans: ReadonlyArray<ObservedSpan>,
  candidates: ReadonlyArray<ObservedSpan>,
  found: ReadonlyArray<ObservedSpan>,
  conditions: ReadonlyArray<Condition>
): string => {
  const matched = new Set(found)
  const notes = new Map<ObservedSpan, ReadonlyArray<string>>()
  const fewest = new Map<string, number>()
  for (const span of candidates) {
    const misses = conditions.map(({ miss, words }) => ({ words, missed: miss(span) }))
    const count = misses.filter(({ missed }) => missed !== undefined).length
    fewest.set(span.traceId, Math.min(count, fewest.get(span.traceId) ?? count))
    notes.set(
      span,
      matched.has(span)
        ? ["✓ matched"]
        : misses.map(({ missed, words }) => missed === undefined ? `✓ ${words}` : `✗ ${missed}`)
    )
  }
  const missesOf = ({ traceId }: ObservedSpan): number => fewest.get(traceId)!
  const relevant = candidates.length === 0
    ? spans
    : spans.filter(({ traceId }) => fewest.has(traceId)).sort((a, b) => missesOf(a) - missesOf(b))
  return SpanTree.render(relevant, { maxLines: 100, notes: (span) => notes.get(span) ?? [] })
}
