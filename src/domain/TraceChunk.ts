/**
 * A trace chunk: finished spans of one local trace that leave together.
 *
 * @since 0.1.0
 */
import type { ApmSpan } from "./ApmSpan.ts"
import type { SpanRecord } from "./SpanRecord.ts"

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
 * The Agent reads the sampling priority, the decision maker and the upper half of the trace id (`_dd.p.tid`, 16 hex
 * characters, left out when it is zero) from there.
 *
 * @category combinators
 * @since 0.1.0
 */
export const firstSpanTags = (options: {
  readonly traceId: string
  readonly priority: number
  readonly origin: string | undefined
  readonly decision: {
    readonly meta: { readonly [key: string]: string }
    readonly metrics: { readonly [key: string]: number }
  }
}): {
  readonly meta: { readonly [key: string]: string }
  readonly metrics: { readonly [key: string]: number }
} => {
  const tid = options.traceId.slice(0, 16)
  return {
    meta: {
      ...options.decision.meta,
      ...(tid === "0000000000000000" ? undefined : { "_dd.p.tid": tid }),
      ...(options.origin === undefined ? undefined : { "_dd.origin": options.origin })
    },
    metrics: { ...options.decision.metrics, _sampling_priority_v1: options.priority }
  }
}
