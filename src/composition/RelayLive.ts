/**
 * The composition behind a relay: the intake roads of a layer, fed from Redis.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as RedisClient from "../adapters/redis/RedisClient.ts"
import * as RedisRelayQueue from "../adapters/redis/RedisRelayQueue.ts"
import * as RedisRelaySource from "../adapters/redis/RedisRelaySource.ts"
import * as RedisResends from "../adapters/redis/RedisResends.ts"
import * as RedisSetAside from "../adapters/redis/RedisSetAside.ts"
import type { RedisAddress } from "../adapters/redis/RedisUrl.ts"
import * as QueueMetrics from "../engine/books/QueueMetrics.ts"
import type { Destination } from "../engine/lane/IntakePayload.ts"
import type { Relayed } from "../engine/outbox/RelayOutbox.ts"
import * as RelayOutbox from "../engine/outbox/RelayOutbox.ts"
import { ownAccount } from "../ports/Outbox.ts"
import * as Background from "./Background.ts"
import * as DeliveryReports from "./DeliveryReports.ts"
import * as Destinations from "./Destinations.ts"
import * as Foundations from "./Foundation.ts"
import * as IntakeRoads from "./IntakeRoads.ts"
import type { Settings } from "./Settings.ts"

/** The time for which a closing relay tries to give back its batches. */
const giveBackMillis = 5_000

/** The time for which a relay waits for Redis to store a note beside the queue. */
const noteMillis = 2_000

/** Runs a relay in the scope. */
export const make = Effect.fnUntraced(function*(options: {
  readonly settings: Settings
  readonly address: RedisAddress
  readonly queue: string
  readonly maxBatches: number
  readonly timeoutMillis: number
  readonly concurrency: number
  readonly lockMillis: number
  readonly pollMillis: number
}) {
  const { queue: name, settings } = options
  const foundation = yield* Foundations.make({ settings, droppedLine })
  const { context, diagnostics, ledger, now, root, signals } = foundation
  const reports = DeliveryReports.make({ settings, foundation, subject: `relay of the queue ${name}` })
  const connection = yield* RedisClient.connect(options.address)
  const queue = yield* RedisRelayQueue.make({
    connection,
    name,
    maxBatches: options.maxBatches,
    timeoutMillis: options.timeoutMillis,
    onStatus: QueueMetrics.make(name, context)
  })
  const beside = { connection, name, timeoutMillis: noteMillis }
  const resends = RedisResends.make(beside)
  const setAside = RedisSetAside.make(beside)

  const { hold, outbox, send } = RelayOutbox.make({
    ledger,
    onReady: () => signals.intake.urge(ownAccount),
    note: resends.add,
    beforeDone: setAside.written
  })
  const destinations = yield* Destinations.make({
    settings,
    foundation,
    reports,
    relays: undefined,
    traces: false,
    apm: () => false,
    onRates: () => {}
  })
  const intake = IntakeRoads.make<Relayed>({
    foundation,
    reports,
    tracker: destinations.tracker,
    outboxes: { of: () => outbox },
    budget: { release: () => {} },
    onSetAside: ({ item, reason, status }) =>
      setAside.add({ reason, status, at: now(), event: utf8.decode(item.record.event.bytes) })
  })
  intake.open(ownAccount, passingOn(destinations.own, send))

  const source = RedisRelaySource.make({
    connection,
    name,
    concurrency: options.concurrency,
    lockMillis: options.lockMillis,
    pollMillis: options.pollMillis,
    say: diagnostics.say,
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
  // Closing runs in reverse: the relay takes no batch, sends those it holds, and gives the rest back to the queue.
  yield* Effect.acquireRelease(
    Effect.forkDetach(Effect.provideContext(source.run, root)),
    (workers) =>
      Effect.flatMap(Effect.forkDetach(Effect.timeoutOption(Fiber.interrupt(workers), giveBackMillis)), Fiber.await)
  )
  const { delivery } = yield* Background.make({
    settings,
    foundation,
    reports,
    destinations,
    outboxes: outbox,
    lanes: intake.lanes,
    traces: undefined,
    stopWaiting: () => {},
    readSetAside: Effect.succeed([])
  })
  yield* Effect.addFinalizer(() => Effect.sync(source.retire))
  return { ...delivery, status: queue.status, setAside: queue.setAside }
})

const encoder = new TextEncoder()
const utf8 = new TextDecoder()

// Events are already encoded. A writer keeps its identity, by which the lane sees that the destination is unchanged.
const passingOn = (destination: () => Destination | undefined, send: RelayOutbox.RelayOutbox["send"]) => {
  const known = new WeakMap<Destination, Destination<Relayed>>()
  return (): Destination<Relayed> | undefined => {
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
          encodeSteps: undefined,
          send: (events, account) => send(events, to.endpoint, writer.send(events, account))
        }
      }
      known.set(to, found)
    }
    return found
  }
}

const droppedLine = (reason: string, events: string): string =>
  `The relay dropped ${events} (${reason}) since the last warning. Its ledger counts them; effect-llmobs relay --set-aside prints those that the intake refused.`
