/**
 * One batch, a queue that lends it as the real one does, and relays that end in all ways. Each has the lane and the outbox
 * of a real one; their intake answers as a schedule says.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import type { LedgerBook } from "../../../src/engine/books/Ledger.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"
import * as IntakeLane from "../../../src/engine/lane/IntakeLane.ts"
import type * as IntakePayload from "../../../src/engine/lane/IntakePayload.ts"
import type { Relayed } from "../../../src/engine/outbox/RelayOutbox.ts"
import * as RelayOutbox from "../../../src/engine/outbox/RelayOutbox.ts"
import type { EncodedEvent } from "../../../src/ports/IntakeWriter.ts"
import type { Outcome } from "../../../src/ports/Transport.ts"

/** The fate of a request: whether it arrives, and the status that the relay gets; none if it hangs. */
const requests: { readonly [step: string]: readonly [arrives: boolean, status: number | undefined] } = {
  "202": [true, 202],
  "503": [false, 503],
  "502, arrived": [true, 502],
  "502, lost": [false, 502],
  "hangs, arrived": [true, undefined],
  "hangs, lost": [false, undefined]
}

/** `relay` picks one of those that have the batch. */
const steps = <const Steps extends ReadonlyArray<string>>(names: Steps) =>
  Schema.Array(Schema.Struct({
    step: Schema.Literals(names),
    relay: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 }))
  })).check(Schema.isMinLength(8))

/** "expire": the claim of the one that has the batch ends while it goes on, and another is lent it too. */
export const Schedule = steps([
  "202",
  "503",
  "502, arrived",
  "502, arrived",
  "502, lost",
  "hangs, arrived",
  "hangs, lost",
  "kill",
  "give back",
  "expire"
])

export const Orderly = steps(["202", "503", "502, arrived", "502, arrived", "hangs, arrived", "give back"])

const events = 3
const eventsOfAPayload = 2

interface Relay {
  readonly ledger: LedgerBook
  readonly held: Fiber.Fiber<void>
  readonly send: (step: string) => Effect.Effect<void>
  readonly giveBack: Effect.Effect<void>
}

export const run = (schedule: ReadonlyArray<{ readonly step: string; readonly relay: number }>) =>
  Effect.gen(function*() {
    const arrivals = new Map<number, number>()
    const queue = { attempts: 0, resent: 0, isDone: false }

    const lend = Effect.gen(function*() {
      const ledger = Ledger.make()
      const relay = RelayOutbox.make({
        ledger,
        onReady: () => {},
        note: (_, count) =>
          Effect.sync(() => {
            queue.resent += count
            return true
          }),
        beforeDone: Effect.void
      })
      let step = ""
      const request = (sent: ReadonlyArray<EncodedEvent>): Effect.Effect<Outcome> =>
        Effect.suspend(() => {
          const [arrives, status] = requests[step]!
          if (arrives) { for (const { bytes } of sent) arrivals.set(bytes[0]!, (arrivals.get(bytes[0]!) ?? 0) + 1) }
          return status === undefined ? Effect.never : Effect.succeed({ _tag: "Answer", status, headers: {}, body: "" })
        })
      const destination: IntakePayload.Destination<Relayed> = {
        endpoint: "intake",
        writer: {
          maxPayloadBytes: 1_000,
          encode: ({ event }) => event,
          send: (sent) => relay.send(sent, "intake", request(sent))
        }
      }
      const lane = IntakeLane.make<Relayed>({
        outbox: relay.outbox,
        account: undefined,
        ledger,
        budget: { release: () => {} },
        random: () => 0,
        destination: () => destination,
        targetBytes: 2 * eventsOfAPayload,
        maxAgeMillis: 1_000,
        onRediscover: () => {},
        onReachable: () => {}
      })
      const attempts = ++queue.attempts
      const batch: RelayOutbox.Batch = {
        id: "batch",
        events: Array.from({ length: events }, (_, id) => ({ bytes: new Uint8Array([id]) })),
        offeredAt: 0,
        attempts,
        resent: queue.resent
      }
      const held = yield* Effect.forkDetach(relay.hold(batch), { startImmediately: true })
      const hanging: Array<Fiber.Fiber<unknown>> = []
      const made: Relay = {
        ledger,
        held,
        send: (next) =>
          Effect.gen(function*() {
            const payload = lane.next(0)
            if (payload === undefined) return
            step = next
            const sending = yield* Effect.forkDetach(lane.send(payload), { startImmediately: true })
            if (requests[next]![1] === undefined) hanging.push(sending)
            else lane.onOutcome(payload, yield* Fiber.join(sending), 0, false)
          }),
        // As a layer closes: what sends ends first.
        giveBack: Effect.andThen(Effect.suspend(() => Fiber.interruptAll(hanging)), Fiber.interrupt(held))
      }
      return made
    })

    const relays: Array<Relay> = [yield* lend]
    const survivors: Array<LedgerBook> = []
    const owner = () => relays[relays.length - 1]!
    /** The queue's step when the relay that it knows as the owner of the batch is done. */
    const look = Effect.gen(function*() {
      for (const relay of relays.slice()) {
        yield* Effect.yieldNow
        if (relay.held.pollUnsafe() === undefined) continue
        if (relay === owner()) queue.isDone = true
        else relays.splice(relays.indexOf(relay), 1)
        survivors.push(relay.ledger)
      }
    })

    for (const { relay: index, step } of schedule) {
      const one = relays[index % relays.length]!
      if (step === "kill") {
        relays.pop()
        relays.push(yield* lend)
      } else if (step === "expire") {
        relays.push(yield* lend)
      } else if (step === "give back") {
        yield* one.giveBack
        survivors.push(one.ledger)
        if (one === owner()) {
          queue.attempts--
          relays.pop()
          relays.push(yield* lend)
        } else relays.splice(index % relays.length, 1)
      } else yield* one.send(step)
      yield* look
      if (queue.isDone) break
    }
    // A request that hangs is lost for the relay that waits for it: the next relay delivers.
    if (!queue.isDone) {
      const last = relays.pop()!
      yield* last.giveBack
      survivors.push(last.ledger)
      queue.attempts--
      const next = yield* lend
      for (let turn = 0; turn < events; turn++) yield* next.send("202")
      yield* Fiber.join(next.held)
      relays.push(next)
      survivors.push(next.ledger)
    }
    for (const stale of relays.slice(0, -1)) {
      yield* stale.giveBack
      survivors.push(stale.ledger)
    }

    let again = 0
    for (const count of arrivals.values()) again += count - 1
    return {
      again,
      counted: survivors.reduce((sum, { possibleDuplicates }) => sum + possibleDuplicates, 0),
      missing: events - arrivals.size
    }
  })
