/**
 * Combines the surroundings of a span: the context of its effect, the request it belongs to, and another tracer's
 * context.
 *
 * **Details**
 *
 * Each request and each context is parsed once, when it is first read. Another tracer's trace and baggage replace those
 * of the request, because that tracer continued them and may have changed them. The request decides whether a browser
 * sent it; an experiment that its own header does not name then counts as the program's.
 */
import type { Checked } from "../../domain/Problem.ts"
import type { HeaderLookup } from "../../domain/propagation/HeaderLookup.ts"
import type { PropagationSettings } from "../../domain/propagation/PropagationStyle.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { Ambient, AmbientContext } from "../../ports/AmbientContext.ts"
import { CurrentAmbient } from "../../ports/AmbientContext.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { HostContext, HostContextSource, IncomingRequest, RequestSource } from "../../ports/IncomingRequest.ts"
import { CurrentHostContextSource, CurrentRequestSession } from "../../ports/IncomingRequest.ts"
import { count } from "../books/Guard.ts"
import * as RequestContext from "./RequestContext.ts"

/** The sources and values that a context names by itself. */
interface Said {
  readonly given: Ambient | undefined
  readonly request: IncomingRequest | undefined
  readonly host: HostContextSource | undefined
  readonly session: Checked<string | undefined> | undefined
}

export const make = (options: {
  readonly settings: PropagationSettings
  readonly diagnostics: DiagnosticsService
  /** The sources of requests. The first one that finds a request decides. */
  readonly requests: ReadonlyArray<RequestSource>
  /** The other tracer, used if the context names none. */
  readonly host?: HostContextSource | undefined
}): typeof AmbientContext.Service => {
  const { diagnostics, settings } = options
  // An in-process context is no upstream, so the settings for upstreams do not apply.
  const inProcess: PropagationSettings = {
    ...settings,
    stylesExtract: settings.stylesExtract.includes("baggage") ? ["tracecontext", "baggage"] : ["tracecontext"],
    behaviorExtract: "continue"
  }
  const parsed = new WeakMap<IncomingRequest, Ambient>()
  const read = new WeakMap<HostContext, { readonly of: IncomingRequest | undefined; readonly ambient: Ambient }>()
  const named = new WeakMap<Ambient, Ambient>()
  const reported = new WeakSet<object>()
  const said = saying(options)

  const report = <A>(checked: Checked<A>): A => {
    if (checked.problems.length > 0) diagnostics.report(checked.problems)
    return checked.value
  }

  const ofRequest = (request: IncomingRequest): Ambient => {
    let ambient = parsed.get(request)
    if (ambient === undefined) {
      ambient = report(RequestContext.fromHeaders(request.headers, settings, request.info))
      parsed.set(request, ambient)
    }
    return ambient
  }

  const ofHostContext = (around: HostContext, request: IncomingRequest | undefined): Ambient => {
    const known = read.get(around)
    if (known !== undefined && known.of === request) return known.ambient
    const own = report(RequestContext.fromHeaders(
      overlay(around, request),
      around.trace ? inProcess : settings,
      request?.info,
      around.baggage ? request?.headers : undefined
    ))
    const ambient = request === undefined ? own : withLlmTrace(own, ofRequest(request))
    read.set(around, { of: request, ambient })
    return ambient
  }

  const withSession = (ambient: Ambient, session: Checked<string | undefined> | undefined): Ambient => {
    if (session === undefined) return ambient
    if (session.problems.length > 0 && !reported.has(session)) {
      reported.add(session)
      diagnostics.report(session.problems)
    }
    const sessionId = session.value
    if (sessionId === undefined) return ambient
    const known = named.get(ambient)
    if (known?.labels.request?.sessionId === sessionId) return known
    const made: Ambient = { ...ambient, labels: { ...ambient.labels, request: { sessionId } } }
    named.set(ambient, made)
    return made
  }

  const active = (): IncomingRequest | undefined => {
    for (let i = 0; i < options.requests.length; i++) {
      const request = options.requests[i]!.active?.()
      if (request !== undefined) return request
    }
    return undefined
  }

  const current = (reader: ContextReader, region: object | undefined): Ambient | undefined => {
    const context = said(reader, region)
    if (context.given !== undefined) return context.given
    const request = context.request ?? active()
    const around = context.host?.find(reader)
    const session = context.session ?? request?.session?.()
    const ambient = around !== undefined
      ? ofHostContext(around, request)
      : request !== undefined
      ? ofRequest(request)
      : undefined
    return session === undefined ? ambient : withSession(ambient ?? RequestContext.nothing, session)
  }

  return {
    // Like `guard`, which would make a closure for each span.
    current: (reader, region) => {
      try {
        return current(reader, region)
      } catch (error) {
        count(diagnostics, "ambient", error)
        return undefined
      }
    }
  }
}

// Reads what a context says, once for each region that comes again: one inside a span, around another, seldom does.
const saying = (
  { host, requests }: { readonly host?: HostContextSource | undefined; readonly requests: ReadonlyArray<RequestSource> }
): (reader: ContextReader, region: object | undefined) => Said => {
  const said = new WeakMap<object, Said>()

  const find = (reader: ContextReader): IncomingRequest | undefined => {
    for (const source of requests) {
      const request = source.find(reader)
      if (request !== undefined) return request
    }
    return undefined
  }

  return (reader, region) => {
    const known = region && said.get(region)
    if (known !== undefined) return known
    const given = reader.getRef(CurrentAmbient)
    const found: Said = {
      given,
      request: given === undefined ? find(reader) : undefined,
      host: reader.getRef(CurrentHostContextSource) ?? host,
      session: reader.getRef(CurrentRequestSession)
    }
    if (region !== undefined && reader.getRef(CurrentSpan) === undefined) said.set(region, found)
    return found
  }
}

const ofTraces = /^(?:x-datadog-(?:trace-id|parent-id|sampling-priority|tags)|traceparent|tracestate|b3|x-b3-.*)$/

const overlay = (around: HostContext, request: IncomingRequest | undefined): HeaderLookup => (name) => {
  if (name === "baggage" ? around.baggage : around.trace && ofTraces.test(name)) return around.headers(name)
  return request?.headers(name)
}

// The LLM trace can be in headers that the other tracer does not know.
const withLlmTrace = (own: Ambient, brought: Ambient): Ambient => {
  const llmobs = brought.upstream?.llmobs
  if (llmobs === undefined || own.upstream?.traceId === undefined || own.upstream.llmobs !== undefined) return own
  return TraceId.low64(own.upstream.traceId) === TraceId.low64(brought.upstream!.traceId!)
    ? { ...own, upstream: { ...own.upstream, llmobs } }
    : own
}
