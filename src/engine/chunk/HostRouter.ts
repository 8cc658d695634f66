/**
 * Applies the rescue table to events whose APM spans belong to another tracer, the host.
 *
 * **Details**
 *
 * The host says when finished spans of a trace are about to leave, and with which priority. Each waiting event is then
 * decided by the same table and the same steps as in `Router`: it is put on its span, or the outbox accepts it and the
 * span is marked submitted. Nothing is put on a span before the decision, so nothing has to be taken back.
 *
 * A trace can stay open for long. After `maxAgeMillis`, and at a flush, its waiting events go to the outbox, because the
 * host's spans cannot be made to leave.
 */
import * as Rescue from "../../domain/delivery/Rescue.ts"
import type { SpanRecord } from "../../domain/span/SpanRecord.ts"
import type { HostDeparture, HostTrace } from "../../ports/HostTracer.ts"
import type { PendingContext } from "../../ports/LateRetention.ts"
import * as StackRoom from "../books/StackRoom.ts"
import * as LateRetention from "../record/LateRetention.ts"
import * as AgeQueue from "./AgeQueue.ts"
import type { Conditions } from "./Conditions.ts"
import type { EventEntry } from "./EventEntry.ts"
import * as EventEntries from "./EventEntry.ts"
import { HostedSpan } from "./HostedSpan.ts"
import * as Router from "./Router.ts"
import type { Slices } from "./Slices.ts"

/** Routes events that wait on spans of a host. */
export interface HostRouter extends Pick<EventEntry, "finish" | "refuse"> {
  /** The number of events that wait on a span of the host. */
  readonly waiting: () => number
  /** The state of one local trace of the host. */
  readonly trace: () => HostTrace
  /**
   * Offers events that have waited too long. Returns the time of the next sweep that could find one, if any: `now` if some
   * are left.
   */
  readonly sweep: (now: number) => number | undefined
  /** Begins to offer the events that wait now. */
  readonly flush: () => Slices
}

/** Makes a router without events. */
export const make = (
  options: EventEntries.Options & {
    readonly conditions: Pick<
      Conditions,
      "now" | "elapsed" | "mode" | "canRide" | "apm" | "filter" | "structBytes"
    >
    readonly maxAgeMillis: number
    /** Called with the events that were put on spans of one trace. */
    readonly onRide: (riders: ReadonlyArray<SpanRecord>) => void
    /** Called when a first event waits in a trace. */
    readonly onWaiting: () => void
    /** The tags by which a call carries the LLM trace of a span. */
    readonly carried: (context: PendingContext) => ReadonlyMap<string, string>
    /** Hears of each decision about an event, for the debug log. */
    readonly onVerdict?: ((record: SpanRecord, verdict: Rescue.Verdict) => void) | undefined
  }
): HostRouter => {
  const { conditions, ledger } = options
  const entry = EventEntries.make(options)
  const act = Router.acting(entry, ledger)
  const waiting = AgeQueue.make<Trace>()

  const decide = (span: HostedSpan, departure: HostDeparture): SpanRecord | undefined => {
    const record = LateRetention.close(span.record!)
    const facts: Rescue.Facts = {
      llm: true,
      claim: span.claim,
      record: true,
      mode: conditions.mode(),
      canRide: departure.isWritten && record.context.account === undefined && conditions.canRide() &&
        span.host.isHeld() && span.host.canCarry(record),
      structBytes: Router.structBytes(record, conditions),
      priority: departure.priority,
      filtered: departure.isWritten && conditions.filter()?.(departure.root()) === true
    }
    const verdict = Rescue.decide(facts)
    const rider = act(span, record, verdict, facts)
    options.onVerdict?.(record, verdict)
    if (rider !== undefined) span.host.carry(rider)
    span.seal()
    return rider
  }

  const depart = (trace: Trace, departure: HostDeparture): void => {
    StackRoom.need()
    const spans = trace.spans
    trace.spans = []
    waiting.remove(trace)
    const riders: Array<SpanRecord> = []
    for (const span of spans) {
      try {
        const rider = decide(span, departure)
        if (rider !== undefined) riders.push(rider)
      } catch (error) {
        abandon(span)
        options.onDefect("host.depart", error)
      }
      entry.onCarriers.events--
      span.record = undefined
    }
    if (riders.length > 0) options.onRide(riders)
  }

  // Drops an event that neither the outbox nor a span took.
  const abandon = (span: HostedSpan): void => {
    if (span.claim !== "none" && span.claim !== "riding") return
    if (span.record !== undefined) options.overflow.budget.release(span.record)
    span.claim = "dropped"
    ledger.dropped.failed++
  }

  const leave = (trace: Trace): number => {
    const waited = trace.spans.length
    depart(trace, stays)
    return waited
  }

  class Trace implements HostTrace {
    spans: Array<HostedSpan> = []

    carrier(host: HostedSpan["host"]): HostedSpan {
      return new HostedSpan(host, this.shared, {
        carried: options.carried,
        onWaiting: (span) => {
          if (waiting.add(this, conditions.elapsed())) options.onWaiting()
          this.spans.push(span)
        }
      })
    }

    isWaiting(): boolean {
      return this.spans.length > 0
    }

    depart(departure: HostDeparture): void {
      if (this.spans.length > 0) depart(this, departure)
    }

    private readonly shared = { session: undefined }
  }

  return {
    finish: entry.finish,
    refuse: entry.refuse,
    waiting: () => entry.onCarriers.events,
    trace: () => new Trace(),
    sweep: (now) => waiting.sweep(now, options.maxAgeMillis, leave),
    flush: () => waiting.flush(leave)
  }
}

const stays: HostDeparture = { priority: undefined, isWritten: false, root: () => ({ resource: "", meta: {} }) }
