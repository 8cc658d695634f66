/**
 * A relay: it delivers what other processes handed to Redis.
 *
 * **Details**
 *
 * Start as many as are needed, as `effect-llmobs relay` or by this layer. They share the work, need nothing from one
 * another, and may die at any moment. Each finds its way to the intake as any program does: through the Agent's EVP proxy,
 * or direct with a key and a site.
 *
 * **Example** (A relay inside a program)
 *
 * ```ts
 * import * as Relay from "effect-llmobs/Relay"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const layer = Relay.layer({ url: Redacted.make("redis://localhost:6379") })
 * export const program = Effect.andThen(Relay.status, Effect.never).pipe(Effect.provide(layer))
 * ```
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as NodeIdGenerator from "../adapters/node-process/NodeIdGenerator.ts"
import * as ProcessExit from "../adapters/node-process/ProcessExit.ts"
import * as ProcessIdentity from "../adapters/node-process/ProcessIdentity.ts"
import * as NodeTransport from "../adapters/node-transport/NodeTransport.ts"
import * as RedisClient from "../adapters/redis/RedisClient.ts"
import * as RedisRelayQueue from "../adapters/redis/RedisRelayQueue.ts"
import * as RedisRelaySource from "../adapters/redis/RedisRelaySource.ts"
import * as RedisResends from "../adapters/redis/RedisResends.ts"
import * as RedisSetAside from "../adapters/redis/RedisSetAside.ts"
import * as RedisUrl from "../adapters/redis/RedisUrl.ts"
import * as DeliveryLoop from "../composition/DeliveryLoop.ts"
import * as Destinations from "../composition/Destinations.ts"
import * as EventStore from "../composition/EventStore.ts"
import type { Options as LLMObsOptions } from "../composition/Options.ts"
import * as Quiet from "../composition/Quiet.ts"
import type { Settings } from "../composition/Settings.ts"
import * as SettingsModule from "../composition/Settings.ts"
import * as Variables from "../composition/Variables.ts"
import { defaults as agentDefaults } from "../domain/delivery/AgentUrl.ts"
import type { Ledger } from "../domain/delivery/Ledger.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import * as Diagnostics from "../engine/books/Diagnostics.ts"
import * as DropLog from "../engine/books/DropLog.ts"
import * as Ledgers from "../engine/books/Ledger.ts"
import * as LedgerMetrics from "../engine/books/LedgerMetrics.ts"
import * as QueueMetrics from "../engine/books/QueueMetrics.ts"
import * as ChunkAssembler from "../engine/chunk/ChunkAssembler.ts"
import * as ChunkHold from "../engine/chunk/ChunkHold.ts"
import * as AccountLanes from "../engine/lane/AccountLanes.ts"
import * as IntakeLane from "../engine/lane/IntakeLane.ts"
import * as Shipper from "../engine/lane/Shipper.ts"
import type { Relayed } from "../engine/outbox/RelayOutbox.ts"
import * as RelayOutbox from "../engine/outbox/RelayOutbox.ts"
import type { DeliveryService } from "../ports/Delivery.ts"
import { ownAccount } from "../ports/Outbox.ts"
import type { QueueStatus } from "../ports/RelayQueue.ts"
import { Transport } from "../ports/Transport.ts"
import * as RedisOutbox from "./RedisOutbox.ts"

/**
 * The queue, and how to reach the intake. What is left out is read from the `DD_*` variables.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends
  RedisOutbox.Options,
  Pick<
    LLMObsOptions,
    "agentUrl" | "agentless" | "apiKey" | "site" | "allowUnknownSite" | "overrideOrigin" | "flushTimeout"
  >
{
  /** How many batches this relay has in hand at a time. Default 4. */
  readonly concurrency?: number | undefined
  /** How long others leave the batches of a relay alone that died. In milliseconds, at least 1,000; default 30,000. */
  readonly lockMillis?: number | undefined
  /** How often an empty queue is looked at, in milliseconds. Default 500. */
  readonly pollMillis?: number | undefined
}

/**
 * A relay that runs.
 *
 * @category services
 * @since 0.1.0
 */
export class Relay extends Context.Service<Relay, {
  /** The books of this relay: `enqueued` is what it took from the queue. */
  readonly ledger: Effect.Effect<Ledger>
  /** Sends what is in hand. */
  readonly flush: DeliveryService["flush"]
  /** `undefined` while Redis cannot be reached. */
  readonly status: Effect.Effect<QueueStatus | undefined>
  /** What this relay and others set aside; `undefined` while Redis cannot be reached. It is content. */
  readonly setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined>
}>()("effect-llmobs/Relay") {}

