/**
 * A trace chunk: finished spans of one local trace that leave together.
 *
 * @since 0.1.0
 */
import type { Extracted } from "../propagation/Propagation.ts"
import type { ApmSpan } from "../span/ApmSpan.ts"
import type { SpanRecord } from "../span/SpanRecord.ts"
import * as TraceId from "../span/TraceId.ts"

/**
 * A span of a chunk, and the record that rides it, if one does.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChunkSpan {
  readonly span: ApmSpan
  readonly rider: SpanRecord | undefined
}

/**
 * The spans of a chunk, each with the record that rides it.
 *
 * @category models
 * @since 0.1.0
 */
export interface TraceChunk {
  readonly spans: ReadonlyArray<ChunkSpan>
}

/**
 * A span with the record that rides it, if one does.
 *
 * @category constructors
 * @since 0.2.0
 */
export const carry = (span: ApmSpan, rider: SpanRecord | undefined): ChunkSpan => new Carrying(span, rider)

// A class, so that it begins in the young generation: see `SpanRecord`.
class Carrying implements ChunkSpan {
  readonly span: ApmSpan
  readonly rider: SpanRecord | undefined

  constructor(span: ApmSpan, rider: SpanRecord | undefined) {
    this.span = span
    this.rider = rider
  }
}

/**
 * The chunk of these spans.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (spans: ReadonlyArray<ChunkSpan>): TraceChunk => new Chunk(spans)

class Chunk implements TraceChunk {
  readonly spans: ReadonlyArray<ChunkSpan>

  constructor(spans: ReadonlyArray<ChunkSpan>) {
    this.spans = spans
  }
}

/**
 * The records that ride a chunk, in the order of its spans.
 *
 * @category combinators
 * @since 0.1.0
 */
export const riders = (self: TraceChunk): ReadonlyArray<SpanRecord> => {
  // A list that grows, or that a filter makes, has place for many, and it is held as long as its events.
  const each = self.spans.map(({ rider }) => rider)
  if (isFull(each)) return each
  return each.every((rider) => rider === undefined) ? none : each.filter((rider) => rider !== undefined)
}

const none: ReadonlyArray<SpanRecord> = []

const isFull = <A>(each: ReadonlyArray<A | undefined>): each is ReadonlyArray<A> => !each.includes(undefined)

/**
 * The facts about a trace that its spans carry as tags.
 *
 * **Details**
 *
 * `root` holds the tags of the local root alone: those of its process and of the sampling decision. `llm` is the first
 * LLM span of the local trace, which the root names. `upstream` is what a request passed on.
 *
 * @category models
 * @since 0.2.0
 */
export interface Facts {
  readonly traceId: string
  readonly priority: number
  readonly decisionMaker: string | undefined
  readonly upstream: Extracted | undefined
  readonly root: Tags
  readonly llm: { readonly traceId: string; readonly spanId: string } | undefined
  readonly env: string | undefined
  readonly version: string | undefined
}

/**
 * The tags of a span: `meta` holds texts, `metrics` finite numbers.
 *
 * @category models
 * @since 0.2.0
 */
export type Tags = Pick<ApmSpan, "meta" | "metrics">

/**
 * The place of a span: whether it is the local root of its trace, the entry into its service, the first of its chunk.
 *
 * @category models
 * @since 0.2.0
 */
export interface Place {
  readonly root: boolean
  readonly topLevel: boolean
  readonly first: boolean
}

/**
 * The tags that the first span of a chunk carries for the whole chunk.
 *
 * **Details**
 *
 * The Agent reads the sampling priority, the decision maker, the origin and the upper half of the trace id
 * (`_dd.p.tid`, 16 hex characters, omitted if zero) from the first span. The tags that an upstream passed on are there
 * too.
 *
 * @category combinators
 * @since 0.1.0
 */
export const firstSpanTags = (
  facts: Pick<Facts, "traceId" | "priority" | "decisionMaker" | "upstream">
): Tags => {
  const tags = { meta: {}, metrics: {} }
  writeFirstTags(facts, tags.meta, tags.metrics)
  return tags
}

const writeFirstTags = (
  facts: Pick<Facts, "traceId" | "priority" | "decisionMaker" | "upstream">,
  meta: { [key: string]: string },
  metrics: { [key: string]: number }
): void => {
  const { decisionMaker, upstream } = facts
  if (upstream !== undefined) {
    for (const [key, value] of upstream.propagationTags) meta[key] = value
    for (const [key, value] of upstream.baggageTags) meta[key] = value
    if (upstream.origin !== undefined) meta["_dd.origin"] = upstream.origin
    if (upstream.lastParentId !== undefined) meta["_dd.parent_id"] = upstream.lastParentId
    if (upstream.propagationError !== undefined) meta["_dd.propagation_error"] = upstream.propagationError
  }
  if (decisionMaker !== undefined) meta["_dd.p.dm"] = decisionMaker
  const high = TraceId.high64(facts.traceId)
  if (high !== TraceId.zeroHalf) meta["_dd.p.tid"] = high
  metrics["_sampling_priority_v1"] = facts.priority
}

// Tags that their holder may still add to.
interface OwnTags {
  readonly meta: { [key: string]: string }
  readonly metrics: { [key: string]: number }
}

/**
 * Adds to a span's own tags those of its place in the chunk. `own` is not changed. The first span of a chunk also
 * carries the language.
 *
 * @category combinators
 * @since 0.2.0
 */
export const seal = (own: Tags, place: Place, facts: Facts): OwnTags => {
  const tags = { meta: { ...own.meta }, metrics: { ...own.metrics } }
  write(tags, place, facts)
  return tags
}

/**
 * Writes the tags of a span's place in the chunk among its own.
 *
 * @category combinators
 * @since 0.2.0
 */
export const write = ({ meta, metrics }: OwnTags, place: Place, facts: Facts): void => {
  if (place.root) {
    Object.assign(meta, facts.root.meta)
    Object.assign(metrics, facts.root.metrics)
  }
  if (place.topLevel) metrics["_dd.top_level"] = 1
  if (facts.env !== undefined) meta["env"] = facts.env
  if (facts.version !== undefined) meta["version"] = facts.version
  if (place.first) writeFirst(facts, meta, metrics)
  // The tags that no two traces have alike come last.
  if (place.root && facts.llm !== undefined) {
    meta["llmobs_trace_id"] = facts.llm.traceId
    meta["llmobs_parent_id"] = facts.llm.spanId
  }
}

const writeFirst = (facts: Facts, meta: { [key: string]: string }, metrics: { [key: string]: number }): void => {
  const language = facts.root.meta["language"]
  if (language !== undefined) meta["language"] = language
  writeFirstTags(facts, meta, metrics)
}
