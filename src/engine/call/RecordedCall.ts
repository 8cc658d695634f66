/**
 * A call of a provider while it runs, as an event: its attempts, its answer as it passes, and its end.
 */
import * as Clock from "effect/Clock"
import type { JsonObject } from "../../domain/json/JsonSnapshot.ts"
import * as CallAnswer from "../../domain/provider/CallAnswer.ts"
import * as Exchange from "../../domain/provider/Exchange.ts"
import * as ModelParameters from "../../domain/provider/ModelParameters.ts"
import type { ProviderCall } from "../../domain/provider/ProviderCall.ts"
import * as ProviderCalls from "../../domain/provider/ProviderCall.ts"
import * as ProviderFailure from "../../domain/provider/ProviderFailure.ts"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"
import { guard } from "../books/Guard.ts"
import type { RunningLayer } from "../context/RunningLayers.ts"
import type { Capture } from "../record/Capture.ts"
import type { PairedSpan } from "../record/PairedSpan.ts"
import * as PairedSpans from "../record/PairedSpan.ts"
import * as SpanOwners from "../record/SpanOwners.ts"

/** The start of a call. */
export interface Start {
  readonly layer: RunningLayer
  /** The context of the caller. */
  readonly reader: ContextReader
  readonly call: ProviderCall
  readonly capture: Capture
  /** The time of the start, in Unix nanoseconds. Default: now. */
  readonly at?: bigint | undefined
}

/** The characters of a failed answer that are read for its message. */
const failureCharacters = 65_536

/** No member throws. */
export class RecordedCall {
  readonly layer: RunningLayer
  readonly call: ProviderCall
  readonly span: PairedSpan
  private readonly capture: Capture
  private answer: CallAnswer.CallAnswer | undefined
  private status = 0
  private readonly clock: Clock.Clock
  private readonly startedAt: bigint
  private readonly forget: () => void
  private isEnded = false
  private given: unknown
  private last: SpanEnd | undefined
  private release: (() => void) | undefined
  attempts = 1

  constructor({ at, call, capture, layer, reader }: Start) {
    this.layer = layer
    this.call = call
    this.capture = capture
    this.span = PairedSpans.open(reader, {
      kind: call.kind,
      name: call.name,
      at,
      options: {
        provider: call.provider,
        model: call.isModelFixed === true ? call.model : undefined,
        tags: { integration: call.integration }
      }
    })
    if (this.span.open !== undefined) this.span.open.claimed = true
    this.clock = reader.getRef(Clock.Clock)
    this.startedAt = this.clock.monotonicTimeNanosUnsafe()
    const abandon = (): void => this.end(this.last ?? { unfinished: true })
    if (this.span.open !== undefined) SpanOwners.set(this.span.open, abandon)
    this.forget = layer.onClose(abandon)
  }

  /** Records the request. `body` is its JSON. */
  request(body: JsonObject): void {
    this.annotate("call.request", () => {
      const { isModelFixed, model: named } = this.call
      const request = named === undefined || isModelFixed === true ? body : { model: named, ...body }
      if (this.call.kind === "embedding") return embeddingRequest(request, this.capture.input)
      if (this.capture.input) return { input: request }
      const { model = this.call.model, parameters } = Exchange.read(request, "input").value
      return {
        model: isModelFixed === true ? undefined : model,
        metadata: parameters && ModelParameters.withoutContent(parameters)
      }
    })
  }

  /** Whether the event has ended: nothing is added to it any more. */
  get ended(): boolean {
    return this.isEnded
  }

  /** Another request may follow; the call ends in this way if none does. `release` is called if it ends before. */
  hold(end: SpanEnd, release: () => void): void {
    this.last = end
    this.release = release
  }

  /** Another attempt of the same call begins. */
  again(): void {
    this.follow()
    this.attempts++
  }

  /** The request that a redirect leads to begins. */
  follow(): void {
    this.last = undefined
    this.release = undefined
    this.answer = undefined
    this.status = 0
  }

