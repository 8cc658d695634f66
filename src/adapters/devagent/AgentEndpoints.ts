/**
 * The endpoints of the embedded Agent, and the answer to each request.
 */
import type { AgentState } from "./AgentState.ts"
import * as EvpProxy from "./EvpProxy.ts"
import * as Intake from "./Intake.ts"
import * as TracePayload from "./TracePayload.ts"

/** A request as it came off the wire. `bytes` is undefined when the body was larger than the limit for its path. */
export interface WireRequest {
  readonly method: string
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly bytes: Uint8Array | undefined
}

/** The answer as it goes back over the wire. */
export interface Answer {
  /** 0 closes the connection without an answer. */
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

/** An answer, with the decoded body of the request, and the accepted chunks. */
export interface Outcome extends Answer {
  readonly decoded?: unknown
  readonly accepted?: ReadonlyArray<TracePayload.Chunk>
}

const plainText = { "content-type": "text/plain; charset=utf-8" }
const json = { "content-type": "application/json" }
const text = (status: number, body: string): Outcome => ({ status, headers: plainText, body })
const notFound = text(404, "404 page not found\n")

const isFalse = new Set(["", "0", "f", "F", "false", "FALSE", "False"])
const truthy = (header: string | undefined): boolean => header !== undefined && !isFalse.has(header)

const mediaType = (header: string | undefined): string => (header ?? "").split(";", 1)[0]!.trim().toLowerCase()

const withoutSlash = (path: string): string => path.endsWith("/") ? path.slice(0, -1) : path

/** A URL as its path and its query. */
export const splitQuery = (url: string): readonly [path: string, query: string] => {
  const at = url.indexOf("?")
  return at === -1 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)]
}

const ratesAnswer = ({ settings }: AgentState, request: WireRequest, status: number): Outcome => {
  const body = JSON.stringify({ rate_by_service: settings.rates })
  const current = process.getBuiltinModule("node:crypto").createHash("sha256").update(body).digest("hex").slice(0, 16)
  const known = request.headers["datadog-rates-payload-version"]
  return known === undefined
    ? { status, headers: json, body }
    : {
      status,
      headers: { ...json, "datadog-rates-payload-version": current },
      body: known === current ? "{}" : body
    }
}

const countProblem = ({ settings }: AgentState, request: WireRequest, chunks: number): string | undefined => {
  const given = request.headers["x-datadog-trace-count"]
  return !settings.strictTraceCount || given === String(chunks)
    ? undefined
    : `X-Datadog-Trace-Count is ${given === undefined ? "absent" : "not the number of chunks"}\n`
}

const traces = (state: AgentState, request: WireRequest, path: string): Outcome => {
  if (request.bytes === undefined) {
    return text(413, "payload-too-large\n")
  }
  if (mediaType(request.headers["content-type"]) !== "application/msgpack") {
    return text(400, "cannot decode the payload: the content type is not application/msgpack\n")
  }
  const payload = TracePayload.decode(request.bytes)
  if (!payload.ok) {
    return text(400, `cannot decode the payload: ${payload.message}\n`)
  }
  const decoded = payload.chunks
  const problem = countProblem(state, request, decoded.length)
  if (problem !== undefined) {
    return { ...text(400, problem), decoded }
  }
  const forced = state.nextStatus.traces()
  const accepted = forced !== 0 && forced < 300
  if (accepted || state.settings.deliverRefused) {
    state.ingest(decoded)
  }
  const hidden = forced === 429 && !truthy(request.headers["datadog-send-real-http-status"])
  const status = accepted || hidden ? 200 : forced
  const answer = path === "/v0.3/traces" && status === 200 ? text(200, "OK\n") : ratesAnswer(state, request, status)
  return { ...answer, decoded, ...(accepted || state.settings.deliverRefused ? { accepted: decoded } : {}) }
}

const intake = async (
  state: AgentState,
  via: "evp" | "direct",
  kind: Intake.Kind | undefined,
  request: WireRequest & { readonly bytes: Uint8Array }
): Promise<Outcome> => {
  const verdict = await Intake.judge(kind, request.bytes, request.headers["content-encoding"])
  const forced = state.nextStatus.intake()
  const refused = forced === 0 || forced >= 300
  const decoded = verdict.body === undefined ? {} : { decoded: verdict.body }
  if (verdict.status === 202 && (!refused || state.settings.deliverRefused)) {
    state.addEnveloped(via, verdict, request.bytes.byteLength)
  }
  return refused
    ? { status: forced, headers: { ...json, ...state.settings.evpHeaders }, body: "{}", ...decoded }
    : { status: verdict.status, headers: json, body: verdict.status === 202 ? "{}" : verdict.text, ...decoded }
}

const proxy = (state: AgentState, request: WireRequest, rest: string, query: string): Outcome | Promise<Outcome> => {
  const empty: Outcome = { status: 502, headers: {}, body: "" }
  if (state.settings.evpDisabled) {
    return text(405, "evp_proxy is disabled\n")
  }
  const target = EvpProxy.target(request.headers["x-datadog-evp-subdomain"], rest, query)
  return !target.ok || request.bytes === undefined
    ? empty
    : intake(state, "evp", Intake.find(target.path, target.subdomain), { ...request, bytes: request.bytes })
}

const direct = (state: AgentState, request: WireRequest, kind: Intake.Kind): Outcome | Promise<Outcome> =>
  request.bytes === undefined
    ? text(413, "payload too large\n")
    : (request.headers["dd-api-key"] ?? "") === ""
    ? { status: 403, headers: json, body: "{\"errors\":[\"Forbidden\"]}" }
    : intake(state, "direct", kind, { ...request, bytes: request.bytes })

const info = (state: AgentState): Outcome => {
  const forced = state.nextStatus.info()
  return forced === 0 || forced >= 300
    ? text(forced, "")
    : { status: 200, headers: json, body: state.info().text }
}

const listed = ({ settings }: AgentState, endpoint: string): boolean =>
  settings.endpoints.some((known) => withoutSlash(known) === withoutSlash(endpoint))

/** Answers a request, and returns its content. */
export const answer = (state: AgentState, request: WireRequest): Outcome | Promise<Outcome> => {
  if (request.headers["sec-fetch-site"] === "cross-site") {
    return text(403, "cross-site request rejected\n")
  }
  const [path, query] = splitQuery(request.url)
  if (path === "/info") {
    return info(state)
  }
  if (path === "/v0.4/traces" || path === "/v0.3/traces") {
    return listed(state, path) ? traces(state, request, path) : notFound
  }
  const evp = EvpProxy.split(path)
  if (evp !== undefined) {
    return listed(state, evp.prefix) ? proxy(state, request, evp.rest, query) : notFound
  }
  const kind = Intake.findDirect(path)
  return kind === undefined ? notFound : direct(state, request, kind)
}
