/**
 * Zipkin's trace headers: `b3` in one line, and `x-b3-*`.
 *
 * @since 0.1.0
 */
import * as SpanId from "../span/SpanId.ts"
import * as TraceId from "../span/TraceId.ts"
import type { HeaderLookup } from "./HeaderLookup.ts"
import * as Headers from "./HeaderLookup.ts"

/**
 * The trace of a request. `traceId` is 32 hex characters, `parentId` 16.
 *
 * @category models
 * @since 0.1.0
 */
export interface Extracted {
  readonly traceId: string
  readonly parentId: string
  readonly priority: number | undefined
}

const sampling: ReadonlyMap<string, number> = new Map([["0", 0], ["1", 1], ["d", 2]])

const from = (
  traceId: string | undefined,
  parentId: string | undefined,
  priority: number | undefined
): Extracted | undefined => {
  const trace = traceId === undefined ? undefined : TraceId.fromHex(traceId)
  const parent = parentId === undefined ? undefined : SpanId.fromHex(parentId)
  return trace === undefined || parent === undefined ? undefined : { traceId: trace, parentId: parent, priority }
}

/**
 * Reads `b3: <trace>-<span>[-<0|1|d>[-<parent>]]`. Sampling without ids is no trace.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractSingle = (headers: HeaderLookup): Extracted | undefined => {
  const [traceId, parentId, sampled] = (Headers.text(headers, "b3") ?? "").slice(0, 128).split("-")
  return from(traceId, parentId, sampling.get(sampled ?? ""))
}

/**
 * Reads `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled` and `x-b3-flags`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const extractMulti = (headers: HeaderLookup): Extracted | undefined =>
  from(
    Headers.text(headers, "x-b3-traceid"),
    Headers.text(headers, "x-b3-spanid"),
    Headers.text(headers, "x-b3-flags") === "1" ? 2 : sampling.get(Headers.text(headers, "x-b3-sampled") ?? "")
  )

const shortest = (traceId: string): string =>
  TraceId.high64(traceId) === TraceId.zeroHalf ? TraceId.low64(traceId) : traceId

/**
 * The `b3` header of a span. A priority of the user's own (2) is the debug state `d`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const injectSingle = (
  traceId: string,
  spanId: string,
  priority: number | undefined
): Record<string, string> => ({
  b3: `${shortest(traceId)}-${spanId}${priority === undefined ? "" : priority > 1 ? "-d" : priority > 0 ? "-1" : "-0"}`
})

/**
 * The `x-b3-*` headers of a span.
 *
 * @category combinators
 * @since 0.1.0
 */
export const injectMulti = (
  traceId: string,
  spanId: string,
  priority: number | undefined
): Record<string, string> => ({
  "x-b3-traceid": shortest(traceId),
  "x-b3-spanid": spanId,
  ...(priority === undefined
    ? {}
    : priority > 1
    ? { "x-b3-flags": "1" }
    : { "x-b3-sampled": priority > 0 ? "1" : "0" })
})
