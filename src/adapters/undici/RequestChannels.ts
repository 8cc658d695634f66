/**
 * The calls of model providers that Node's `fetch` and undici make, from the channels that undici publishes its requests
 * on.
 *
 * **Details**
 *
 * Nothing is patched, and the program's requests do not know of it. Releases of undici before 7.11 (Node before 24.4)
 * publish no bodies. A listener that throws would end the process, so each is guarded.
 */
import * as Clock from "effect/Clock"
import type { ChannelListener } from "node:diagnostics_channel"
import * as DiagnosticsChannel from "node:diagnostics_channel"
import * as process from "node:process"
import type { JsonObject } from "../../domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../domain/json/JsonSnapshot.ts"
import * as ProviderCall from "../../domain/provider/ProviderCall.ts"
import * as ProviderFailure from "../../domain/provider/ProviderFailure.ts"
import { guard } from "../../engine/books/Guard.ts"
import * as Attempts from "../../engine/call/Attempts.ts"
import { RecordedCall } from "../../engine/call/RecordedCall.ts"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import type { Capture } from "../../engine/record/Capture.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"
import type { BodyDecoder } from "./BodyDecoding.ts"
import * as BodyDecoding from "./BodyDecoding.ts"

/** A request of undici, as far as it is read. */
interface UndiciRequest {
  readonly origin?: string | URL | undefined
  readonly path: string
  readonly method: string
  readonly headers?: unknown
  readonly body?: unknown
}

interface Message {
  readonly request: UndiciRequest
  readonly chunk?: Uint8Array | string
  readonly response?: { readonly statusCode: number; readonly headers: ReadonlyArray<Uint8Array> }
  readonly error?: unknown
}

/** How calls are recorded. */
export interface Options {
  readonly capture: Capture
  /**
   * The layer whose requests are taken. Without one, those of every layer that has no listener of its own.
   */
  readonly layer: RunningLayers.RunningLayer | undefined
  /** Called when a request shows that this process publishes no bodies. */
  readonly onNoBodies: () => void
}

/** Whether the `fetch` of this process can publish bodies: its undici is 7.11 or later. The first request shows it. */
export const mayHaveBodies = (): boolean => {
  const [major = 0, minor = 0] = (process.versions["undici"] ?? "").split(".").map(Number)
  return major > 7 || (major === 7 && minor >= 11)
}

// A request has one owner, however many layers and copies of this package listen.
const owned = ProcessWide.get("ChannelRequests/1", () => new WeakSet<UndiciRequest>())

// The layers that have a listener of their own, which knows how their content is captured.
const heard = ProcessWide.get("ChannelLayers/1", () => new Map<RunningLayers.RunningLayer, number>())

/** Says that a layer has a listener of its own. The returned function takes it back. */
const claim = (layer: RunningLayers.RunningLayer | undefined): () => void => {
  if (layer === undefined) return () => {}
  const add = (by: number): void => {
    const count = (heard.get(layer) ?? 0) + by
    if (count > 0) heard.set(layer, count)
    else heard.delete(layer)
  }
  add(1)
  return () => add(-1)
}

/** Listens until the returned function is called, which ends the events of requests that still run. */
export const listen = (options: Options): () => void => {
  const attempts = Attempts.make(later)
  const origins: ExchangeOptions["origins"] = new WeakMap()
  const running = new Map<UndiciRequest, Exchange>()
  const unclaim = claim(options.layer)

  const isOwn = (layer: RunningLayers.RunningLayer): boolean =>
    options.layer === undefined ? !heard.has(layer) : layer === options.layer

  const create = (request: UndiciRequest): void => {
    const pathname = request.path.split("?", 1)[0]!
    const url = (): URL | null => URL.parse(pathname, String(request.origin))
    const isCall = request.method === "POST" && ProviderCall.fromAddress({ hostname: "", pathname }) !== undefined
    // A redirect can lead to any path, and turn a request into a GET.
    if (owned.has(request) || !(isCall || attempts.isAwaited(() => url()?.href ?? ""))) return
    const address = url()
    const layer = RunningLayers.ofCaller()
    if (address === null || layer === undefined || !isOwn(layer)) return
    const reader = layer.current()
    if (RunningLayers.isClaimed(reader)) return
    owned.add(request)
    const call = isCall ? ProviderCall.fromAddress(address) : undefined
    running.set(request, new Exchange({ ...options, attempts, origins, request, url: address, call, layer, reader }))
  }

  const finish = (request: UndiciRequest, exchange: Exchange, end: (exchange: Exchange) => void): void => {
    running.delete(request)
    end(exchange)
  }

  const on = (name: string, step: (exchange: Exchange, message: Message) => void): () => void => {
    const listener: ChannelListener = (message) => {
      const { request } = message as Message
      const exchange = running.get(request)
      if (exchange !== undefined) {
        guard(exchange.layer.diagnostics, `undici.${name}`, () => step(exchange, message as Message), undefined)
      }
    }
    return subscribe(name, listener)
  }

  const listeners = [
    subscribe("create", (message) => {
      const { request } = message as Message
      try {
        create(request)
      } catch (error) {
        RunningLayers.ofCaller()?.diagnostics.defect("undici.create", error)
      }
    }),
    on("bodyChunkSent", (exchange, { chunk }) => exchange.sent(chunk!)),
    on("bodySent", (exchange, { request }) => {
      if (!exchange.start()) running.delete(request)
    }),
    on("headers", (exchange, { request, response }) => {
      // A server can answer before it has all of the body.
      if (!exchange.start() || !exchange.answered(response!.statusCode, response!.headers)) running.delete(request)
    }),
    on("bodyChunkReceived", (exchange, { chunk }) => exchange.received(chunk!)),
    on("trailers", (exchange, { request }) => finish(request, exchange, (exchange) => exchange.whole())),
    on("error", (exchange, { error, request }) => finish(request, exchange, (exchange) => exchange.broken(error)))
  ]

  return () => {
    for (const stop of listeners) stop()
    unclaim()
    for (const exchange of running.values()) exchange.leave()
    running.clear()
  }
}