const defaults = { concurrency: 4, lockMillis: 30_000, pollMillis: 500 } as const

/** How long a relay that ends tries to give back what it has in hand. */
const giveBackMillis = 5_000

/** How long a relay waits for Redis to take what it writes there beside the queue. */
const noteMillis = 2_000

const make = Effect.fnUntraced(function*(options: Options, address: RedisUrl.RedisAddress, settings: Settings) {
  const context = yield* Effect.context<never>()
  const clock = Context.get(context, Clock.Clock)
  const now = () => clock.currentTimeMillisUnsafe()
  const root = Quiet.context(context)
  const say = Effect.runForkWith(root)
  const diagnostics = Diagnostics.make((line) => {
    say(Effect.logWarning(`effect-llmobs: ${line}`))
  })
  const transport = Option.getOrUndefined(Context.getOption(context, Transport)) ??
    (yield* NodeTransport.make({ proxy: settings.proxy }))
  const ids = NodeIdGenerator.make({ traceIdBits: 128 })
  const connection = yield* RedisClient.connect(address)
  const name = options.queue ?? RedisOutbox.defaults.queue
  const queue = yield* RedisRelayQueue.make({
    connection,
    name,
    maxBatches: options.maxBatches ?? RedisOutbox.defaults.maxBatches,
    timeoutMillis: RedisOutbox.defaults.timeoutMillis,
    warn: diagnostics.warnOnce,
    onStatus: QueueMetrics.make(name, context)
  })
  const beside = { connection, name, timeoutMillis: noteMillis }
  const resends = RedisResends.make(beside)
  const setAside = RedisSetAside.make(beside)

  const ledger = Ledgers.make(DropLog.make({ now, say: (reason) => diagnostics.say(droppedLine(reason)) }))
  const { hold, outbox, send } = RelayOutbox.make({
    ledger,
    onReady: () => lanes.urge(ownAccount),
    note: resends.add,
    beforeDone: setAside.written
  })
  const destinations = Destinations.make({
    settings,
    transport,
    diagnostics,
    process: ProcessIdentity.read(),
    apm: () => false,
    elapsed: () => Number(clock.monotonicTimeNanosUnsafe()) / 1_000_000,
    onRates: () => {}
  })
  const lane = IntakeLane.make<Relayed>({
    outbox,
    ledger,
    budget: { release: () => {} },
    random: ids.random,
    destination: passingOn(destinations.destination, send),
    targetBytes: IntakeLane.targetBytes,
    maxAgeMillis: EventStore.maxAgeMillis,
    onRediscover: destinations.rediscoverEvp,
    onReachable: destinations.reachable,
    onSetAside: ({ item, reason, status }) =>
      setAside.add({ reason, status, at: now(), event: decoder.decode(item.record.event.bytes) }),
    warn: diagnostics.warnOnce
  })
  const pace = {
    intervalMillis: settings.flushIntervalMillis,
    onRound: () => LedgerMetrics.update(ledger.snapshot(), context)
  }
  const lanes = AccountLanes.make<IntakeLane.Payload<Relayed>>((lane) =>
    Shipper.make(lane, { ...pace, maxInFlight: IntakeLane.maxInFlight })
  )
  lanes.open(ownAccount, () => lane)

  const source = RedisRelaySource.make({
    connection,
    name,
    concurrency: Math.max(1, options.concurrency ?? defaults.concurrency),
    lockMillis: Math.max(1_000, options.lockMillis ?? defaults.lockMillis),
    pollMillis: options.pollMillis ?? defaults.pollMillis,
    handle: (batch, { attempts, id }) =>
      Effect.flatMap(attempts === 1 ? Effect.succeed(0) : resends.read(id), (resent) =>
        hold({
          id,
          events: batch.events.map((text) => ({ bytes: encoder.encode(text) })),
          offeredAt: batch.offeredAt,
          attempts,
          resent
        }))
  })
  // Closing goes backwards: no batch is taken any more, what is in hand is sent, and what is left goes back to the queue.
  yield* Effect.acquireRelease(
    Effect.forkDetach(Effect.provideContext(source.run, root)),
    (workers) =>
      Effect.flatMap(Effect.forkDetach(Effect.timeoutOption(Fiber.interrupt(workers), giveBackMillis)), Fiber.await)
  )
  const idle = { next: () => undefined, send: () => Effect.never, onOutcome: () => done, isEmpty: () => true }
  const loop = yield* DeliveryLoop.make({
    settings,
    ledger,
    destinations,
    lanes,
    traceShipper: Shipper.make<never>(idle, { ...pace, maxInFlight: 1 }),
    now,
    diagnostics,
    // A relay has no spans of its own.
    chunks: () => ChunkAssembler.make({ minSpans: 1, maxAgeMillis: 1, emit: () => {} }),
    hold: ChunkHold.make({ maxChunks: 1, isKnown: () => true, route: () => {}, onHeld: () => {} }),
    waiting: () => 0,
    riders: () => 0,
    handOver: () => {},
    store: { outboxes: outbox, readSetAside: Effect.succeed([]) },
    overflow: { close: () => {} },
    atExit: ProcessExit.onExit,
    root
  })
  yield* Effect.addFinalizer(() => Effect.sync(source.retire))
  return Relay.of({ ...loop.delivery, status: queue.status, setAside: queue.setAside })
})

