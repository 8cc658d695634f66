/**
 * The requests to the stand-in, in the form of the captures: decoded, with placeholders for what changes between runs.
 */
import * as Os from "node:os"
import * as Zlib from "node:zlib"
import * as ApmIntakeWriter from "../src/adapters/apm-intake/ApmIntakeWriter.ts"
import * as MsgpackReader from "../src/adapters/devagent/MsgpackReader.ts"
import type { MsgpackValue } from "../src/adapters/devagent/MsgpackReader.ts"
import { libraryVersion } from "../src/composition/Version.ts"
import type { Received } from "./AgentStandIn.ts"
import type { Placeholders } from "./Placeholders.ts"
import type { Json, JsonObject, RecordedRequest } from "./Scenario.ts"
import * as SpecialValue from "./SpecialValue.ts"

const headersLeftOut =
  /^(host|content-length|connection|transfer-encoding|accept.*|datadog-container-id|datadog-entity-id|datadog-external-env)$/

/** The requests, sorted by process, then events, evaluations, everything else. */
export const requests = (
  received: ReadonlyArray<Received>,
  placeholders: Placeholders,
  options: { readonly summarise: boolean }
): ReadonlyArray<RecordedRequest> =>
  received
    .map((request) => recorded(request, placeholders, options.summarise))
    .sort((a, b) => a.process - b.process || order(a.kind) - order(b.kind))

const order = (kind: string): number => kind === "llmobs" ? 0 : kind === "evaluations" ? 1 : 2

const recorded = (request: Received, placeholders: Placeholders, summarise: boolean): RecordedRequest => {
  const kind = kindOf(request.path)
  const base = {
    process: request.process,
    kind,
    method: request.method,
    path: request.path,
    headers: headersOf(request)
  }
  if (kind === "other") return { ...base, note: "body not recorded" }
  if (kind === "traces") return { ...base, body: tracesOf(request.body, placeholders) }
  if (kind === "agentless_traces") return { ...base, body: agentlessOf(request.body, placeholders) }
  const text = request.body.toString("utf8")
  const body = redactTimes(parseJson(text), placeholders, "")
  return {
    ...base,
    answered: request.answered,
    wire: {
      ascii_only: /^[\x20-\x7e\s]*$/.test(text),
      object_keys_sorted: isSorted(JSON.parse(text) as Json),
      ...(summarise
        ? {
          body_bytes_rounded: Math.round(request.body.byteLength / 10_000) * 10_000,
          events: Array.isArray(body) ? body.length : 0
        }
        : undefined)
    },
    body: summarise ? SpecialValue.summarise(body, false) : body
  }
}

const kindOf = (path: string): string =>
  path.endsWith("/api/v2/llmobs")
    ? "llmobs"
    : path.endsWith("/eval-metric")
    ? "evaluations"
    : path.endsWith("/v0.4/traces")
    ? "traces"
    : path.endsWith(ApmIntakeWriter.path)
    ? "agentless_traces"
    : "other"

const headersOf = (request: Received): { readonly [name: string]: string } =>
  Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => !headersLeftOut.test(name) && name !== "user-agent")
      .map(([name, value]): readonly [string, string] => {
        switch (name) {
          case "datadog-meta-tracer-version":
            return [name, value === libraryVersion ? "<version>" : value]
          case "datadog-meta-lang-version":
            return [name, "<lang_version>"]
          case "datadog-meta-lang-interpreter":
            return [name, "<interpreter>"]
          default:
            return [name, value]
        }
      })
      .sort(([a], [b]) => a < b ? -1 : 1)
  )

const isSorted = (value: Json): boolean => {
  if (Array.isArray(value)) return value.every(isSorted)
  if (typeof value !== "object" || value === null) return true
  const keys = Object.keys(value)
  return keys.every((key, i) => i === 0 || keys[i - 1]! <= key) && Object.values(value).every(isSorted)
}

/** JSON with every number that a double does not hold exactly kept as a special value. */
export const parseJson = (text: string): Json =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== "number" || context?.source === undefined) return value as Json
    return /^-?\d+$/.test(context.source) ? SpecialValue.encodeNumber(BigInt(context.source)) : value
  }) as Json