const subscribe = (name: string, listener: ChannelListener): () => void => {
  const channel = `undici:request:${name}`
  DiagnosticsChannel.subscribe(channel, listener)
  return () => DiagnosticsChannel.unsubscribe(channel, listener)
}

const later: Attempts.Later = (millis, f) => {
  // A call that may be repeated must not keep the process.
  const timer = setTimeout(f, millis).unref()
  return () => clearTimeout(timer)
}

// `fetch` follows the first three without the body.
const redirects = new Map([[301, false], [302, false], [303, false], [307, true], [308, true]])

const mostBytes = JsonSnapshot.defaultLimits.characters

interface ExchangeOptions extends Omit<Options, "layer"> {
  readonly attempts: Attempts.Attempts
  /** The addresses that the first requests of calls went to: a client sends each attempt there. */
  readonly origins: WeakMap<RecordedCall, string>
  readonly request: UndiciRequest
  readonly url: URL
  /** `undefined` for a request that can only be where a redirect leads to. */
  readonly call: ProviderCall.ProviderCall | undefined
  readonly layer: RunningLayers.RunningLayer
  readonly reader: ContextReader
}

/** One request. Its body decides whether it is a call of a provider. */
class Exchange {
  readonly layer: RunningLayers.RunningLayer
  private readonly options: ExchangeOptions
  private readonly at: bigint
  private readonly begunAt = performance.now()
  private parts: Array<Uint8Array> | undefined = []
  private bytes = 0
  private text = ""
  private recorded: RecordedCall | undefined
  private headers: ReadonlyMap<string, string> = new Map()
  private decoder: BodyDecoder | undefined
  private status = 0

  constructor(options: ExchangeOptions) {
    this.options = options
    this.layer = options.layer
    this.at = options.reader.getRef(Clock.Clock).currentTimeNanosUnsafe()
  }

  sent(chunk: Uint8Array | string): void {
    const part = typeof chunk === "string" ? Buffer.from(chunk) : chunk
    this.bytes += part.length
    if (this.bytes <= mostBytes) this.parts?.push(part)
  }

  /** The body has been sent. `false` if it is no request to a provider. */
  start(): boolean {
    if (this.recorded !== undefined) return true
    const { attempts, call, capture, layer, onNoBodies, reader, request, url } = this.options
    const { parts } = this
    this.parts = undefined
    if (parts === undefined || this.bytes > mostBytes) return false
    this.text = new TextDecoder().decode(Buffer.concat(parts))
    const redirected = attempts.resume(layer, url.href, () => this.digest(this.text, "redirect"))
    if (redirected !== undefined) {
      redirected.follow()
      this.recorded = redirected
      return true
    }
    if (parts.length === 0) {
      if (call !== undefined && request.body !== undefined && request.body !== null) onNoBodies()
      return false
    }
    const body = parse(this.text)
    if (call === undefined || body === undefined || !ProviderCall.isRequest(url, body)) return false
    const held = this.retry === "0"
      ? undefined
      : attempts.resume(layer, url.href, () => this.digest(this.text, "attempt"))
    held?.again()
    this.recorded = held ?? new RecordedCall({ layer, reader, call, capture, at: this.at })
    this.options.origins.set(this.recorded, url.href)
    if (held === undefined) this.recorded.request(body)
    return true
  }