const done: Shipper.NextStep = { _tag: "Done" }

const encoder = new TextEncoder()
const decoder = new TextDecoder()

// Events were encoded where they were made. A writer keeps its identity, by which the lane knows that nothing changed.
const passingOn = (destination: () => IntakeLane.Destination | undefined, send: RelayOutbox.RelayOutbox["send"]) => {
  const known = new WeakMap<IntakeLane.Destination, IntakeLane.Destination<Relayed>>()
  return (): IntakeLane.Destination<Relayed> | undefined => {
    const to = destination()
    if (to === undefined) return undefined
    let found = known.get(to)
    if (found === undefined) {
      const { writer } = to
      found = {
        ...to,
        writer: {
          ...writer,
          encode: (relayed) => relayed.event,
          send: (events) => send(events, to.endpoint, writer.send(events))
        }
      }
      known.set(to, found)
    }
    return found
  }
}

const droppedLine = (reason: string): string =>
  `The relay drops events (${reason}). Its ledger counts them; effect-llmobs relay --set-aside prints what the intake refuses.`

/**
 * Says that a relay cannot start, since the URL of Redis cannot be used.
 *
 * @category errors
 * @since 0.1.0
 */
export class RelayError extends Error {
  readonly _tag = "RelayError"
}

/**
 * Runs a relay. Closing it sends what is in hand, for at most `flushTimeout`, and gives the rest back to the queue.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<Relay, RelayError> =>
  Layer.effect(
    Relay,
    Effect.gen(function*() {
      const { problems: [refused], value: address } = RedisUrl.parse(Redacted.value(options.url), options)
      if (address === undefined) return yield* Effect.fail(new RelayError(refused?.message))
      const { problems, value: settings } = SettingsModule.resolve({ ...options, apm: "off" }, yield* Variables.read, {
        socketExists: ProcessIdentity.exists(agentDefaults.socketPath)
      })
      for (const problem of problems) yield* Effect.logWarning(`effect-llmobs: ${problem.code}: ${problem.message}`)
      return yield* make(options, address, settings)
    })
  )

// As a process that has nothing to hand over.
const once = <A>(options: RedisOutbox.Options, ask: Effect.Effect<A | undefined>): Effect.Effect<A | undefined> =>
  ask.pipe(
    Effect.timeoutOption(3_000),
    Effect.map(Option.getOrUndefined),
    Effect.provide(RedisOutbox.layer(options))
  )

/**
 * Asks how full a queue is, without delivering anything. It waits up to 3 seconds for Redis; `undefined` says that it
 * could not be reached.
 *
 * @category delivery
 * @since 0.1.0
 */
export const statusOnce = (options: RedisOutbox.Options): Effect.Effect<QueueStatus | undefined> =>
  once(options, RedisOutbox.status)

/**
 * Reads what the relays of a queue set aside, as `RedisOutbox.setAside` does. It waits up to 3 seconds for Redis;
 * `undefined` says that it could not be reached.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAsideOnce = (
  options: RedisOutbox.Options
): Effect.Effect<ReadonlyArray<SetAside> | undefined> => once(options, RedisOutbox.setAside)

/**
 * How full the queue is.
 *
 * @category delivery
 * @since 0.1.0
 */
export const status: Effect.Effect<QueueStatus | undefined, never, Relay> = Effect.flatMap(
  Relay,
  (relay) => relay.status
)

/**
 * The books of the relay.
 *
 * @category delivery
 * @since 0.1.0
 */
export const ledger: Effect.Effect<Ledger, never, Relay> = Effect.flatMap(Relay, (relay) => relay.ledger)

/**
 * The events that the intake refused for good, and the batches that no relay could read, as `RedisOutbox.setAside` gives
 * them.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAside: Effect.Effect<ReadonlyArray<SetAside> | undefined, never, Relay> = Effect.flatMap(
  Relay,
  (relay) => relay.setAside
)
