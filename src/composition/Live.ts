/**
 * The composition behind the layers. Each part is made from parts that were made before it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as EffectTracer from "../adapters/effect-tracer/EffectTracer.ts"
import * as AgentRates from "../domain/sampling/AgentRates.ts"
import * as TraceSampler from "../engine/chunk/TraceSampler.ts"
import * as Overflow from "../engine/outbox/Overflow.ts"
import { CurrentHostTracer } from "../ports/HostTracer.ts"
import { ownAccount } from "../ports/Outbox.ts"
import { CurrentRelayQueue } from "../ports/RelayQueue.ts"
import * as AccountDirectory from "./AccountDirectory.ts"
import * as Ambient from "./Ambient.ts"
import * as Background from "./Background.ts"
import * as DeliveryReports from "./DeliveryReports.ts"
import * as Destinations from "./Destinations.ts"
import * as EventStore from "./EventStore.ts"
import * as Foundations from "./Foundation.ts"
import * as HostRoad from "./HostRoad.ts"
import * as IntakeRoads from "./IntakeRoads.ts"
import * as LayerServices from "./LayerServices.ts"
import * as Recording from "./Recording.ts"
import type { Settings } from "./Settings.ts"
import * as SpanSteps from "./SpanSteps.ts"
import * as TraceRoad from "./TraceRoad.ts"
import * as Tracing from "./Tracing.ts"

/** Builds the recorder, the tracer and the delivery from settings. */
export const make = Effect.fnUntraced(function*(settings: Settings) {
  const foundation = yield* Foundations.make({ settings, droppedLine })
  const { context, diagnostics, ledger, now } = foundation
  const service = settings.service ?? foundation.process.programName
  const reports = DeliveryReports.make({
    settings,
    foundation,
    subject: `app ${settings.mlApp ?? service}, service ${service}`
  })
  const around = Context.get(context, Tracer.Tracer)
  const hostTracer = settings.apm === "off" ? undefined : Context.get(context, CurrentHostTracer)
  const ownTracer = hostTracer !== undefined || around === Tracer.nativeTracer || EffectTracer.isOurs(around)
  const switches = { recording: true, tracing: settings.apm !== "off" && ownTracer }

  const store = yield* EventStore.make({ ...foundation, settings, service })
  const { outboxes, setAside } = store
  const overflow = Overflow.make({
    policy: settings.overflow,
    budget: store.budget,
    outboxes,
    ledger,
    waitMillis: settings.flushTimeoutMillis
  })

  const sampler = TraceSampler.make({ ...settings.sampling, now, service, env: settings.env })
  const destinations = yield* Destinations.make({
    settings,
    foundation,
    reports,
    relays: Context.get(context, CurrentRelayQueue),
    traces: true,
    apm: () => switches.tracing,
    onRates: (body) => {
      const rates = AgentRates.parse(body)
      if (rates.problems.length > 0) diagnostics.report(rates.problems)
      if (rates.value !== undefined) sampler.updateRates(rates.value)
    }
  })
  const intake = IntakeRoads.make({
    foundation,
    reports,
    tracker: destinations.tracker,
    outboxes,
    budget: overflow.budget,
    onSetAside: ({ event, item, reason, status }) =>
      setAside(item.record, { reason, status, at: now(), event: event && utf8.decode(event.bytes) })
  })
  intake.open(ownAccount, destinations.own)
  const steps = SpanSteps.make(foundation, settings)
  const roadParts = { settings, foundation, outboxes, overflow, destinations, steps }
  const hosted = hostTracer && HostRoad.make({ ...roadParts, host: hostTracer })
  const traces = hosted ?? TraceRoad.make({ ...roadParts, sampler })
  if (hosted !== undefined) yield* Effect.addFinalizer(() => Effect.sync(hosted.host.close))
  const { delivery, loop } = yield* Background.make({
    settings,
    foundation,
    reports,
    destinations,
    outboxes,
    lanes: intake.lanes,
    traces,
    stopWaiting: () => {
      overflow.close()
      hosted?.leave()
    },
    readSetAside: store.readSetAside
  })
  yield* store.adopt

  const ambient = Ambient.make(foundation, settings)
  const accountOf = AccountDirectory.make({
    own: settings,
    diagnostics,
    open: (account) => {
      const destination = destinations.account(account)
      return intake.open(account.name, () => destination)
    }
  })
  const recorder = Recording.make({
    settings,
    foundation,
    service,
    ambient,
    accountOf,
    router: traces.router,
    room: { hold: store.budget.hold, free: store.budget.free, admit: overflow.admit },
    steps,
    setAside,
    loop,
    isRecording: () => switches.recording,
    isTracing: () => switches.tracing
  })
  // Registered after the drain, and so run before it: spans that are still open are sent with the rest.
  yield* Effect.addFinalizer(() => Effect.sync(recorder.endAll))
  const tracer = "chunks" in traces
    ? ownTracer ? Tracing.tracer({ settings, foundation, service, ambient, sampler, chunks: traces.chunks }) : undefined
    : EffectTracer.adopt(traces.host.tracer)
  return yield* LayerServices.make({
    foundation,
    ambient,
    recorder,
    control: {
      setRecording: (on) => {
        switches.recording = on
      },
      setTracing: (on) => {
        switches.tracing = on && ownTracer
      }
    },
    delivery,
    propagator: Tracing.propagator({ settings, foundation, ambient, sampler, injectionOf: hosted?.host.injection }),
    tracer
  })
})

const utf8 = new TextDecoder()

const droppedLine = (reason: string, events: string): string =>
  `Dropped ${events} (${reason}) since the last warning. LLMObs.ledger counts them; see docs/delivery.md.`