  /** The head of an answer. */
  answered(status: number, mediaType: string): void {
    this.status = status
    this.answer = status >= 400 ? CallAnswer.make("", failureCharacters) : CallAnswer.make(mediaType)
  }

  /** A piece of the answer's body. */
  text(piece: string): void {
    const { answer } = this
    if (answer === undefined || this.isEnded) return
    const first = guard(this.layer.diagnostics, "call.text", () => answer.add(piece), false)
    if (first) this.first()
  }

  /** An answer that the client has read, as a value. */
  value(output: unknown): void {
    this.given = output
  }

  /** The first part of a stream's output has come. */
  first(): void {
    const seconds = Number(this.clock.monotonicTimeNanosUnsafe() - this.startedAt) / 1e9
    this.annotate("call.first", () => ({ metrics: { timeToFirstToken: seconds } }))
  }

  /** Token counts that came beside the answer. */
  metrics(metrics: { readonly [key: string]: number }): void {
    this.annotate("call.metrics", () => ({ metrics }))
  }

  /** Whether the provider has said all of its answer. */
  isComplete(): boolean {
    return this.answer?.isComplete() ?? false
  }

  /** The end of the last attempt if it was answered with a status of failure. It is the end of the call if none follows. */
  failure(): SpanEnd | undefined {
    if (this.status < 400) return undefined
    const text = guard(this.layer.diagnostics, "call.failure", () => this.answer?.end().text, "") ?? ""
    return {
      error: ProviderFailure.fromAnswer(this.call.integration, this.status, text),
      at: this.now()
    }
  }

  /** The time, in Unix nanoseconds. */
  now(): bigint {
    return this.clock.currentTimeNanosUnsafe()
  }

  /** Ends the event with what has been read of the answer. */
  end(end: SpanEnd = {}): void {
    if (this.isEnded) return
    this.isEnded = true
    this.forget()
    this.release?.()
    let failure: ProviderFailure.ProviderFailure | undefined
    this.annotate("call.answer", () => {
      const read = this.answer === undefined || this.status >= 400 ? undefined : this.answer.end()
      failure = read?.failure
      const answered = ProviderCalls.parametersOf(read?.output)
      const output = this.output(this.given ?? read?.output)
      return {
        ...output,
        metadata: {
          ...output.metadata,
          ...(this.capture.input ? answered : ModelParameters.withoutContent(answered)),
          ...(this.attempts > 1 ? { attempts: this.attempts } : undefined),
          ...(this.status >= 300 ? { status_code: this.status } : undefined),
          ...(read?.isCut === true ? { output_cut: true } : undefined)
        }
      }
    })
    this.span.end(
      end.error === undefined && end.interrupted !== true && failure !== undefined
        ? { ...end, error: failure }
        : end
    )
  }

  private output(output: unknown): AnnotationInput {
    if (output === undefined) return {}
    if (this.capture.output) return { output: output as {} }
    if (this.call.kind === "embedding") return { metrics: output as {} }
    const { finishReasons, metrics, model } = Exchange.read(output, "output").value
    return {
      model: this.call.isModelFixed === true ? undefined : model,
      metrics,
      ...(finishReasons.length === 0
        ? undefined
        : { metadata: { finish_reason: finishReasons.length === 1 ? finishReasons[0] : finishReasons } })
    }
  }

  private annotate(place: string, make: () => AnnotationInput): void {
    const { open } = this.span
    if (open === undefined) return
    guard(this.layer.diagnostics, place, () => this.span.annotate(make()), undefined)
  }
}

// The dimensions and the format; the rest of such a request is its input.
const embeddingRequest = (body: JsonObject, hasInput: boolean): AnnotationInput => {
  const { content: _content, input: _input, model, requests: _requests, ...parameters } = body
  return {
    model: typeof model === "string" ? model : undefined,
    metadata: hasInput ? parameters : ModelParameters.withoutContent(parameters),
    ...(hasInput ? { input: body } : undefined)
  }
}
