/**
 * A running operation of the AI SDK, such as `streamText`, with its calls of the model and its tools.
 */
import * as Clock from "effect/Clock"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import type { RunningLayer } from "../../engine/context/RunningLayers.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import * as PairedSpans from "../../engine/record/PairedSpan.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { SpanEnd, SpanOptions } from "../../ports/Recorder.ts"

const mark = { tags: { integration: "ai" } }

export class AiSdkOperation {
  readonly layer: RunningLayer
  readonly kind: SpanKind
  readonly span: PairedSpan
  /** The running call of the model. */
  call: PairedSpan | undefined = undefined
  /** The running tools, by the id of their call. */
  readonly tools = new Map<string, PairedSpan>()
  /** Go back out of the spans of calls that have no wrapper. */
  readonly leaves = new Map<string, () => void>()
  readonly #forget: () => void
  #timer: ReturnType<typeof setTimeout> | undefined
  #activeAt: bigint | undefined
  #isEnded = false

  constructor(layer: RunningLayer, kind: SpanKind, name: string, options: SpanOptions, onEnd: () => void) {
    this.layer = layer
    this.kind = kind
    this.span = layer.start(kind, name, { ...options, ...mark })
    if (kind === "embedding" && this.span.open !== undefined) this.span.open.claimed = true
    const stopListening = layer.onClose(() => this.leaveOpen())
    this.#forget = () => {
      stopListening()
      onEnd()
    }
  }

  /** Opens a span below the operation. */
  start(kind: SpanKind, name: string): PairedSpan {
    this.goesOn()
    const reader = ContextReader.make(this.span.inside(this.layer.current().context))
    return PairedSpans.open(reader, { kind, name, options: mark })
  }

  /** Notes that something happened, at which the operation is not over. */
  goesOn(): void {
    clearTimeout(this.#timer)
    this.#activeAt = this.layer.current().getRef(Clock.Clock).currentTimeNanosUnsafe()
  }

  /** Ends the operation after a time in which nothing happens: the SDK tells no end of a stream that is left early. */
  endsWithin(millis: number): void {
    this.goesOn()
    this.#timer = setTimeout(() => this.leaveOpen(), millis)
    const { unref } = this.#timer as { readonly unref?: () => void }
    unref?.call(this.#timer)
  }

  /** Ends the operation, whose end nobody told, at the time of its last event. */
  leaveOpen(): void {
    this.end({ at: this.#activeAt, unfinished: true })
  }

  /** Ends everything that is still open: tools, the call, the operation. A second call changes nothing. */
  end(end: SpanEnd = {}): void {
    if (this.#isEnded) return
    this.#isEnded = true
    clearTimeout(this.#timer)
    this.#forget()
    for (const tool of this.tools.values()) tool.end(end)
    this.call?.end(end)
    this.span.end(end)
  }
}
