/**
 * The form in which a capture and our run are compared, after the folds that every comparison needs.
 *
 * Folds, on both sides:
 * - events and spans are a set by span id; which request or chunk holds them counts only where a scenario pins it
 * - ASCII escapes, key order, separators and log lines are information
 * - text that is JSON on both sides is compared parsed
 * - traces without an Agent are APM spans too: what each says of its process is compared beside them
 * - an error's class and message become our problem code, by {@link problemCodes}
 * - `ot=` in tracestate, `_dd.p.ksr`, what names the language and its tracer, exception modules, `True` and `None` in tags
 */
import type { ApiError, Expected, Json, JsonObject, RecordedRequest, Scenario } from "./Scenario.ts"

/** Python's error classes and messages, and the code that we report for the same mistake. */
const problemCodes: ReadonlyMap<string, string> = new Map([
  ["LLMObsAnnotateSpanError: metadata must be a dictionary", "invalid_metadata"],
  [
    "LLMObsAnnotateSpanError: metrics must be a dictionary of string key - numeric value pairs.",
    "invalid_metrics"
  ],
  ["LLMObsAnnotateSpanError: span tags must be a dictionary of string key - primitive value pairs.", "invalid_tags"],
  ["LLMObsAnnotateSpanError: Failed to parse input messages.", "invalid_io_messages"],
  ["LLMObsAnnotateSpanError: Failed to parse output messages.", "invalid_io_messages"],
  ["LLMObsAnnotateSpanError: Cannot annotate a finished span.", "invalid_finished_span"],
  [
    "ValueError: DD_API_KEY is required for sending LLMObs data when agentless mode is enabled. Ensure this configuration " +
    "is set before running your application.",
    "missing_api_key"
  ]
])

/** Codes that Python logs and does not raise. */
const onlyLogged: ReadonlySet<string> = new Set([
  "invalid_cost_tags",
  "invalid_tool_definitions",
  "unreadable_value",
  "value_too_large"
])

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

type Writable = { [key: string]: Json }

/**
 * Whether a scenario pins what one request or chunk holds: it flushes in between, makes requests fail, limits a chunk, or
 * records sizes.
 */
const pinsGrouping = (scenario: Scenario): boolean => {
  const flushes = JSON.stringify(scenario.program).includes("\"op\":\"flush\"")
  return flushes || scenario.config.agent?.evp_status !== undefined ||
    scenario.config.env["DD_TRACE_PARTIAL_FLUSH_MIN_SPANS"] !== undefined ||
    scenario.expected.requests.filter((request) => request.wire?.["body_bytes_rounded"] !== undefined).length > 1
}

/** The canonical form. */
export const make = (scenario: Scenario, said: Expected): JsonObject => {
  const pinned = pinsGrouping(scenario)
  const shown = shownEvents(scenario)
  const out: Writable = {
    modes: said.modes,
    id_counts: said.id_counts as unknown as Json,
    api_errors: apiErrors(said.api_errors ?? [])
  }
  if (said.exports !== undefined) out["exports"] = said.exports
  if (said.headers !== undefined) {
    out["headers"] = Object.fromEntries(Object.entries(said.headers).map(([label, set]) => [label, carrier(set)]))
  }
  if (said.default_intakes !== undefined) out["default_intakes"] = said.default_intakes
  for (const kind of ["llmobs", "traces"] as const) {
    const list = said.requests.filter((request) => request.kind === kind)
    const { items, requests } = kind === "llmobs" ? events(list, pinned) : spans(list, pinned)
    out[`${kind}_requests`] = requests
    if (kind === "llmobs" && shown !== undefined) {
      out["event_count"] = said === scenario.expected ? shown.count : Object.keys(items).length
      for (const id of Object.keys(items)) if (!shown.ids.has(id)) delete items[id]
    }
    out[kind === "llmobs" ? "events" : "spans"] = items
  }
  const agentless = said.requests.filter((request) => request.kind === "agentless_traces")
  if (agentless.length > 0) {
    const { about, items, requests } = agentlessSpans(agentless, pinned)
    out["agentless_traces"] = about
    out["agentless_traces_requests"] = requests
    out["spans"] = { ...out["spans"] as JsonObject, ...items }
  }
  const rest = said.requests.filter(({ kind }) => kind !== "llmobs" && kind !== "traces" && kind !== "agentless_traces")
  if (rest.length > 0) out["other_requests"] = rest.map(({ wire: _wire, ...request }) => request) as unknown as Json
  return out
}

