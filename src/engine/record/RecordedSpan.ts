/**
 * A span while it is recorded.
 */
import type * as Clock from "effect/Clock"
import type { Changes } from "../../domain/propagation/BaggageChange.ts"
import type * as Annotation from "../../domain/span/Annotation.ts"
import type { RequestInfo } from "../../ports/AmbientContext.ts"
import type { Carrier, TraceState } from "../../ports/Carrier.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import type { PendingContext } from "../../ports/LateRetention.ts"
import type { TracerSpan } from "../../ports/Recorder.ts"
import type { Around } from "./Surroundings.ts"

/** The state of a span from its start to its end. Only the recorder writes it, except for `claimed`. */
export class RecordedSpan implements OpenSpan {
  context: PendingContext
  readonly annotation: Annotation.Owned
  /** The part of the annotation that other spans hold too. */
  readonly shared: Annotation.Annotation | undefined
  /** The bytes of its own content, the part of them that the byte budget is charged, and whether some is missing. */
  heldBytes = 0
  chargedBytes = 0
  leftOut = false
  /** The next span whose charge could not be released yet. */
  unreleased: RecordedSpan | undefined = undefined
  /** The context inside the span, once it was entered: children that start directly in it do not read it again. */
  inside: Around | undefined = undefined
  readonly request: RequestInfo | undefined
  readonly baggage: Changes
  ended = false
  claimed = false
  modelName: string | undefined = undefined
  modelProvider: string | undefined = undefined
  readonly parent: RecordedSpan | undefined
  readonly trace: TraceState
  readonly carrier: Carrier | undefined
  /** The tracer's span, and whether it has times. */
  readonly span: TracerSpan | undefined
  readonly timed: boolean
  readonly service: string
  readonly clock: Clock.Clock
  /** Unix time in nanoseconds. */
  readonly startNs: bigint
  /** The same moment on the monotonic clock. */
  readonly startedAt: bigint

  constructor(options: {
    readonly context: PendingContext
    readonly annotation: Annotation.Owned
    readonly shared: Annotation.Annotation | undefined
    readonly request: RequestInfo | undefined
    readonly baggage: Changes
    readonly parent: RecordedSpan | undefined
    readonly trace: TraceState
    readonly carrier: Carrier | undefined
    readonly span: TracerSpan | undefined
    readonly timed: boolean
    readonly service: string
    readonly clock: Clock.Clock
    readonly at: bigint | undefined
    /** The present time, if the caller has just read it. */
    readonly now: bigint | undefined
  }) {
    this.context = options.context
    this.annotation = options.annotation
    this.shared = options.shared
    this.request = options.request
    this.baggage = options.baggage
    this.parent = options.parent
    this.trace = options.trace
    this.carrier = options.carrier
    this.span = options.span
    this.timed = options.timed
    this.service = options.service
    this.clock = options.clock
    const now = options.now ?? options.clock.currentTimeNanosUnsafe()
    const elapsed = options.clock.monotonicTimeNanosUnsafe()
    this.startNs = options.at ?? now
    this.startedAt = options.at === undefined ? elapsed : elapsed - (now - options.at)
  }

  /** The time from the start until `at`, or until now, in nanoseconds. */
  elapsedNs(at: bigint | undefined): bigint {
    const elapsed = at === undefined ? this.clock.monotonicTimeNanosUnsafe() - this.startedAt : at - this.startNs
    return elapsed > 0n ? elapsed : 0n
  }
}
