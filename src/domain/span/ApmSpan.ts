/**
 * An APM span, as data: its fields in the v0.4 trace payload.
 *
 * @since 0.1.0
 */

/**
 * `traceId` is 32 hex characters, `spanId` and `parentId` are 16. Times are in nanoseconds, `startNs` since the Unix
 * epoch. `meta` holds texts, `metrics` finite numbers.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApmSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly resource: string
  readonly service: string
  readonly type: string
  readonly startNs: bigint
  readonly durationNs: number
  readonly error: 0 | 1
  readonly meta: { readonly [key: string]: string }
  readonly metrics: { readonly [key: string]: number }
  readonly links: ReadonlyArray<ApmSpanLink>
}

/**
 * A link from a span to a span of another trace.
 *
 * @category models
 * @since 0.1.0
 */
export interface ApmSpanLink {
  readonly traceId: string
  readonly spanId: string
  readonly attributes: { readonly [key: string]: string }
  readonly tracestate?: string | undefined
  readonly flags?: number | undefined
}
