/**
 * The composition behind the layers: settings, engine and adapters put together.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as DevAgents from "../adapters/devagent/DevAgent.ts"
import * as EffectHttpContext from "../adapters/effect-http/EffectHttpContext.ts"
import * as EffectTracer from "../adapters/effect-tracer/EffectTracer.ts"
import * as NodeIdGenerator from "../adapters/node-process/NodeIdGenerator.ts"
import * as ProcessExit from "../adapters/node-process/ProcessExit.ts"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import * as NodeTransport from "../adapters/node-transport/NodeTransport.ts"
import * as RequestStorage from "../adapters/request-storage/RequestStorage.ts"
import { defaults as agentDefaults } from "../domain/delivery/AgentUrl.ts"
import * as PropagationStyle from "../domain/propagation/PropagationStyle.ts"
import * as RedactedRecord from "../domain/redaction/RedactedRecord.ts"
import * as AgentRates from "../domain/sampling/AgentRates.ts"
import * as RetentionSampling from "../domain/sampling/RetentionSampling.ts"
import * as TraceId from "../domain/span/TraceId.ts"
import * as Diagnostics from "../engine/books/Diagnostics.ts"
import * as DropLog from "../engine/books/DropLog.ts"
import * as Ledger from "../engine/books/Ledger.ts"
import * as LedgerMetrics from "../engine/books/LedgerMetrics.ts"
import * as ChunkAssembler from "../engine/chunk/ChunkAssembler.ts"
import * as ChunkHold from "../engine/chunk/ChunkHold.ts"
import * as RetentionHold from "../engine/chunk/RetentionHold.ts"
import * as Router from "../engine/chunk/Router.ts"
import * as TraceSampler from "../engine/chunk/TraceSampler.ts"
import * as AmbientReader from "../engine/context/AmbientReader.ts"
import * as Injector from "../engine/context/Injector.ts"
import * as RequestContext from "../engine/context/RequestContext.ts"
import * as AccountLanes from "../engine/lane/AccountLanes.ts"
import * as IntakeLane from "../engine/lane/IntakeLane.ts"
import * as Shipper from "../engine/lane/Shipper.ts"
import * as TraceLane from "../engine/lane/TraceLane.ts"
import * as Overflow from "../engine/outbox/Overflow.ts"
import * as SpanRecorder from "../engine/record/SpanRecorder.ts"
import { Control } from "../ports/Control.ts"
import { Delivery } from "../ports/Delivery.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import { CurrentHostContextSource } from "../ports/IncomingRequest.ts"
import { ownAccount } from "../ports/Outbox.ts"
import { Propagator } from "../ports/Propagator.ts"
import { Recorder } from "../ports/Recorder.ts"
import { CurrentRelayQueue } from "../ports/RelayQueue.ts"
import { Transport } from "../ports/Transport.ts"
import * as AccountDirectory from "./AccountDirectory.ts"
import * as DeliveryLoop from "./DeliveryLoop.ts"
import * as Destinations from "./Destinations.ts"
import * as EventStore from "./EventStore.ts"
import type { Options } from "./Options.ts"
import * as Quiet from "./Quiet.ts"
import type { Settings, Variable } from "./Settings.ts"
import * as SettingsModule from "./Settings.ts"
import * as Variables from "./Variables.ts"
import { libraryVersion } from "./Version.ts"

/**
 * Builds the recorder, the tracer and the delivery from settings.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(settings: Settings) {
  const context = yield* Effect.context<Scope.Scope>()
  const clock = Context.get(context, Clock.Clock)
  const now = () => clock.currentTimeMillisUnsafe()
  // How long something lasts is no matter of the time of day, which can be set.
  const elapsed = () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000
  const sayWith = Effect.runForkWith(Quiet.context(context))
  const diagnostics = Diagnostics.make((line) => {
    sayWith(Effect.logWarning(`effect-llmobs: ${line}`))
  }, settings.onProblem)
  const process = ProcessIdentity.read()
  const service = settings.service ?? process.programName
  const ids = NodeIdGenerator.make({ traceIdBits: settings.traceIdBits })
  const transport = Option.getOrUndefined(Context.getOption(context, Transport)) ??
    (yield* NodeTransport.make({ proxy: settings.proxy, noProxy: settings.noProxy }))
  const ambient = AmbientReader.make({
    settings: settings.propagation,
    diagnostics,
    requests: [EffectHttpContext.source(), RequestStorage.source],
    host: Context.get(context, CurrentHostContextSource)
  })
  const hostTracer = Context.get(context, Tracer.Tracer)
  const ownTracer = hostTracer === Tracer.nativeTracer || EffectTracer.isOurs(hostTracer)
  const switches = { recording: true, tracing: settings.apm !== "off" && ownTracer }

  const ledger = Ledger.make(
    DropLog.make({ now, say: (reason, events) => diagnostics.say(droppedLine(reason, events)) })
  )
  const store = yield* EventStore.make({
    settings,
    ledger,
    diagnostics,
    now,
    onReady: (account) => lanes.urge(account)
  })
  const { outboxes } = store
  const overflow = Overflow.make({
    policy: settings.overflow,
    budget: store.budget,
    outboxes,
    ledger,
    waitMillis: settings.flushTimeoutMillis
  })
  const { budget } = overflow
  // Above this many estimated bytes an outbox does not wait for the interval: a request is full, or memory will be.
  const urgentBytes = Math.min(requestEstimate, budget.limit / 4)
  const sampler = TraceSampler.make({ ...settings.sampling, now, service, env: settings.env })

  const destinations = Destinations.make({
    settings,
    transport,
    relays: Context.get(context, CurrentRelayQueue),
    diagnostics,
    process,
    apm: () => switches.tracing,
    elapsed,
    onRates: (body) => {
      const rates = AgentRates.parse(body)
      if (rates.problems.length > 0) diagnostics.report(rates.problems)
      if (rates.value !== undefined) sampler.updateRates(rates.value)
    }
  })

  const traces = TraceLane.make({
    outbox: outboxes.of(ownAccount),
    ledger,
    budget,
    random: ids.random,
    way: destinations.way,
    maxChunks: 10_000,
    maxAttempts: 5,
    onHandedOver: () => lanes.wake(ownAccount),
    onRediscover: destinations.rediscoverTraces,
    onReachable: destinations.reachable
  })
  const pace = {
    intervalMillis: settings.flushIntervalMillis,
    onRound: () => LedgerMetrics.update(ledger.snapshot(), context)
  }
  const traceShipper = Shipper.make(traces, { ...pace, maxInFlight: 1 })
  const lanes = AccountLanes.make<IntakeLane.Payload>((lane) =>
    Shipper.make(lane, { ...pace, maxInFlight: IntakeLane.maxInFlight })
  )
  const openLane = (account: string, destination: () => IntakeLane.Destination | undefined): boolean =>
    lanes.open(account, () =>
      IntakeLane.make({
        outbox: outboxes.of(account),
        ledger,
        budget,
        random: ids.random,
        destination,
        targetBytes: IntakeLane.targetBytes,
        maxAgeMillis: EventStore.maxAgeMillis,
        onRediscover: destinations.rediscoverEvp,
        onReachable: destinations.reachable,
        onSetAside: ({ event, item, reason, status }) =>
          store.setAside(item.record, { reason, status, at: now(), event: event && utf8.decode(event.bytes) }),
        warn: account === ownAccount
          ? diagnostics.warnOnce
          : (key) => diagnostics.warnOnce(`${key}:account`, accountRefused)
      }))
  openLane(ownAccount, destinations.destination)
  const accountOf = AccountDirectory.make({
    own: settings,
    diagnostics,
    open: (account) => {
      const destination = destinations.account(account)
      return openLane(account.name, () => destination)
    }
  })

  const retentionHold = RetentionHold.make({ maxAgeMillis: settings.partialFlushAfterMillis })
  const router = Router.make({
    conditions: {
      now,
      elapsed,
      mode: destinations.mode,
      canRide: destinations.carries,
      apm: destinations.writesApm,
      filtered: (root) => destinations.filters(root),
      keeps: settings.traceFilter === undefined ? undefined : keeps(settings.traceFilter, diagnostics),
      structBytes: destinations.structBytes,
      decide: sampler.decide,
      rootTags: {
        meta: { language: "javascript", "runtime-id": process.runtimeId },
        metrics: { process_id: process.pid }
      },
      env: settings.env,
      version: settings.version
    },
    ledger,
    overflow,
    outboxes,
    retention: retentionHold,
    send: (chunk) => {
      // Nobody sends any more what a program does after its layer closed.
      if (loop.isClosed()) return
      traces.add(chunk)
      traceShipper.wake()
    },
    onOffered: (account) => {
      if (outboxes.of(account).waitingBytes() > urgentBytes) lanes.urge(account)
      else lanes.wake(account)
    }
  })
  const hold = ChunkHold.make({
    maxChunks: 10_000,
    isKnown: destinations.isKnown,
    route: router.route,
    onHeld: () => destinations.onSearch()
  })
  const loop = yield* DeliveryLoop.make({
    settings,
    ledger,
    destinations,
    lanes,
    traceShipper,
    now,
    diagnostics,
    chunks: (onWaiting) =>
      retentionHold.around(
        ChunkAssembler.make({
          minSpans: settings.partialFlushMinSpans,
          maxAgeMillis: settings.partialFlushAfterMillis,
          emit: hold.take,
          onWaiting
        }),
        onWaiting
      ),
    hold,
    waiting: () => router.waiting() + retentionHold.records() + overflow.waiting(),
    riders: traces.riders,
    handOver: traces.handOver,
    store,
    overflow,
    atExit: ProcessExit.onExit,
    root: Quiet.context(context)
  })
  yield* store.adopt

  const recorder = SpanRecorder.make({
    settings: {
      mlApp: settings.mlApp,
      service,
      process: {
        env: settings.env,
        version: settings.version,
        ddTags: settings.ddTags,
        git: settings.git,
        libraryVersion
      },
      processLabels: settings.processLabels,
      retentionLooksAtTags: RetentionSampling.looksAtTags(settings.retention),
      retention: (apmTraceId, tags) =>
        RetentionSampling.decide(settings.retention, BigInt("0x" + TraceId.low64(apmTraceId)), tags),
      redaction: settings.redaction
    },
    accountOf,
    sink: {
      finish: (record, carrier) => {
        if (loop.isClosed()) loop.refuse(carrier)
        else if (record.context.account !== AccountDirectory.nowhere) return router.finish(record, carrier)
        else {
          store.setAside(record, { reason: "refused", status: undefined, at: now(), event: EventStore.textOf(record) })
          router.refuse(record, "refused", carrier)
        }
        return undefined
      },
      redact: (record, carrier) => loop.isClosed() ? loop.refuse(carrier) : router.refuse(record, "redaction", carrier)
    },
    ids,
    ambient,
    diagnostics,
    clock: (reader) => reader.getRef(Clock.Clock)
  })

  const services = Context.make(Recorder, {
    ...recorder,
    start: (input) => switches.recording ? recorder.start(input) : undefined
  }).pipe(
    Context.add(Control, {
      setRecording: (on) => {
        switches.recording = on
      },
      setTracing: (on) => {
        switches.tracing = on && ownTracer
      }
    }),
    Context.add(Delivery, loop.delivery),
    Context.add(Propagator, {
      ...Injector.make({
        settings: settings.apm === "off" ? PropagationStyle.withoutApm(settings.propagation) : settings.propagation,
        ambient,
        diagnostics,
        traceOf: EffectTracer.traceOf,
        decide: sampler.decide
      }),
      upstream: (fiber) => ambient.current(fiber)?.upstream,
      extract: (headers) => {
        const { problems, value } = RequestContext.fromHeaders(headers, settings.propagation, undefined)
        if (problems.length > 0) diagnostics.report(problems)
        return value
      }
    })
  )
  if (!ownTracer) return services
  return Context.add(
    services,
    Tracer.Tracer,
    EffectTracer.make({
      apm: settings.apm === "all" ? "all" : "llm",
      service,
      ids,
      ambient,
      diagnostics,
      priority: sampler.forecast,
      start: loop.chunks.start,
      finish: (span) => loop.chunks.finish(span, elapsed()),
      nowMillis: now,
      redactError: RedactedRecord.isActive(settings.redaction)
        ? (name, error) => {
          const { problems, value } = RedactedRecord.applyToError(name, error, settings.redaction)
          if (problems.length > 0) diagnostics.report(problems)
          return value
        }
        : undefined
    })
  )
})

// Text is estimated at six times its size, a small event at more: so much is one request of 1 MiB at most.
const requestEstimate = 6 * 1024 * 1024

// The filter is the user's: what it throws is no reason to lose a trace.
const keeps =
  (filter: NonNullable<Settings["traceFilter"]>, diagnostics: DiagnosticsService): typeof filter => (spans) => {
    try {
      return filter(spans) !== false
    } catch {
      diagnostics.warnOnce("traceFilter", "The option traceFilter threw. What it was asked about is sent.")
      return true
    }
  }

const utf8 = new TextDecoder()

const accountRefused =
  "The LLM intake refuses the credentials of an account that withRouting names. Its events are held."

const droppedLine = (reason: string, events: number): string =>
  `Events are being dropped (${reason}): ${events} since this was said last. LLMObs.ledger counts them; the delivery page of the documentation says what to do.`

const build = (options: Options, env: (name: Variable) => string | undefined) =>
  Layer.effectContext(Effect.suspend(() => {
    const { problems, value: settings } = SettingsModule.resolve(options, env, {
      socketExists: ProcessIdentity.exists(agentDefaults.socketPath)
    })
    const warnings = problems.map((problem) => Effect.logWarning(`effect-llmobs: ${problem.code}: ${problem.message}`))
    return Effect.andThen(
      Effect.all(warnings, { discard: true }),
      settings.enabled ? make(settings) : Effect.succeed(Context.empty() as Context.Context<never>)
    )
  }))

/**
 * The layer for options alone: no variable is read.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<never> => build(options, () => undefined)

/**
 * The layer for options and the `DD_*` variables of the current `ConfigProvider`.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFromConfig = (options: Options): Layer.Layer<never> =>
  Layer.unwrap(Effect.map(Variables.read, (env) => build(options, env)))

/**
 * The layer that delivers to an Agent of its own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerDev = <I>(
  tag: Context.Key<I, DevAgents.DevAgent>,
  options: Options & { readonly agent?: DevAgents.Options | undefined }
): Layer.Layer<I, DevAgents.DevAgentError> =>
  Layer.unwrap(Effect.map(DevAgents.make(options.agent), (agent) =>
    Layer.merge(
      Layer.succeedContext(Context.make(tag, agent)),
      layer({ ...options, agentUrl: agent.url, agentless: false })
    )))
