/**
 * Writes trace chunks to Datadog's agentless trace intake: `POST /v1/input`, JSON.
 *
 * **Details**
 *
 * The struct of a span is written as JSON and not as MessagePack, ids are 16 hex characters, and the intake reads dots in
 * keys as nesting, so tag keys in the struct have `_` for `.`. The intake takes rejected traces too.
 *
 * **Gotchas**
 *
 * The intake is internal to Datadog and can change. It is used only if it was requested.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as MetaStruct from "../../domain/event/MetaStruct.ts"
import * as WireFormat from "../../domain/event/WireFormat.ts"
import type { ApmSpan } from "../../domain/span/ApmSpan.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { TraceChunk } from "../../domain/trace/TraceChunk.ts"
import type { AgentWriterService } from "../../ports/AgentWriter.ts"
import type { Target, TransportService } from "../../ports/Transport.ts"

/** The path of the intake. */
export const path = "/v1/input"

const maxPayloadBytes = 10_000_000

const noParent = "0000000000000000"

// TypeScript's library has no type for `JSON.rawJSON` yet.
const rawJson = (JSON as unknown as { readonly rawJSON: (text: string) => number }).rawJSON

export const make = (options: {
  readonly transport: TransportService
  readonly target: Target
  readonly apiKey: Redacted.Redacted
  readonly timeoutMillis: number
  readonly headers: { readonly [name: string]: string }
  /** The data about this process in every trace. */
  readonly process: {
    readonly hostname: string
    readonly env: string | undefined
    readonly languageVersion: string
    readonly runtimeId: string
    readonly containerId: string | undefined
    readonly libraryVersion: string
  }
  readonly onDefect: (error: unknown) => void
}): AgentWriterService => {
  const { process } = options
  const format = WireFormat.select("apm-agentless", "ride")
  const encoder = new TextEncoder()
  const about = {
    hostname: process.hostname,
    ...(process.env === undefined ? undefined : { env: process.env }),
    languageName: "javascript",
    languageVersion: process.languageVersion,
    tracerVersion: process.libraryVersion,
    runtimeID: process.runtimeId,
    ...(process.containerId === undefined ? undefined : { containerID: process.containerId })
  }
  const encode = (chunk: TraceChunk): Uint8Array =>
    encoder.encode(JSON.stringify({
      ...about,
      spans: chunk.spans.map(({ rider, span }, index) => spanObject(span, rider, format, index === 0))
    }))
  return {
    maxPayloadBytes,
    structBytes: (record) => encoder.encode(JSON.stringify(MetaStruct.render(record, format))).byteLength,
    encode: (chunk) => {
      try {
        const bytes = encode(chunk)
        return bytes.byteLength > maxPayloadBytes ? undefined : { bytes }
      } catch (error) {
        options.onDefect(error)
        return undefined
      }
    },
    send: (chunks) =>
      Effect.flatMap(
        compressed(Buffer.concat(interleave(chunks.map((chunk) => chunk.bytes)))),
        (body) =>
          options.transport.send({
            target: options.target,
            method: "POST",
            path,
            headers: {
              ...options.headers,
              "content-type": "application/json",
              "content-encoding": "zstd",
              "datadog-client-computed-top-level": "true",
              "dd-api-key": Redacted.value(options.apiKey),
              "x-datadog-trace-count": String(chunks.length)
            },
            body,
            timeoutMillis: options.timeoutMillis
          })
      )
  }
}

const head = Buffer.from(`{"traces":[`)
const comma = Buffer.from(",")
const tail = Buffer.from("]}")

const interleave = (parts: ReadonlyArray<Uint8Array>): Array<Uint8Array> => {
  const out: Array<Uint8Array> = [head]
  for (let i = 0; i < parts.length; i++) {
    if (i > 0) out.push(comma)
    out.push(parts[i]!)
  }
  out.push(tail)
  return out
}

const compressed = (body: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    // Not imported, so that a bundle loads in a runtime that has no such module.
    const Zlib = process.getBuiltinModule("node:zlib")
    Zlib.zstdCompress(body, { params: { [Zlib.constants.ZSTD_c_compressionLevel]: 1 } }, (error, out) =>
      resume(error === null ? Effect.succeed(out) : Effect.die(error)))
  })

const spanObject = (span: ApmSpan, rider: SpanRecord | undefined, format: WireFormat.WireFormat, first: boolean) => ({
  trace_id: span.traceId.slice(16),
  span_id: span.spanId,
  parent_id: span.parentId ?? noParent,
  name: span.name,
  resource: span.resource === "" ? span.name : span.resource,
  service: span.service,
  ...(span.type === "" ? undefined : { type: span.type }),
  error: span.error,
  start: rawJson(span.startNs.toString()),
  duration: Math.max(0, Math.round(span.durationNs)),
  meta: {
    ...span.meta,
    ...(first ? { "_dd.compute_stats": "1" } : undefined),
    ...(span.links.length > 0 ? { "_dd.span_links": links(span) } : undefined)
  },
  metrics: { ...finite(span.metrics), ...(span.parentId === undefined ? { _trace_root: 1 } : undefined) },
  ...(rider === undefined ? undefined : { meta_struct: { [MetaStruct.key]: MetaStruct.render(rider, format) } })
})

const links = (span: ApmSpan): string =>
  JSON.stringify(span.links.map((link) => ({
    trace_id: link.traceId,
    span_id: link.spanId,
    attributes: link.attributes,
    ...(link.tracestate === undefined ? undefined : { tracestate: link.tracestate }),
    ...(link.flags === undefined ? undefined : { flags: link.flags })
  })))

const finite = (metrics: ApmSpan["metrics"]): { [key: string]: number } =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)))
