/**
 * A `fetch` that records the calls of model providers that pass through it.
 *
 * **Details**
 *
 * The request is passed on as it is, before it is read. A body is handed on piece by piece, each as soon as it comes, so that
 * back-pressure stays and nothing is kept back. Nothing here throws into the program.
 */
import type { JsonObject } from "../../domain/json/JsonSnapshot.ts"
import * as JsonSnapshot from "../../domain/json/JsonSnapshot.ts"
import type { Address } from "../../domain/provider/ProviderCall.ts"
import * as ProviderCall from "../../domain/provider/ProviderCall.ts"
import * as ProviderFailure from "../../domain/provider/ProviderFailure.ts"
import { guard } from "../../engine/books/Guard.ts"
import * as Attempts from "../../engine/call/Attempts.ts"
import { RecordedCall } from "../../engine/call/RecordedCall.ts"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import type { Capture } from "../../engine/record/Capture.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"

/** How calls are recorded. */
export interface Options {
  readonly capture: Capture
  /** How often a client that does not count its attempts in a header tries again after a failure. */
  readonly maxRetries: () => number
}

type Fetch = typeof globalThis.fetch

const observed = ProcessWide.get("ObservedFetches/1", () => new WeakSet<Fetch>())

/** Whether a `fetch` was made here. */
export const isObserved = (fetch: Fetch): boolean => observed.has(fetch)

export const make = (inner: Fetch, options: Options): Fetch => {
  const attempts = Attempts.make(later)
  // A client can leave a body without a word: Google's does, when a stream is left early.
  const forgotten = new FinalizationRegistry<Exchange>((exchange) => exchange.forgotten())
  const fetch: Fetch = (input, init) => {
    const layer = RunningLayers.ofCaller()
    const exchange = layer &&
      guard(layer.diagnostics, "fetch", () => begin({ layer, attempts, forgotten, options }, input, init), undefined)
    return exchange === undefined ? inner(input, init) : exchange.run(() => inner(input, init))
  }
  observed.add(fetch)
  return fetch
}

const later: Attempts.Later = (millis, f) => {
  const timer: unknown = setTimeout(f, millis)
  // A call that may be repeated must not keep the process.
  if (typeof timer === "object" && timer !== null && "unref" in timer) (timer as NodeJS.Timeout).unref()
  return () => clearTimeout(timer as NodeJS.Timeout)
}

interface Around {
  readonly layer: RunningLayers.RunningLayer
  readonly attempts: Attempts.Attempts
  readonly forgotten: FinalizationRegistry<Exchange>
  readonly options: Options
}

const begin = (
  { attempts, forgotten, layer, options }: Around,
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined
): Exchange | undefined => {
  const request = typeof input === "object" && "url" in input ? input : undefined
  if ((init?.method ?? request?.method)?.toUpperCase() !== "POST") return undefined
  const address = URL.parse(request === undefined ? String(input) : request.url)
  const call = address === null ? undefined : ProviderCall.fromAddress(address)
  if (address === null || call === undefined) return undefined
  const reader = layer.current()
  if (RunningLayers.isClaimed(reader)) return undefined
  const header = headerOf(init?.headers ?? request?.headers)
  const body = textOf(init?.body)
  const retry = header("x-stainless-retry-count")
  const digest = (): string => Attempts.digestOf(body ?? "", reader.getRef(CurrentSpan)?.context.spanId, "attempt")
  const held = retry === "0" || body === undefined ? undefined : attempts.resume(layer, address.href, digest)
  held?.again()
  const recorded = held ?? new RecordedCall({ layer, reader, call, capture: options.capture })
  return new Exchange({
    recorded,
    attempts,
    forgotten,
    maxRetries: options.maxRetries(),
    key: () => ({ address: address.href, digest: digest() }),
    retries: retry === undefined ? undefined : Number(retry),
    timeout: header("x-stainless-timeout"),
    signal: init?.signal ?? request?.signal,
    request: held === undefined ? () => requestOf(address, body) : undefined
  })
}