// A capture that shows only the ends of a long list of events says how many there are.
const shownEvents = (scenario: Scenario): { readonly ids: ReadonlySet<string>; readonly count: number } | undefined => {
  const bodies = scenario.expected.requests.filter((request) => request.kind === "llmobs").map(({ body }) => body)
  if (!bodies.some((body) => isObject(body) && body["$long_list"] !== undefined)) return undefined
  const ids = bodies.flatMap((body) => list(body).map(eventId))
  const counts = bodies.map((body) => {
    const long = isObject(body) ? body["$long_list"] : undefined
    return isObject(long) ? Number(long["length"]) : list(body).length
  })
  return { ids: new Set(ids), count: counts.reduce((sum, count) => sum + count, 0) }
}

const eventId = (envelope: Json): string =>
  isObject(envelope) && isObject(list(envelope["spans"])[0])
    ? String((list(envelope["spans"])[0] as JsonObject)["span_id"])
    : "unreadable"

// By the call that reported them.
const apiErrors = (errors: ReadonlyArray<ApiError>): Json => {
  const out: { [call: string]: Array<Json> } = {}
  for (const error of errors) {
    if (error.code !== undefined && onlyLogged.has(error.code)) continue
    const said = `${error.type}: ${String(error.message)}`
    ;(out[`${error.process}:${error.at}`] ??= []).push(error.code ?? problemCodes.get(said) ?? said)
  }
  return out
}

const dropped = /^(datadog-meta-.*|x-datadog-trace-count)$/

const requestLine = (request: RecordedRequest): Writable => ({
  process: request.process,
  method: request.method,
  path: request.path,
  headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !dropped.test(name))),
  ...(request.answered === undefined ? undefined : { answered: request.answered })
})

// Without grouping, requests that differ only in what they hold are one. With it they are in the order of what they hold,
// since several can be under way at a time; one that is sent again follows its first attempt.
const lines = (
  list: ReadonlyArray<RecordedRequest>,
  pinned: boolean,
  ids: (request: RecordedRequest) => ReadonlyArray<string>
): Json => {
  if (pinned) {
    return list.map((request) => ({ ...requestLine(request), holds: ids(request) }))
      .sort((a, b) => byNumber(a.holds[0] ?? "", b.holds[0] ?? ""))
  }
  return [...new Map(list.map((request) => [JSON.stringify(requestLine(request)), requestLine(request)])).values()]
}

const list = (value: Json | undefined): ReadonlyArray<Json> => {
  if (Array.isArray(value)) return value
  const long = isObject(value) ? value["$long_list"] : undefined
  return isObject(long) ? [long["first"]!, long["last"]!] : value === undefined ? [] : [value]
}

const envelopes = (request: RecordedRequest): ReadonlyArray<Json> => list(request.body)

const events = (requests: ReadonlyArray<RecordedRequest>, pinned: boolean) => {
  const items: Writable = {}
  for (const request of requests) {
    for (const envelope of envelopes(request)) {
      if (request.answered !== undefined && request.answered >= 300 && items[eventId(envelope)] !== undefined) continue
      put(items, eventId(envelope), isObject(envelope) ? eventOf(envelope) : envelope)
    }
  }
  return { items, requests: lines(requests, pinned, (request) => envelopes(request).map(eventId).sort(byNumber)) }
}

// Two events for one span are a difference even where nobody counts requests.
const put = (items: Writable, id: string, item: Json): void => {
  let name = id
  for (let copy = 2; items[name] !== undefined; copy++) name = `${id}#${copy}`
  items[name] = item
}

const eventOf = ({ spans, ...envelope }: JsonObject): Json => {
  const [event, ...more] = list(spans)
  if (!isObject(event)) return { ...envelope, spans: spans ?? null }
  const tags = event["tags"]
  return {
    ...envelope,
    ...(more.length > 0 ? { more } : undefined),
    ...event,
    ...(Array.isArray(tags) ? { tags: tagMap(tags) } : undefined),
    meta: metaOf(event["meta"])
  }
}

const tagMap = (tags: ReadonlyArray<Json>): Json => {
  const out: Writable = {}
  for (const tag of tags) {
    const text = String(tag)
    const colon = text.indexOf(":")
    put(out, text.slice(0, colon), text.slice(colon + 1))
  }
  return tagValues(out)
}