  /** The head of an answer. `false` if it leads to another address, where the call goes on. */
  answered(status: number, headers: ReadonlyArray<Uint8Array>): boolean {
    const { recorded } = this
    if (recorded === undefined) return true
    this.status = status
    this.headers = headersOf(headers)
    recorded.answered(status, this.headers.get("content-type") ?? "")
    if (this.redirects(recorded)) return false
    this.decoder = BodyDecoding.make(
      (this.headers.get("content-encoding") ?? "").trim().toLowerCase(),
      mostBytes,
      (text) => recorded.text(text)
    )
    return true
  }

  private redirects(recorded: RecordedCall): boolean {
    const keepsBody = redirects.get(this.status)
    const to = keepsBody === undefined ? null : URL.parse(this.headers.get("location") ?? "", this.options.url.href)
    if (to === null) return false
    const key = {
      address: new URL(to.pathname, to).href,
      digest: this.digest(keepsBody === true ? this.text : "", "redirect")
    }
    this.options.attempts.hold(key, recorded, { at: recorded.now() }, Attempts.redirectMillis)
    return true
  }

  received(part: Uint8Array | string): void {
    this.decoder?.add(typeof part === "string" ? Buffer.from(part) : part)
  }

  whole(): void {
    this.end((recorded) => recorded.failure() ?? {})
  }

  broken(error: unknown): void {
    const isAborted = error instanceof Error && error.name === "AbortError"
    const isLate = isAborted && this.status === 0 &&
      Attempts.isTimeout(performance.now() - this.begunAt, this.header("x-stainless-timeout"))
    this.end((recorded) => {
      if (recorded.isComplete()) return {}
      if (isLate) return { error: ProviderFailure.timeout }
      return recorded.failure() ?? (isAborted ? { interrupted: true } : { error })
    })
  }

  /** Nothing more is heard of the request. */
  leave(): void {
    this.recorded?.end({ unfinished: true })
  }

  private end(endOf: (recorded: RecordedCall) => SpanEnd): void {
    const { decoder, recorded } = this
    if (recorded === undefined) return
    const at = recorded.now()
    const settle = (): void =>
      guard(this.layer.diagnostics, "undici.end", () => {
        const end = { ...endOf(recorded), at }
        if (end.error === undefined || !this.mayRepeat()) recorded.end(end)
        else this.options.attempts.hold(this.key(recorded), recorded, end, this.patience(recorded))
      }, undefined)
    if (decoder === undefined) settle()
    else decoder.end(settle)
  }

  // How often a client tries can differ from call to call, so every attempt of one that counts them may be followed by another.
  private mayRepeat(): boolean {
    return this.retry !== undefined &&
      (this.status === 0 || ProviderFailure.isRetried(this.status, this.headers.get("x-should-retry")))
  }

  private key(recorded: RecordedCall): Attempts.Key {
    const { origins, url } = this.options
    return { address: origins.get(recorded) ?? url.href, digest: this.digest(this.text, "attempt") }
  }

  private digest(body: string, next: "attempt" | "redirect"): string {
    return Attempts.digestOf(body, this.options.reader.getRef(CurrentSpan)?.context.spanId, next)
  }

  /** The number of attempts before this one, as the client tells it. */
  private get retry(): string | undefined {
    return this.header("x-stainless-retry-count")
  }

  private header(name: string): string | undefined {
    return requestHeader(this.options.request.headers, name)
  }

  private patience(recorded: RecordedCall): number {
    return Attempts.patienceOf(recorded, (name) => this.headers.get(name), Number(this.retry))
  }
}

const parse = (text: string): JsonObject | undefined => {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === "object" && json !== null && !Array.isArray(json) ? json as JsonObject : undefined
  } catch {
    return undefined
  }
}

// Names and values in turn.
const headersOf = (parts: ReadonlyArray<Uint8Array>): ReadonlyMap<string, string> => {
  const headers = new Map<string, string>()
  for (let i = 0; i + 1 < parts.length; i += 2) {
    headers.set(Buffer.from(parts[i]!).toString("latin1").toLowerCase(), Buffer.from(parts[i + 1]!).toString("latin1"))
  }
  return headers
}

// undici 6 keeps lines of text, 7 and 8 names and values in turn.
const requestHeader = (headers: unknown, name: string): string | undefined => {
  if (typeof headers === "string") return new RegExp(`^${name}: ?(.*)$`, "im").exec(headers)?.[1]?.trim()
  if (!Array.isArray(headers)) return undefined
  const at = headers.findIndex((header, i) => i % 2 === 0 && String(header).toLowerCase() === name)
  return at < 0 ? undefined : String(headers[at + 1])
}