// Headers can come in an iterator, which is empty once it has been read: only forms that can be read twice are.
const headerOf = (headers: unknown): (name: string) => string | undefined => {
  if (typeof headers !== "object" || headers === null) return () => undefined
  if (isHeaders(headers)) return (name) => headers.get(name) ?? undefined
  const isPlain = !(Symbol.iterator in headers)
  const pairs: ReadonlyArray<unknown> = Array.isArray(headers) ? headers : isPlain ? Object.entries(headers) : []
  return (name) => {
    const pair = pairs.find((pair): pair is ReadonlyArray<unknown> =>
      Array.isArray(pair) && String(pair[0]).toLowerCase() === name
    )
    return pair?.[1] === undefined || pair[1] === null ? undefined : String(pair[1])
  }
}

// Also those of another implementation, such as undici's from npm.
const isHeaders = (headers: object): headers is Headers =>
  (headers as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === "Headers" && "get" in headers

const textOf = (body: unknown): string | undefined =>
  typeof body === "string"
    ? body
    : body instanceof Uint8Array || body instanceof ArrayBuffer
    ? new TextDecoder().decode(body)
    : undefined

const requestOf = (address: Address, body: string | undefined): JsonObject | undefined => {
  if (body === undefined || body.length > JsonSnapshot.defaultLimits.characters) return undefined
  const json: unknown = JSON.parse(body)
  return typeof json === "object" && json !== null && ProviderCall.isRequest(address, json as JsonObject)
    ? json as JsonObject
    : undefined
}

interface ExchangeOptions {
  readonly recorded: RecordedCall
  readonly attempts: Attempts.Attempts
  readonly forgotten: FinalizationRegistry<Exchange>
  readonly maxRetries: number
  readonly key: () => Attempts.Key
  /**
   * The attempts before this one, if the client counts them in a header. Such a client cancels the body of an answer that it will
   * ask for again, and each call of it can have another number of attempts.
   */
  readonly retries: number | undefined
  /** The seconds that the client waits for an answer, as it tells them. */
  readonly timeout: string | undefined
  readonly signal: AbortSignal | null | undefined
  readonly request: (() => JsonObject | undefined) | undefined
}

// Only a stream of bytes gives a reader that fills the program's own memory.
const isOfBytes = (body: ReadableStream): boolean => {
  try {
    body.getReader({ mode: "byob" }).releaseLock()
    return true
  } catch {
    return false
  }
}

/** One attempt. */
class Exchange {
  private readonly options: ExchangeOptions
  private readonly decoder = new TextDecoder()
  private readonly startedAt = performance.now()
  // undici cancels the body of a response that is collected before anything reads it.
  private response: Response | undefined
  private readAt: bigint | undefined

  constructor(options: ExchangeOptions) {
    this.options = options
  }

  run(send: () => Promise<Response>): Promise<Response> {
    const { recorded, request } = this.options
    let answer: Promise<Response>
    try {
      answer = recorded.layer.run(recorded.span, send)
    } catch (error) {
      this.fail(error)
      throw error
    }
    if (request !== undefined) {
      guard(recorded.layer.diagnostics, "fetch.request", () => {
        const body = request()
        if (body !== undefined) recorded.request(body)
      }, undefined)
    }
    return Promise.resolve(answer).then((response) => this.observe(response), (error) => {
      this.fail(error)
      throw error
    })
  }

  private observe(response: Response): Response {
    const { recorded } = this.options
    const watched = guard(recorded.layer.diagnostics, "fetch.response", () => this.watch(response), undefined)
    if (watched !== undefined) return watched
    // A response that is none of the standard is passed on; its content is not seen.
    recorded.end()
    return response
  }

  private watch(response: Response): Response {
    const { forgotten, recorded } = this.options
    this.response = response
    recorded.answered(response.status, response.headers.get("content-type") ?? "")
    const { body } = response
    if (body === null || typeof body.getReader !== "function") {
      this.whole()
      return response
    }
    const { redirected, type, url } = response
    const { headers, status, statusText } = response
    // The body is taken when it is read: a response that cannot be made again stays readable.
    let taken: ReadableStreamDefaultReader<Uint8Array> | undefined
    const reader = () => taken ??= body.getReader()
    const cancel = (reason: unknown) => {
      this.left()
      return reader().cancel(reason)
    }
    const stream = isOfBytes(body)
      ? new ReadableStream({ type: "bytes", pull: (controller) => this.pull(reader(), controller), cancel })
      : new ReadableStream<Uint8Array>({ pull: (controller) => this.pull(reader(), controller), cancel }, {
        highWaterMark: 0
      })
    forgotten.register(stream, this)
    const watched = new Response(stream, { headers, status, statusText })
    Object.defineProperties(watched, {
      url: { value: url, configurable: true },
      redirected: { value: redirected, configurable: true },
      type: { value: type, configurable: true }
    })
    return watched
  }

  /** Hands on the next part of the body. */
  private async pull(
    from: ReadableStreamDefaultReader<Uint8Array>,
    to: ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController
  ): Promise<void> {
    let part: Awaited<ReturnType<typeof from.read>>
    try {
      // A stream of bytes takes no empty part.
      do part = await from.read()
      while (!part.done && "byobRequest" in to && part.value.byteLength === 0)
    } catch (error) {
      to.error(error)
      return this.broken(error)
    }
    if (part.done) {
      try {
        to.close()
        // A read into the program's own memory ends with the answer to its request.
        if ("byobRequest" in to) to.byobRequest?.respond(0)
      } finally {
        this.whole()
      }
      return
    }
    // A stream of bytes takes the memory of a part away.
    const text = this.textOf(part.value)
    to.enqueue(part.value as Uint8Array<ArrayBuffer>)
    this.read(text)
  }

  /** The body was left without a word, and will not be read any more. */
  forgotten(): void {
    const { recorded } = this.options
    recorded.end(recorded.isComplete() ? { at: this.readAt } : { unfinished: true, at: this.readAt })
  }

  private textOf(part: unknown): string {
    return part instanceof Uint8Array
      ? this.decoder.decode(part, { stream: true })
      : typeof part === "string"
      ? part
      : ""
  }

  private read(text: string): void {
    const { recorded } = this.options
    this.readAt = recorded.now()
    recorded.text(text)
  }

  private whole(): void {
    const { attempts, key, maxRetries, recorded, retries } = this.options
    const failure = recorded.failure()
    const mayRepeat = failure !== undefined && retries === undefined && recorded.attempts <= maxRetries &&
      this.isRetried()
    if (mayRepeat) attempts.hold(key(), recorded, failure, this.patience())
    else recorded.end(failure)
  }

  private left(): void {
    const { attempts, key, recorded } = this.options
    const failure = recorded.failure()
    if (failure === undefined) recorded.end(recorded.isComplete() ? {} : { interrupted: true })
    else if (this.isRetried()) attempts.hold(key(), recorded, failure, this.patience())
    else recorded.end(failure)
  }

  private broken(error: unknown): void {
    const { recorded } = this.options
    if (recorded.isComplete()) recorded.end()
    else recorded.end(recorded.failure() ?? (this.isAborted(error) ? { interrupted: true } : { error }))
  }

  /** No answer came. */
  private fail(error: unknown): void {
    const { attempts, key, maxRetries, recorded, retries, timeout } = this.options
    const isAborted = this.isAborted(error)
    const isLate = isAborted && Attempts.isTimeout(performance.now() - this.startedAt, timeout)
    if (isAborted && !isLate) return recorded.end({ interrupted: true })
    const end = { error: isLate ? ProviderFailure.timeout : error, at: recorded.now() }
    if (retries !== undefined || recorded.attempts <= maxRetries) {
      attempts.hold(key(), recorded, end, this.patience())
    } else recorded.end(end)
  }

  private isAborted(error: unknown): boolean {
    return this.options.signal?.aborted === true || (error instanceof Error && error.name === "AbortError")
  }

  private isRetried(): boolean {
    const { headers, status } = this.response!
    return ProviderFailure.isRetried(status, headers.get("x-should-retry") ?? undefined)
  }

  private patience(): number {
    const { recorded, retries } = this.options
    return Attempts.patienceOf(recorded, (name) => this.response?.headers.get(name), retries)
  }
}
