/**
 * Watches the requests in which dd-trace sends its traces, on the channels that Node has for every request of
 * `node:http`. Nothing is changed in a request.
 *
 * **Details**
 *
 * A request is created in the step in which dd-trace takes its encoded traces, so the events that were put on spans
 * before are in it. dd-trace repeats a request that failed without an answer; the repetition has the same length and the
 * same number of traces.
 */
import * as DiagnosticsChannel from "node:diagnostics_channel"
import type { ClientRequest, IncomingMessage } from "node:http"
import type { HostPayload } from "../../ports/HostTracer.ts"

/** The traces endpoint that carries events. */
const path = "/v0.4/traces"

const anyTraces = /\/v\d+\.\d+\/traces$/

interface Attempt {
  readonly payload: HostPayload
  readonly key: string
}

/** Watches until the returned function is called. */
export const watch = (options: {
  readonly take: () => HostPayload | undefined
  /** Called when dd-trace sends traces by a road that carries no events, described for a log line. */
  readonly onOtherRoad: (road: string) => void
}): () => void => {
  const running = new Map<ClientRequest, Attempt>()
  const failed = new Set<Attempt>()

  const onCreated = (message: unknown): void => {
    const { request } = message as { readonly request: ClientRequest }
    if (!isOfTracer(request)) return
    const key = `${headerOf(request, "content-length")} ${headerOf(request, "x-datadog-trace-count")}`
    for (const attempt of failed) {
      if (attempt.payload.isSettled()) failed.delete(attempt)
      else if (attempt.key === key) {
        failed.delete(attempt)
        running.set(request, attempt)
        return
      }
    }
    const payload = options.take()
    if (payload === undefined) return
    if (!request.path.endsWith(path)) {
      options.onOtherRoad(`traces go to ${request.path}`)
      payload.settle(unwritten)
      return
    }
    // Fewer traces than events ride: some were lost on the way into the request.
    if (Number(headerOf(request, "x-datadog-trace-count")) < payload.traces) {
      payload.settle(inDoubt)
      return
    }
    running.set(request, { payload, key })
  }

  const onResponse = (message: unknown): void => {
    const { request, response } = message as { readonly request: ClientRequest; readonly response: IncomingMessage }
    const attempt = running.get(request)
    if (attempt === undefined) return
    running.delete(request)
    attempt.payload.settle({ _tag: "Answer", status: response.statusCode ?? 0, headers: {}, body: "" })
  }

  const onError = (message: unknown): void => {
    const { error, request } = message as { readonly request: ClientRequest; readonly error: unknown }
    const attempt = running.get(request)
    if (attempt === undefined) return
    running.delete(request)
    attempt.payload.fail(!isUnwritten(error))
    failed.add(attempt)
  }

  const listeners: ReadonlyArray<readonly [channel: string, listener: (message: unknown) => void]> = [
    ["http.client.request.created", onCreated],
    ["http.client.response.finish", onResponse],
    ["http.client.request.error", onError]
  ]
  for (const [channel, listener] of listeners) DiagnosticsChannel.subscribe(channel, listener)
  return () => {
    for (const [channel, listener] of listeners) DiagnosticsChannel.unsubscribe(channel, listener)
    running.clear()
    failed.clear()
  }
}

const unwritten = { _tag: "Failure", bytesWritten: false, reason: "OTHER_ROAD" } as const
const inDoubt = { _tag: "Failure", bytesWritten: true, reason: "FEWER_TRACES" } as const

const isUnwritten = (error: unknown): boolean =>
  ["ECONNREFUSED", "ENOENT", "ENOTFOUND", "EAI_AGAIN"].includes(String((error as NodeJS.ErrnoException | null)?.code))

// Our own writer posts, and dd-trace puts.
const isOfTracer = (request: ClientRequest): boolean =>
  request.method === "PUT" && anyTraces.test(request.path) && headerOf(request, "datadog-meta-tracer-version") !== ""

const headerOf = (request: ClientRequest, name: string): string => {
  const value = request.getHeader(name)
  return value === undefined ? "" : String(value)
}
