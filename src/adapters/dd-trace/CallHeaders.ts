/**
 * The headers of calls that dd-trace instruments: they carry the LLM trace, too.
 */
import type { DdSpan, DdSpanContext } from "./DdTraceApi.ts"
import { hidden } from "./DdTraceApi.ts"

/** The message of an injection. It has the written headers in 5.18; later versions write the tags that it names. */
export interface Injecting {
  readonly carrier?: { [name: string]: string } | undefined
  traceTagReplacements?: ReadonlyArray<string> | undefined
}

const tagsHeader = "x-datadog-tags"
// Receivers drop a longer header.
const maxTags = 512

/** Adds tags to the headers of a call, unless they would be too long. */
export const add = (message: Injecting, tags: ReadonlyMap<string, string>): void => {
  const { carrier } = message
  if (carrier === undefined) {
    message.traceTagReplacements = [...message.traceTagReplacements ?? [], ...[...tags].flat()]
    return
  }
  if (carrier["x-datadog-trace-id"] === undefined) return
  const own = carrier[tagsHeader]?.split(",").filter((member) => !tags.has(member.split("=", 1)[0]!)) ?? []
  const header = [...own, ...[...tags].map(([key, value]) => `${key}=${value}`)].join(",")
  if (header.length <= maxTags) carrier[tagsHeader] = header
}

/** The LLM span of a call: that of the calling span, or of the nearest span above it. */
export const nearest = <Host>(hosts: WeakMap<DdSpan, Host>, context: DdSpanContext): Host | undefined => {
  const started = hidden(context, "_trace", "started") as ReadonlyArray<DdSpan> | undefined
  if (!Array.isArray(started) || !started.some((span) => hosts.has(span))) return undefined
  const spans = new Map<string, DdSpan>(started.map((span: DdSpan) => [span.context().toSpanId(), span]))
  let id: string | undefined = context.toSpanId()
  for (let steps = 0; id !== undefined && steps < spans.size; steps++) {
    const span = spans.get(id)
    if (span === undefined) return undefined
    const host = hosts.get(span)
    if (host !== undefined) return host
    const parent = hidden(span.context(), "_parentId")
    id = typeof parent === "object" && parent !== null
      ? (parent as { toString(radix: number): string }).toString(10)
      : undefined
  }
  return undefined
}
