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
 * @category models
 * @since 0.1.0
 */
export interface TraceChunk {
  readonly spans: ReadonlyArray<ChunkSpan>
}

/**
 * The records that ride a chunk, in the order of its spans.
 *
 * @category combinators
 * @since 0.1.0
 */
export const riders = (self: TraceChunk): ReadonlyArray<SpanRecord> => {
  const out: Array<SpanRecord> = []
  for (const { rider } of self.spans) {
    if (rider !== undefined) out.push(rider)
  }
  return out
}

/**
 * The tags that the first span of a chunk carries for all of them.
 *
 * **Details**
 *
 * The Agent reads the sampling priority, the decision maker, the origin and the upper half of the trace id (`_dd.p.tid`,
 * 16 hex characters, left out when it is zero) from there. What an upstream passed on stands there too.
 *
 * @category combinators
 * @since 0.1.0
 */
export const firstSpanTags = (options: {
  readonly traceId: string
  readonly priority: number
  readonly decisionMaker: string | undefined
  readonly upstream: Extracted | undefined
}): {
  readonly meta: { readonly [key: string]: string }
  readonly metrics: { readonly [key: string]: number }
} => {
  const { decisionMaker, upstream } = options
  const meta: { [key: string]: string } = {}
  if (upstream !== undefined) {
    for (const [key, value] of upstream.propagationTags) meta[key] = value
    for (const [key, value] of upstream.baggageTags) meta[key] = value
    if (upstream.origin !== undefined) meta["_dd.origin"] = upstream.origin
    if (upstream.lastParentId !== undefined) meta["_dd.parent_id"] = upstream.lastParentId
    if (upstream.propagationError !== undefined) meta["_dd.propagation_error"] = upstream.propagationError
  }
  if (decisionMaker !== undefined) meta["_dd.p.dm"] = decisionMaker
  const high = TraceId.high64(options.traceId)
  if (high !== TraceId.zeroHalf) meta["_dd.p.tid"] = high
  return { meta, metrics: { _sampling_priority_v1: options.priority } }
}
