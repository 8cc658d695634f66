/**
 * The fields of an Effect span, as tags of an APM span.
 */
import * as Context from "effect/Context"
import type * as Exit from "effect/Exit"
import type { SpanKind } from "effect/Tracer"
import * as JsonText from "../../domain/json/JsonText.ts"
import * as SpanName from "../../domain/span/SpanName.ts"
import type { TracedSpan } from "../../engine/chunk/LocalTrace.ts"
import type { RequestInfo } from "../../ports/AmbientContext.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"

/** An event on a span. `startTime` is Unix time in nanoseconds. */
export interface SpanEvent {
  readonly name: string
  readonly startTime: bigint
  readonly attributes: Record<string, unknown> | undefined
}

// Attributes that Effect's HTTP modules write by OpenTelemetry's names, and the names that Datadog gives them.
const renamed: ReadonlyMap<string, string> = new Map([
  ["http.request.method", "http.method"],
  ["http.response.status_code", "http.status_code"],
  ["url.full", "http.url"],
  ["user_agent.original", "http.useragent"],
  ["client.address", "http.client_ip"],
  ["server.address", "out.host"]
])

/** The Agent cuts a longer text itself. */
const maxText = 25_000

/** A value as the text of a tag. */
export const text = (value: unknown): string => {
  const written = typeof value === "string" ? value : JsonText.fromUnknown(value).value ?? ""
  return written.length > maxText ? written.slice(0, maxText) : written
}

/**
 * Writes a value as texts: the elements of an array under `key.0`, `key.1` and so on, as the attributes of links are
 * written.
 */
export const flatten = (key: string, value: unknown, into: { [key: string]: string }, depth = 0): void => {
  if (key === "__proto__") return
  if (!Array.isArray(value) || depth === maxDepth) into[key] = text(value)
  else for (let i = 0; i < value.length && i < maxElements; i++) flatten(`${key}.${i}`, value[i], into, depth + 1)
}

const maxDepth = 4
const maxElements = 128

/**
 * Writes attributes into the tags of a span. Numbers become metrics, everything else text; `service.name`,
 * `resource.name`, `operation.name` and `span.type` set the field of that name.
 */
export const write = (attributes: ReadonlyMap<string, unknown>, live: TracedSpan): void => {
  for (const [key, value] of attributes) {
    switch (key) {
      case "service.name":
        live.service = text(value)
        break
      case "resource.name":
        live.resource = text(value)
        break
      case "operation.name":
        live.name = text(value)
        break
      case "span.type":
        live.type = text(value)
        break
      case "url.full":
        // The query is left out, as in Datadog's tracers, because it can hold secrets.
        live.meta["http.url"] = text(value).split("?", 1)[0]!
        break
      case "url.query":
      case "__proto__":
        break
      default: {
        const name = renamed.get(key) ?? key
        if (typeof value === "number" && name !== "http.status_code") live.metrics[name] = value
        else live.meta[name] = text(value)
      }
    }
  }
  if (live.resource === "" || live.meta["http.route"] !== undefined) nameResource(live)
}

const nameResource = (live: TracedSpan): void => {
  const method = live.meta["http.method"]
  const route = live.meta["http.route"]
  if (method !== undefined && route !== undefined) live.resource = `${method} ${route}`
}

/** Writes the events of a span as one JSON text, because not every Agent accepts span events. */
export const writeEvents = (events: ReadonlyArray<SpanEvent>, live: TracedSpan): void => {
  let size = 2
  const written: Array<string> = []
  for (const event of events) {
    const attributes = event.attributes === undefined
      ? ""
      : `,"attributes":${JsonText.fromUnknown({ ...event.attributes }).value ?? "{}"}`
    const entry = `{"name":${
      JSON.stringify(SpanName.fromUnknown(event.name))
    },"time_unix_nano":${event.startTime}${attributes}}`
    size += entry.length + 1
    if (size > maxText) break
    written.push(entry)
  }
  live.meta["events"] = `[${written.join(",")}]`
}

/** Writes the tags of a span's kind and request, sampled or not. */
export const describe = (live: TracedSpan, kind: SpanKind, request: RequestInfo | undefined): void => {
  if (kind !== "internal") live.meta["span.kind"] = kind
  if (kind !== "server" || request === undefined) return
  live.meta["http.method"] = request.method
  live.resource = request.method
}

/**
 * Writes the response status of a server span. The server sets it on sampled spans only.
 */
export const writeStatus = (live: TracedSpan, exit: Exit.Exit<unknown, unknown>): void => {
  const status = exit._tag === "Success" ? statusOf(exit.value) : statusOfFailure(exit)
  if (status !== undefined) live.meta["http.status_code"] ??= String(status)
  nameResource(live)
}

const statusOf = (response: unknown): number | undefined => {
  const status = (response as { readonly status?: unknown } | null | undefined)?.status
  return typeof status === "number" ? status : undefined
}

// The key under which an error holds its response.
const respondableKey = "~effect/http/HttpServerRespondable"

// A failure holds the response if the handler made it; otherwise the server answers 500. The response of an error that
// chose its own, and that of an interrupted request, are not visible here.
const statusOfFailure = (exit: Exit.Failure<unknown, unknown>): number | undefined => {
  for (const reason of exit.cause.reasons) {
    if (reason._tag === "Interrupt") return undefined
    const error = reason._tag === "Fail" ? reason.error : reason.defect
    if (typeof error !== "object" || error === null) continue
    const said = statusOf((error as { readonly reason?: { readonly response?: unknown } }).reason?.response)
    if (said !== undefined) return said
    if (respondableKey in error) return undefined
  }
  return 500
}

// The router's own tag for the route of a request, by its key.
const routeTag = Context.Service<{ readonly route?: { readonly path?: unknown } }>(
  "effect/http/HttpRouter/RouteContext"
)

/** Reads the route of the request that a fiber handles. The router sets it on sampled spans only. */
export const readRoute = (reader: ContextReader, root: TracedSpan): void => {
  if (root.type !== "web" || root.meta["http.route"] !== undefined) return
  const context = Context.getOrUndefined(reader.context, routeTag)
  if (typeof context?.route?.path === "string") root.meta["http.route"] = context.route.path
}
