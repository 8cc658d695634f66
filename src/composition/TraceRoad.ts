/**
 * The road of traces: spans become chunks, chunks are decided, and riding events leave for the Agent.
 */
import { ask } from "../engine/books/Guard.ts"
import * as ChunkAssembler from "../engine/chunk/ChunkAssembler.ts"
import * as ChunkHold from "../engine/chunk/ChunkHold.ts"
import type { Conditions } from "../engine/chunk/Conditions.ts"
import * as RetentionHold from "../engine/chunk/RetentionHold.ts"
import * as Router from "../engine/chunk/Router.ts"
import type { Slices } from "../engine/chunk/Slices.ts"
import * as SpanSampler from "../engine/chunk/SpanSampler.ts"
import type { TraceSampler } from "../engine/chunk/TraceSampler.ts"
import type * as DeliveryLoop from "../engine/lane/DeliveryLoop.ts"
import * as Shipper from "../engine/lane/Shipper.ts"
import * as TraceLane from "../engine/lane/TraceLane.ts"
import type { Overflow } from "../engine/outbox/Overflow.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { OutboxesService } from "../ports/Outbox.ts"
import { ownAccount } from "../ports/Outbox.ts"
import type { Destinations } from "./Destinations.ts"
import type { Foundation } from "./Foundation.ts"
import * as IntakeWakes from "./IntakeWakes.ts"
import type { Settings } from "./Settings.ts"
import type { SpanSteps } from "./SpanSteps.ts"

export interface TraceRoad extends DeliveryLoop.TraceRoad {
  /** Receives the spans of the tracer. */
  readonly chunks: Pick<ChunkAssembler.ChunkAssembler, "start" | "finish">
  /** Receives the finished events. */
  readonly router: Router.Router
}

/** The most chunks that wait, for the Agent to be known or to be sent. */
const maxChunks = 10_000

export const make = (options: {
  readonly settings: Settings
  readonly foundation: Foundation
  readonly outboxes: OutboxesService
  readonly overflow: Overflow
  readonly sampler: TraceSampler
  readonly destinations: Destinations
  readonly steps: SpanSteps | undefined
}): TraceRoad => {
  const { destinations, foundation, outboxes, overflow, settings } = options
  const { ledger, signals } = foundation
  const { budget } = overflow
  const urgentBytes = IntakeWakes.urgentBytes(budget)
  const lane = TraceLane.make({
    outbox: outboxes.of(ownAccount),
    ledger,
    budget,
    random: foundation.ids.random,
    way: destinations.way,
    readyBytes: urgentBytes,
    maxChunks,
    maxAttempts: 5,
    now: foundation.aging,
    onHandedOver: () => signals.intake.wake(ownAccount),
    onRediscover: destinations.onRediscover,
    onReachable: destinations.onReachable
  })
  const retention = RetentionHold.make({ maxAgeMillis: settings.partialFlushAfterMillis })
  const router = Router.make({
    conditions: conditions(options),
    ledger,
    overflow,
    outboxes,
    retention,
    send: (chunk) => {
      // After the layer closes, chunks are discarded.
      if (signals.isClosed()) return
      lane.add(chunk)
    },
    onSent: () => {
      if (lane.waitingBytes() > urgentBytes) signals.traces.urge()
      else signals.traces.wake()
    },
    onVerdict: options.steps?.decided,
    onDefect: foundation.diagnostics.defect,
    onOffered: IntakeWakes.make({ outboxes, signals, budget })
  })
  const hold = ChunkHold.make({
    maxChunks,
    // Without APM nothing can ride, so there is nothing to wait for.
    isKnown: () => settings.apm === "off" || destinations.isKnown(),
    route: router.route,
    onHeld: destinations.tracker.search
  })
  const onWaiting = () => {
    signals.sweep.openUnsafe()
  }
  const chunks = retention.around(
    ChunkAssembler.make({
      minSpans: settings.partialFlushMinSpans,
      maxAgeMillis: settings.partialFlushAfterMillis,
      emit: hold.take,
      onWaiting
    }),
    onWaiting
  )
  return {
    chunks,
    router,
    hold,
    shipper: Shipper.make(lane, {
      ...foundation.pace,
      filled: () => budget.used() / budget.limit,
      signal: signals.traces,
      maxInFlight: 4
    }),
    sweep: chunks.sweep,
    collect: () => {
      const flushed = chunks.flush()
      let released: Slices | undefined
      // A chunk joins those that are held, if there are any, even if the Agent is known.
      return () => flushed() || (destinations.isKnown() && (released ??= hold.release())())
    },
    waiting: () => router.waiting() + retention.records() + overflow.waiting(),
    riders: lane.riders,
    handOver: lane.handOver
  }
}

const conditions = (
  { destinations, foundation, sampler, settings }: Parameters<typeof make>[0]
): Conditions => ({
  now: foundation.aging,
  elapsed: foundation.elapsed,
  mode: destinations.mode,
  canRide: destinations.carries,
  apm: destinations.writesApm,
  filter: destinations.filter,
  keeps: settings.traceFilter === undefined ? undefined : keeps(settings.traceFilter, foundation.diagnostics),
  structBytes: destinations.structBytes,
  sampleSpans: SpanSampler.make({ rules: settings.spanSampling, now: foundation.now }),
  decide: sampler.decide,
  processTags: {
    meta: { language: "javascript", "runtime-id": foundation.process.runtimeId },
    metrics: { process_id: foundation.process.pid }
  },
  env: settings.env,
  version: settings.version
})

// The filter is the user's: an error in it must not lose a trace.
const keeps =
  (filter: NonNullable<Settings["traceFilter"]>, diagnostics: DiagnosticsService): typeof filter => (spans) =>
    ask(diagnostics.warnOnce, "traceFilter", "the trace is sent anyway.", () => filter(spans), true) !== false