/** Replaces ids, times, versions and stacks by their placeholders. */
export const redactTimes = (value: Json, placeholders: Placeholders, key: string): Json => {
  switch (key) {
    case "start_ns":
    case "start":
      return "<start_ns>"
    case "duration":
      return "<duration>"
    case "_dd.tracer_version":
    case "ddtrace.version":
    case "ddtrace_version":
      return value === libraryVersion ? "<version>" : value
    case "runtime-id":
      return /^[0-9a-f-]{36}$/.test(String(value)) ? "<uuid>" : value
    case "runtimeID":
      return /^[0-9a-f-]{36}$/.test(String(value)) ? "<uuid>" : value
    case "hostname":
      return value === Os.hostname() ? "<hostname>" : value
    case "languageVersion":
      return value === process.version ? "<lang_version>" : value
    case "tracerVersion":
      return value === libraryVersion ? "<version>" : value
    case "process_id":
      return value === process.pid ? "<pid>" : value
    case "_dd.p.tid":
      return /^[0-9a-f]{16}$/.test(String(value)) ? "<tid>" : value
    case "stack":
    case "error.stack":
      return value === "" ? "" : "<stack>"
  }
  if (typeof value === "string") {
    return value.length > 100_000
      ? value
      : placeholders.replace(value.replace(`ddtrace.version:${libraryVersion}`, "ddtrace.version:<version>"))
  }
  if (Array.isArray(value)) return value.map((item) => redactTimes(item, placeholders, ""))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, item]) => [name, redactTimes(item, placeholders, name)])
  )
}

const plain = (value: MsgpackValue): Json => {
  switch (value.type) {
    case "nil":
      return null
    case "int":
    case "uint":
    case "float32":
    case "float64":
      return SpecialValue.encodeNumber(value.value)
    case "bool":
    case "str":
      return value.value
    case "array":
      return value.items.map(plain)
    case "map":
      return Object.fromEntries(value.entries.map(([key, item]) => [String(plain(key)), plain(item)]))
    case "bin":
      return structOf(value.value)
    case "ext":
      return { $ext: value.code }
  }
}

const structOf = (bytes: Uint8Array): Json => {
  const result = MsgpackReader.read(bytes)
  return result.ok ? plain(result.value) : { $unreadable: result.message }
}

const ids = ["trace_id", "span_id", "parent_id"]

const tracesOf = (body: Buffer, placeholders: Placeholders): Json => {
  const result = MsgpackReader.read(body)
  if (!result.ok || result.value.type !== "array") return { $unreadable: result.ok ? "no array" : result.message }
  const chunks = result.value.items.map((chunk) => chunk.type === "array" ? chunk.items : [])
  return chunks
    .map((spans) =>
      spans.map((span) => ({ start: startOf(span), span: spanOf(span, placeholders) }))
        .sort((a, b) => a.start < b.start ? -1 : a.start > b.start ? 1 : 0)
    )
    .sort((a, b) => (a[0]?.start ?? 0n) < (b[0]?.start ?? 0n) ? -1 : 1)
    .map((spans) => spans.map(({ span }) => span))
}

const agentlessOf = (body: Buffer, placeholders: Placeholders): Json => {
  const { traces, ...rest } = parseJson(Zlib.zstdDecompressSync(body).toString("utf8")) as JsonObject
  const start = (span: Json): bigint => {
    const value = (span as JsonObject)["start"]
    return BigInt(typeof value === "number" ? value : (value as JsonObject)["value"] as string)
  }
  const sorted = (traces as ReadonlyArray<JsonObject>).map(({ spans, ...trace }): JsonObject => ({
    ...trace,
    spans: [...spans as ReadonlyArray<Json>].sort((a, b) => start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0)
  }))
  return redactTimes({ ...rest, traces: sorted }, placeholders, "")
}

const field = (span: MsgpackValue, name: string): MsgpackValue | undefined =>
  span.type === "map" ? span.entries.find(([key]) => key.type === "str" && key.value === name)?.[1] : undefined

const startOf = (span: MsgpackValue): bigint => {
  const start = field(span, "start")
  return start?.type === "uint" || start?.type === "int" ? start.value : 0n
}

const spanOf = (span: MsgpackValue, placeholders: Placeholders): Json => {
  if (span.type !== "map") return plain(span)
  const out: { [key: string]: Json } = {}
  for (const [key, value] of span.entries) {
    const name = String(plain(key))
    if (ids.includes(name) && (value.type === "uint" || value.type === "int")) {
      const decimal = value.value.toString()
      const replaced = placeholders.replace(decimal)
      out[name] = replaced === decimal ? SpecialValue.encodeNumber(value.value) : replaced
    } else out[name] = redactTimes(plain(value), placeholders, name)
  }
  return Object.fromEntries(Object.entries(out).sort(([a], [b]) => a < b ? -1 : 1))
}

/** A header with its ids, and the upper half of its trace id, replaced. */
export const redactHeader = (value: string, placeholders: Placeholders): string =>
  placeholders.replace(value).replace(/((?:_dd\.p|t)\.tid[=:])[0-9a-f]{16}/g, "$1<tid>")
