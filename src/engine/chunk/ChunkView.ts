/**
 * A chunk as it will leave: each span with the tags of its place, for the filters and for the writer.
 */
import type { ApmSpan } from "../../domain/span/ApmSpan.ts"
import * as GenAi from "../../domain/trace/GenAi.ts"
import type { Facts, Tags } from "../../domain/trace/TraceChunk.ts"
import * as TraceChunks from "../../domain/trace/TraceChunk.ts"
import type { Conditions } from "./Conditions.ts"
import type { LocalTrace, RoutedSpan } from "./LocalTrace.ts"
import type { Decision } from "./Sampler.ts"

/** Finished spans of a local trace, under the sampling decision of the trace. */
export interface ChunkView {
  /** The span at an index of the chunk, with the `gen_ai.*` attributes of its record. */
  readonly seal: (index: number) => ApmSpan
  /** Whether the program's own filter keeps the chunk. */
  readonly isKept: () => boolean
  /** Whether a filter of the Agent drops the chunk. */
  readonly isFiltered: () => boolean
}

type Given = Pick<Conditions, "filter" | "keeps" | "processTags" | "env" | "version">

/** Gives the view of each chunk. */
export const make = (
  conditions: Given
): (trace: LocalTrace, spans: ReadonlyArray<RoutedSpan>, decision: Decision) => ChunkView => {
  // Most traces have the same decision, so the tags of the last one are kept.
  let last: { readonly decision: Decision; readonly root: Tags } | undefined
  return (trace, spans, decision) => {
    if (last?.decision !== decision) last = { decision, root: rootTags(conditions.processTags, decision) }
    return new View(conditions, trace, spans, decision, last.root)
  }
}

class View implements ChunkView {
  readonly #given: Given
  readonly #trace: LocalTrace
  readonly #spans: ReadonlyArray<RoutedSpan>
  readonly #facts: Facts

  constructor(given: Given, trace: LocalTrace, spans: ReadonlyArray<RoutedSpan>, decision: Decision, root: Tags) {
    this.#given = given
    this.#trace = trace
    this.#spans = spans
    this.#facts = {
      traceId: trace.traceId,
      priority: decision.priority,
      decisionMaker: decision.decisionMaker,
      upstream: trace.upstream,
      root,
      llm: trace.llm,
      env: given.env,
      version: given.version
    }
  }

  seal(index: number): ApmSpan {
    const span = this.#spans[index]!
    const { record } = span
    if (record !== undefined) GenAi.writeCall(record, span.meta, span.metrics)
    const place = { root: span === this.#trace.root, topLevel: span.topLevel, first: index === 0 }
    // A filter of the program may change the tags that it is shown.
    const isShown = this.#given.keeps !== undefined
    const tags = isShown ? TraceChunks.seal(span, place, this.#facts) : span
    if (!isShown) TraceChunks.write(span, place, this.#facts)
    if (record !== undefined) GenAi.writeSession(record, tags.meta)
    return span.toApmSpan(tags)
  }

  isKept(): boolean {
    const { keeps } = this.#given
    return keeps === undefined || keeps(this.#spans.map((_, index) => this.seal(index)))
  }

  // The Agent filters by the span that it takes for the root of the chunk, and by the tags that leave with it. If
  // several spans have a parent elsewhere, the Agent takes one of them, so all of them are checked.
  isFiltered(): boolean {
    const filters = this.#given.filter()
    if (filters === undefined) return false
    const spans = this.#spans
    const ids = new Set<string>()
    for (const span of spans) ids.add(span.spanId)
    return spans.some(({ parentId }, index) =>
      (parentId === undefined || !ids.has(parentId)) && filters(this.seal(index))
    )
  }
}

const rootTags = (process: Tags, decision: Decision): Tags => ({
  meta: { ...process.meta, ...decision.tags },
  metrics: { ...process.metrics, ...decision.metrics }
})
