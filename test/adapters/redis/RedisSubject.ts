/** The whole way through Redis as one outbox: a process that hands over, and a relay that takes. */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Scope from "effect/Scope"
import * as RedisClient from "../../../src/adapters/redis/RedisClient.ts"
import * as RedisRelayQueue from "../../../src/adapters/redis/RedisRelayQueue.ts"
import * as RedisRelaySource from "../../../src/adapters/redis/RedisRelaySource.ts"
import * as Envelope from "../../../src/domain/event/Envelope.ts"
import * as SpanEvent from "../../../src/domain/event/SpanEvent.ts"
import * as WireFormat from "../../../src/domain/event/WireFormat.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"
import type { Relayed } from "../../../src/engine/outbox/RelayOutbox.ts"
import * as RelayOutbox from "../../../src/engine/outbox/RelayOutbox.ts"
import type { Item } from "../../../src/ports/Outbox.ts"
import type { Subject } from "../../laws/OutboxLaws.ts"
import * as RedisServer from "./RedisServer.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

const idOf = ({ record }: Item<Relayed>): number =>
  Number(JSON.parse(decoder.decode(record.event.bytes)).spans[0].span_id)

/** Each event is a batch of its own. A relay has as many in hand as it has workers. */
export const make = (options: {
  readonly workers: number
  readonly maxBatches: number
}): Effect.Effect<Subject, never, Scope.Scope> =>
  Effect.gen(function*() {
    const server = yield* RedisServer.make
    const connection = yield* RedisClient.connect({ path: server.url.slice("unix://".length) })
    const name = "law"
    const queue = yield* RedisRelayQueue.make({
      connection,
      name,
      maxBatches: options.maxBatches,
      timeoutMillis: 50_000,
      onStatus: () => {}
    })
    const arrived = Latch.makeUnsafe(false)
    const { hold, outbox } = RelayOutbox.make({
      ledger: Ledger.make(),
      onReady: () => arrived.openUnsafe(),
      note: () => Effect.succeed(true),
      beforeDone: Effect.void
    })
    const source = RedisRelaySource.make({
      connection,
      name,
      concurrency: options.workers,
      pollMillis: 5,
      lockMillis: 60_000,
      say: () => {},
      handle: ({ events, offeredAt }, { attempts, id }) =>
        hold({ id, events: events.map((text) => ({ bytes: encoder.encode(text) })), offeredAt, attempts, resent: 0 })
    })
    yield* Effect.forkScoped(source.run)

    let lent = 0
    const size = Effect.flatMap(
      queue.status,
      (status) => status === undefined ? Effect.die("no Redis") : Effect.succeed(status.waiting + status.claimed)
    )
    const isWaiting = Effect.map(size, (size) => size > lent)
    /** The relay acknowledges by itself, on the same connection; Redis is asked until it knows. */
    const until = (expected: number): Effect.Effect<void> =>
      Effect.flatMap(size, (size) => size === expected ? Effect.void : until(expected))

    const take: Subject["take"] = Effect.suspend(() => {
      arrived.closeUnsafe()
      const item = outbox.take()
      if (item === undefined) {
        return Effect.flatMap(isWaiting, (waits) => waits ? Effect.andThen(arrived.await, take) : Effect.undefined)
      }
      lent++
      return Effect.succeed({
        id: idOf(item),
        restore: Effect.sync(() => {
          lent--
          outbox.restore(item)
        }),
        settle: Effect.flatMap(size, (before) => {
          lent--
          outbox.settle(item)
          return until(before - 1)
        })
      })
    })

    return {
      offer: (record) =>
        Effect.flatMap(
          queue.offer([{
            bytes: encoder.encode(
              Envelope.encode(Envelope.make(SpanEvent.render(record, WireFormat.table["evp-proxy"]), "0.1.0"))
            )
          }]),
          (outcome) => outcome._tag === "Failure" ? Effect.die(outcome.reason) : Effect.succeed(outcome.status === 202)
        ),
      take,
      size,
      isWaiting,
      used: size
    }
  })