const pythonWords: { readonly [word: string]: string } = { True: "true", False: "false", None: "null" }

const tagValues = (tags: Json | undefined): Json => {
  if (!isObject(tags)) return tags ?? null
  return Object.fromEntries(
    Object.entries(tags).map(([key, value]) => {
      if (key === "language") return [key, "<language>"]
      if (key === "error_type") return [key, withoutModule(value)]
      return [key, typeof value === "string" ? pythonWords[value] ?? value : value]
    })
  )
}

const withoutModule = (type: Json): Json => typeof type === "string" ? type.replace(/^(builtins|__main__)\./, "") : type

const metaOf = (meta: Json | undefined): Json => {
  if (!isObject(meta)) return meta ?? null
  const error = meta["error"]
  return isObject(error) ? { ...meta, error: { ...error, type: withoutModule(error["type"]!) } } : meta
}

const spans = (requests: ReadonlyArray<RecordedRequest>, pinned: boolean) => {
  const items: Writable = {}
  const idOf = (span: Json): string => isObject(span) ? String(span["span_id"]) : "unreadable"
  const chunks = (request: RecordedRequest) => list(request.body).map((chunk) => list(chunk))
  for (const request of requests) {
    for (const chunk of chunks(request)) for (const span of chunk) put(items, idOf(span), spanOf(span))
  }
  return {
    items,
    requests: lines(
      requests,
      pinned,
      (request) => chunks(request).map((chunk) => chunk.map(idOf).sort(byNumber).join(" "))
    )
  }
}

const agentlessSpans = (requests: ReadonlyArray<RecordedRequest>, pinned: boolean) => {
  const traces = (request: RecordedRequest) => list((request.body as JsonObject)["traces"]) as ReadonlyArray<JsonObject>
  const found = spans(
    requests.map((request) => ({ ...request, body: traces(request).map((trace) => trace["spans"]!) })),
    pinned
  )
  return {
    ...found,
    about: requests.flatMap(traces).map(({ spans: _spans, ...about }) => ({ ...about, languageName: "<language>" })),
    items: Object.fromEntries(Object.entries(found.items).map(([id, span]) => [id.replace(/\.hex$/, ""), span]))
  }
}

const byNumber = (a: string, b: string): number => Number.parseInt(a.split(":")[1]!) - Number.parseInt(b.split(":")[1]!)

/** Marks of the language and of its tracer on APM spans. */
const languageMetrics = ["_dd.tracer_kr", "_dd.py.partial_flush"]

const spanOf = (span: Json): Json => {
  if (!isObject(span)) return span
  const out: Writable = { ...span }
  const meta = isObject(span["meta"]) ? { ...span["meta"] } as Writable : undefined
  if (meta !== undefined) {
    delete meta["_dd.p.ksr"]
    if (meta["language"] !== undefined) meta["language"] = "<language>"
    if (meta["error.type"] !== undefined) meta["error.type"] = withoutModule(meta["error.type"])
    out["meta"] = meta
    if (Object.keys(meta).length === 0) delete out["meta"]
  }
  const metrics = isObject(span["metrics"]) ? { ...span["metrics"] } as Writable : undefined
  if (metrics !== undefined) {
    for (const key of languageMetrics) delete metrics[key]
    out["metrics"] = metrics
    if (Object.keys(metrics).length === 0) delete out["metrics"]
  }
  const struct = isObject(span["meta_struct"]) ? span["meta_struct"]["_llmobs"] : undefined
  if (isObject(struct)) {
    out["meta_struct"] = {
      ...span["meta_struct"] as JsonObject,
      _llmobs: { ...struct, tags: tagValues(struct["tags"]), meta: metaOf(struct["meta"]) }
    }
  }
  return out
}

// The `ot` member is Python's own, and what it tells of sampling leaves with it. The order of tags says nothing.
const carrier = (set: { readonly [name: string]: string }): Json =>
  Object.fromEntries(
    Object.entries(set).map(([name, value]) => {
      if (name === "tracestate") return [name, value.split(",").filter((member) => !member.startsWith("ot=")).join(",")]
      if (name === "x-datadog-tags") {
        return [name, value.split(",").filter((tag) => !tag.startsWith("_dd.p.ksr=")).sort().join(",")]
      }
      return [name, value]
    })
  )
