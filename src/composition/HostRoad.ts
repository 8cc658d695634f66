/**
 * The road of traces of another tracer, the host: events are decided when the host's spans leave, and followed to the
 * answer of its Agent.
 */
import * as Effect from "effect/Effect"
import type { Conditions } from "../engine/chunk/Conditions.ts"
import * as HostRouter from "../engine/chunk/HostRouter.ts"
import * as RetentionHold from "../engine/chunk/RetentionHold.ts"
import * as CarriedTrace from "../engine/context/CarriedTrace.ts"
import type * as DeliveryLoop from "../engine/lane/DeliveryLoop.ts"
import * as HostRides from "../engine/lane/HostRides.ts"
import type { Overflow } from "../engine/outbox/Overflow.ts"
import type { HostTracerService, HostTracing } from "../ports/HostTracer.ts"
import type { OutboxesService } from "../ports/Outbox.ts"
import { ownAccount } from "../ports/Outbox.ts"
import type { Destinations } from "./Destinations.ts"
import type { Foundation } from "./Foundation.ts"
import * as IntakeWakes from "./IntakeWakes.ts"
import type { Settings } from "./Settings.ts"
import type { SpanSteps } from "./SpanSteps.ts"
import * as Tracing from "./Tracing.ts"

export interface HostRoad extends DeliveryLoop.TraceRoad {
  readonly router: Pick<HostRouter.HostRouter, "finish" | "refuse" | "waiting">
  readonly host: HostTracing
  /** Leaves the events that still ride to the host. */
  readonly leave: () => void
}

export const make = (options: {
  readonly settings: Settings
  readonly foundation: Foundation
  readonly outboxes: OutboxesService
  readonly overflow: Overflow
  readonly destinations: Destinations
  readonly steps: SpanSteps | undefined
  readonly host: HostTracerService
}): HostRoad => {
  const { foundation, outboxes, overflow, settings } = options
  const { diagnostics, elapsed, ledger, signals } = foundation
  const onWaiting = () => {
    signals.sweep.openUnsafe()
  }
  const rides = HostRides.make({
    outbox: outboxes.of(ownAccount),
    ledger,
    budget: overflow.budget,
    diagnostics,
    now: foundation.now,
    aging: foundation.aging,
    elapsed,
    onHandedOver: () => signals.intake.wake(ownAccount),
    onSilence: () => host.onSilence()
  })
  const retention = RetentionHold.make({ maxAgeMillis: settings.partialFlushAfterMillis })
  const router = HostRouter.make({
    conditions: conditions(options, () => host.carries()),
    ledger,
    overflow,
    outboxes,
    retention,
    maxAgeMillis: settings.partialFlushAfterMillis,
    onRide: (riders) => {
      rides.add(riders)
      onWaiting()
    },
    onWaiting,
    carried: CarriedTrace.tags,
    onVerdict: options.steps?.decided,
    onDefect: diagnostics.defect,
    onOffered: IntakeWakes.make({ outboxes, signals, budget: overflow.budget })
  })
  const host = options.host.open({
    apm: settings.apm === "all" ? "all" : "llm",
    diagnostics,
    trace: router.trace,
    take: rides.take,
    redactError: Tracing.redaction(settings, diagnostics).redactError ?? ((_name, error) => error)
  })
  const held = retention.around(
    { start: nothing, finish: nothing, sweep: () => undefined, flush: () => over },
    onWaiting
  )
  const sent = Effect.suspend(() => {
    host.flush()
    return rides.settled
  })
  return {
    router,
    host,
    leave: rides.leave,
    // The host decides about its chunks without waiting for the Agent.
    hold: { release: () => over, isEmpty: () => true, records: () => 0 },
    shipper: { run: Effect.never, flush: sent, drain: Effect.ensuring(sent, Effect.sync(rides.leave)) },
    sweep: (now) => earliest(earliest(router.sweep(now), rides.sweep(now)), held.sweep(now)),
    collect: () => {
      const [ours, others] = [router.flush(), held.flush()]
      return () => ours() || others()
    },
    waiting: () => router.waiting() + retention.records() + overflow.waiting(),
    riders: rides.riders,
    handOver: nothing
  }
}

const nothing = () => {}
const over = () => false

const earliest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)

const conditions = (
  { destinations, foundation }: Parameters<typeof make>[0],
  carries: () => boolean
): Pick<Conditions, "now" | "elapsed" | "mode" | "canRide" | "apm" | "filter" | "structBytes"> => ({
  now: foundation.aging,
  elapsed: foundation.elapsed,
  mode: destinations.mode,
  // Before the Agent is known its filters are not, and the host's spans do not wait.
  canRide: () => destinations.isKnown() && destinations.carries() && carries(),
  apm: destinations.writesApm,
  filter: destinations.filter,
  structBytes: destinations.structBytes
})
