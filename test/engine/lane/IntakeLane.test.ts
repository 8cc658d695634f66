import { assert, describe, it } from "@effect/vitest"
import * as Ledger from "../../../src/domain/delivery/Ledger.ts"
import * as HeldContents from "../../../src/domain/event/HeldContent.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as LedgerBook from "../../../src/engine/books/Ledger.ts"
import * as IntakeLane from "../../../src/engine/lane/IntakeLane.ts"
import * as IntakePayload from "../../../src/engine/lane/IntakePayload.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import * as ContentPages from "../../../src/engine/outbox/ContentPages.ts"
import * as MemoryOutbox from "../../../src/engine/outbox/MemoryOutbox.ts"
import type { Outcome } from "../../../src/ports/Transport.ts"
import { answer, failure, intakeWriter, measure, record, slice } from "../Scene.ts"

const make = (options: { readonly targetBytes?: number; readonly maxPayloadBytes?: number } = {}) => {
  const ledger = LedgerBook.make()
  const budget = ContentPages.around(ByteBudget.make({ limit: Infinity, measure }), {
    maxEventBytes: 5_000_000,
    onLarge: () => {}
  })
  const outbox = MemoryOutbox.make()
  ledger.attach({ outbox: outbox.size })
  const state: { destination: IntakePayload.Destination | undefined } = {
    destination: { writer: intakeWriter(undefined, options.maxPayloadBytes), endpoint: "intake" }
  }
  const said: Array<string> = []
  const lane = IntakeLane.make({
    outbox,
    account: undefined,
    ledger,
    budget,
    random: () => 0.5,
    destination: () => state.destination,
    targetBytes: options.targetBytes ?? 1_000_000,
    maxAgeMillis: 1_000,
    onRediscover: () => said.push("rediscover"),
    onReachable: (reachable) => said.push(reachable ? "reachable" : "unreachable")
  })
  const offer = (event: SpanRecord, now = 0) => {
    ledger.enqueued++
    budget.reserve(event)
    outbox.offer(event, { now, uncertain: false })
    return event
  }
  const books = () => {
    const books = ledger.snapshot()
    assert.isTrue(Ledger.balances(books), JSON.stringify(books))
    return books
  }
  const settle = (payload: IntakePayload.Payload, outcome: Outcome, now = 0, last = false) => {
    const settled = lane.onOutcome(payload, outcome, now, last)
    books()
    return settled
  }
  const records = (payload: IntakePayload.Payload | undefined) => payload?.items.map((item) => item.record)
  return { ...state, state, lane, ledger, budget, outbox, said, offer, books, settle, records }
}

describe("IntakeLane", () => {
  it("packs waiting events in order, and is empty afterwards", () => {
    const { lane, offer, records } = make()
    const events = [offer(record()), offer(record()), offer(record())]
    assert.isFalse(lane.isEmpty())
    assert.deepStrictEqual(records(lane.next(0)), events)
    assert.isUndefined(lane.next(0))
    assert.isTrue(lane.isEmpty())
  })

  it("sends no payload while no destination is known", () => {
    const { lane, offer, state } = make()
    offer(record())
    state.destination = undefined
    assert.isUndefined(lane.next(0))
    assert.isFalse(lane.isEmpty())
  })

  it("packs in slices the payload that it would pack in one step", () => {
    const { lane, offer, records } = make()
    const events = Array.from({ length: 250 }, () => offer(record()))
    assert.deepStrictEqual([lane.pack!(0, slice(100)), lane.pack!(0, slice(100))], [true, true])
    assert.isTrue(lane.isReady!())
    assert.isFalse(lane.pack!(0, slice(100)))
    assert.isFalse(lane.isEmpty())
    assert.deepStrictEqual(records(lane.next(0)), events)
    assert.isTrue(lane.isEmpty())
  })

  it("packs at least one event in a slice", () => {
    const { lane, offer, records } = make()
    const events = Array.from({ length: 3 }, () => offer(record()))
    assert.deepStrictEqual([lane.pack!(0, slice(0)), lane.pack!(0, slice(0)), lane.pack!(0, slice(0))], [
      true,
      true,
      true
    ])
    assert.isFalse(lane.pack!(0, slice(0)))
    assert.deepStrictEqual(records(lane.next(0)), events)
  })

  it("packs a large content in slices of its own, and sends the events before it first", () => {
    const { budget, lane, offer, records } = make()
    const isPacked = (event: SpanRecord) => HeldContents.of(event) !== undefined
    const riding = record(1_500_000)
    budget.reserve(riding)
    const [small, large, next] = [offer(record()), offer(record(1_500_000)), offer(record(1_500_000))]
    let slices = 0
    while (lane.pack!(0, slice(0))) slices++
    assert.isAbove(slices, 30)
    assert.deepStrictEqual([large, next, riding].map(isPacked), [true, false, false])
    assert.deepStrictEqual(records(lane.next(0)), [small, large])
    while (lane.pack!(0, slice(0))) slices++
    assert.deepStrictEqual([next, riding].map(isPacked), [true, false])
    assert.deepStrictEqual(records(lane.next(0)), [next])
    assert.isTrue(lane.isEmpty())
    while (lane.pack!(0, slice(0))) slices++
    assert.isTrue(isPacked(riding))
  })

  // Encodes an event of more than ten thousand characters in ten steps.
  const inSteps = (): IntakePayload.Destination => {
    const writer = intakeWriter()
    return {
      endpoint: "intake",
      writer: {
        ...writer,
        encodeSteps: (record, account) => record.bytes < 10_000 ? undefined : steps(record, account)
      }
    }
    function* steps(record: SpanRecord, account: string | undefined) {
      for (let step = 0; step < 9; step++) yield
      return writer.encode(record, account)
    }
  }

  it("encodes a large event in slices, in a payload of its own", () => {
    const { lane, offer, records, state } = make()
    state.destination = inSteps()
    const [first, large, next, last] = [
      offer(record()),
      offer(record(2_000_000)),
      offer(record(20_000)),
      offer(record())
    ]
    let slices = 0
    const packed = () => {
      while (lane.pack!(0, slice(2))) slices++
      return records(lane.next(0))
    }
    assert.deepStrictEqual(packed(), [first])
    slices = 0
    assert.deepStrictEqual(packed(), [large])
    assert.isAbove(slices, 3)
    assert.deepStrictEqual([packed(), packed()], [[next, last], undefined])
    assert.isTrue(lane.isEmpty())
  })

  it("encodes large events that take turns, begins one again for another destination, and drops one that grows too old", () => {
    const { records } = make()
    // Like a durable outbox, it gives the events of two sources in turn.
    const [one, other] = [MemoryOutbox.make(), MemoryOutbox.make()]
    let turn = false
    const from = new Map<unknown, typeof one>()
    const take = () => {
      turn = !turn
      for (const source of turn ? [one, other] : [other, one]) {
        const item = source.take()
        if (item === undefined) continue
        from.set(item, source)
        return item
      }
      return undefined
    }
    const failed: Array<unknown> = []
    const packer = IntakePayload.packer({
      outbox: { take, restore: (item) => from.get(item)!.restore(item) },
      account: undefined,
      targetBytes: 1_000,
      maxAgeMillis: 1_000,
      onExpired: (item) => failed.push(item.record),
      onOversized: (item) => failed.push(item.record),
      onFailed: (item) => failed.push(item.record)
    })
    const large = [record(20_000), record(20_000), record(20_000)]
    one.offer(large[0]!, { now: 500, uncertain: false })
    other.offer(large[1]!, { now: 500, uncertain: false })
    other.offer(large[2]!, { now: 0, uncertain: false })
    const [to, elsewhere] = [inSteps(), inSteps()]
    for (let times = 0; times < 8; times++) assert.isTrue(packer.fill(to, 0, slice(2)))
    let slices = 0
    while (packer.fill(elsewhere, 0, slice(2))) slices++
    assert.isAbove(slices, 4)
    const sent = packer.fresh(elsewhere, 0)!
    assert.strictEqual(sent.writer, elsewhere.writer)
    assert.isFalse(packer.fill(elsewhere, 1_200, () => false))
    const then = packer.fresh(elsewhere, 1_200)
    assert.sameMembers([...records(sent)!, ...records(then)!], large.slice(0, 2))
    assert.isFalse(packer.fill(elsewhere, 1_200, () => false))
    assert.isUndefined(packer.fresh(elsewhere, 1_200))
    assert.deepStrictEqual(failed, [large[2]])
  })

  it("packs large contents while no destination is known", () => {
    const { lane, offer, state } = make()
    const large = offer(record(1_500_000))
    state.destination = undefined
    assert.isTrue(lane.pack!(0, slice(0)))
    assert.isUndefined(HeldContents.of(large))
    assert.isFalse(lane.pack!(0, slice(1_000)))
    assert.isDefined(HeldContents.of(large))
  })

  it("sends what was packed for a destination there, and the rest to the next one", () => {
    const { lane, offer, records, state } = make()
    const events = Array.from({ length: 150 }, () => offer(record()))
    assert.isTrue(lane.pack!(0, slice(100)))
    const first = state.destination
    state.destination = { writer: intakeWriter(), endpoint: "agent-evp" }
    assert.isFalse(lane.pack!(0, slice(100)))
    const payloads = [lane.next(0)!, lane.next(0)!]
    assert.deepStrictEqual(payloads.flatMap((payload) => records(payload)!), events)
    assert.deepStrictEqual(payloads.map(({ writer }) => writer), [first!.writer, state.destination.writer])
  })

  it("closes a payload at the target size", () => {
    const { lane, offer, records } = make({ targetBytes: 10_000 })
    const events = Array.from({ length: 4 }, () => offer(record(6_000)))
    assert.deepStrictEqual(records(lane.next(0)), events.slice(0, 2))
    assert.deepStrictEqual(records(lane.next(0)), events.slice(2))
  })

  it("knows the exact size of a body, and never exceeds the writer's limit", () => {
    const [a, b] = [record(6_000), record(6_000)]
    const body = (events: ReadonlyArray<SpanRecord>) => events.reduce((sum, event) => sum + measure(event) + 1, 1)
    const exact = make({ maxPayloadBytes: body([a, b]) })
    exact.offer(a)
    exact.offer(b)
    const payload = exact.lane.next(0)!
    assert.deepStrictEqual(exact.records(payload), [a, b])
    assert.strictEqual(payload.bytes, body([a, b]))
    const less = make({ maxPayloadBytes: body([a, b]) - 1 })
    less.offer(a)
    less.offer(b)
    assert.deepStrictEqual(less.records(less.lane.next(0)), [a])
    assert.deepStrictEqual(less.records(less.lane.next(0)), [b])
  })

  it("sends an event that fills a payload alone, and drops one that is a byte larger", () => {
    const [a, behind] = [record(6_000), record(10)]
    const fits = make({ maxPayloadBytes: measure(a) + 2 })
    fits.offer(a)
    fits.offer(behind)
    assert.deepStrictEqual(fits.records(fits.lane.next(0)), [a])
    const over = make({ maxPayloadBytes: measure(a) + 1 })
    over.offer(a)
    over.offer(behind)
    assert.deepStrictEqual(over.records(over.lane.next(0)), [behind])
    assert.strictEqual(over.books().dropped.oversized, 1)
  })

  it("drops events that are too old, whether they wait for their first or for another attempt", () => {
    const { books, budget, lane, offer, settle } = make()
    offer(record(), 0)
    settle(lane.next(10)!, answer(500), 10)
    offer(record(), 0)
    const young = offer(record(), 900)
    const payloads = [lane.next(1_500), lane.next(1_500), lane.next(1_500)]
    assert.deepStrictEqual(payloads.flatMap((payload) => payload?.items.map((item) => item.record) ?? []), [young])
    assert.strictEqual(books().dropped.expired, 2)
    assert.strictEqual(budget.used(), measure(young))
  })

  it("settles delivered events and releases their bytes", () => {
    const { books, budget, lane, offer, outbox, settle } = make()
    offer(record())
    offer(record())
    assert.deepStrictEqual(settle(lane.next(0)!, answer(202)), { _tag: "Done" })
    assert.strictEqual(books().delivered.intake, 2)
    assert.strictEqual(outbox.size(), 0)
    assert.strictEqual(budget.used(), 0)
  })

  it("retries a payload as a whole after growing waits, and honours the receiver's wait", () => {
    const { books, lane, offer, records, settle } = make()
    const event = offer(record())
    const delays: Array<number> = []
    for (const outcome of [answer(500), answer(429, { "retry-after": "7" }), failure(false), answer(408)]) {
      const settled = settle(lane.next(0)!, outcome)
      assert.isFalse(lane.isEmpty())
      delays.push(settled._tag === "Later" ? settled.delayMillis : -1)
    }
    assert.deepStrictEqual(delays, [50, 7_100, 200, 400])
    assert.strictEqual(books().possibleDuplicates, 0)
    assert.deepStrictEqual(records(lane.next(0)), [event])
  })

  it("restarts with short waits after a delivery", () => {
    const { lane, offer, settle } = make()
    offer(record())
    settle(lane.next(0)!, answer(500))
    settle(lane.next(0)!, answer(500))
    settle(lane.next(0)!, answer(202))
    offer(record())
    assert.deepStrictEqual(settle(lane.next(0)!, answer(500)), { _tag: "Later", delayMillis: 50 })
  })

  it("does not let a payload that fails block the events behind it", () => {
    const { lane, offer, records, settle } = make()
    const stuck = offer(record())
    settle(lane.next(0)!, answer(500))
    const behind = offer(record())
    const order = [records(lane.next(0))![0], records(lane.next(0))![0]]
    assert.sameMembers(order, [stuck, behind])
  })

  it("continues with new events when all failed events are too old", () => {
    const { lane, offer, records, settle } = make()
    offer(record(), 0)
    settle(lane.next(0)!, answer(500))
    for (let i = 0; i < 2; i++) {
      const young = offer(record(), 2_000)
      assert.deepStrictEqual(records(lane.next(2_000)), [young])
    }
  })

  it("counts an event as a possible duplicate each time its fate is unknown", () => {
    const { books, lane, offer, settle } = make()
    offer(record())
    offer(record())
    for (const outcome of [failure(true), answer(502), answer(504)]) settle(lane.next(0)!, outcome)
    assert.strictEqual(books().possibleDuplicates, 6)
    settle(lane.next(0)!, answer(202))
    assert.strictEqual(books().delivered.intake, 2)
  })

  for (
    const [status, reason] of [
      [400, "refused"],
      [404, "refused"],
      [413, "oversized"],
      [415, "refused"],
      [422, "refused"],
      [499, "refused"]
    ] as const
  ) {
    it(`isolates the one event that the intake refuses, and delivers the others: ${JSON.stringify([status, reason])}`, () => {
      const { books, lane, offer, settle } = make()
      const events = Array.from({ length: 9 }, () => offer(record()))
      const bad = events[6]!
      let requests = 0
      for (let payload = lane.next(0); payload !== undefined && requests < 100; payload = lane.next(0)) {
        requests++
        settle(payload, payload.items.some((item) => item.record === bad) ? answer(status) : answer(202))
      }
      assert.strictEqual(books().delivered.intake, 8)
      assert.strictEqual(books().dropped[reason], 1)
      assert.isBelow(requests, 12)
    })
  }

  it("splits a large payload of unknown fate only when small ones go through meanwhile", () => {
    const { lane, offer, settle } = make({ targetBytes: 2_000_000 })
    const large = () => Array.from({ length: 2 }, () => offer(record(700_000)))
    large()
    let payload = lane.next(0)!
    assert.strictEqual(payload.items.length, 2)
    for (let i = 0; i < 4; i++) {
      settle(payload, answer(502))
      payload = lane.next(0)!
      assert.strictEqual(payload.items.length, 2)
    }
    settle(payload, answer(502))
    offer(record())
    let next = lane.next(0)!
    if (next.items.length === 2) {
      settle(next, answer(502))
      next = lane.next(0)!
    }
    assert.strictEqual(next.items.length, 1)
    settle(next, answer(202))
    payload = lane.next(0)!
    assert.strictEqual(payload.items.length, 2)
    settle(payload, answer(502))
    assert.deepStrictEqual([lane.next(0)!.items.length, lane.next(0)!.items.length], [1, 1])
  })

  it("keeps every event when the credentials are refused", () => {
    const { books, lane, offer, settle } = make()
    offer(record())
    for (const status of [401, 403]) {
      const settled = settle(lane.next(0)!, answer(status))
      assert.isTrue(settled._tag === "Later" && settled.delayMillis >= 30_000)
    }
    assert.strictEqual(books().pending.outbox, 1)
  })

  it("asks the Agent again when its proxy is gone, packs for the next destination, and drops on a missing intake path", () => {
    const { books, lane, offer, records, said, settle, state } = make()
    const event = offer(record())
    state.destination = { writer: intakeWriter(), endpoint: "agent-evp" }
    settle(lane.next(0)!, answer(404))
    assert.deepStrictEqual(said, ["reachable", "rediscover"])
    const writer = intakeWriter()
    state.destination = { writer, endpoint: "intake" }
    const payload = lane.next(0)!
    assert.deepStrictEqual(records(payload), [event])
    assert.strictEqual(payload.writer, writer)
    settle(payload, answer(404))
    assert.strictEqual(books().dropped.refused, 1)
  })

  it("reports whether an Agent answers, and makes no such report of an intake", () => {
    const { lane, offer, said, settle, state } = make()
    offer(record())
    settle(lane.next(0)!, failure(false))
    assert.deepStrictEqual(said, [])
    state.destination = { writer: state.destination!.writer, endpoint: "agent-evp" }
    const packed = lane.next(0)!
    settle({ ...packed, endpoint: "agent-evp" }, failure(false))
    assert.deepStrictEqual(said, ["unreachable"])
  })

  it("retries a payload once at the end of the program when the Agent has no proxy", () => {
    const { books, lane, offer, records, settle, state } = make()
    const event = offer(record())
    state.destination = { writer: intakeWriter(), endpoint: "agent-evp" }
    settle(lane.next(0)!, answer(404), 0, true)
    const second = lane.next(0)!
    assert.deepStrictEqual(records(second), [event])
    settle(second, answer(404), 0, true)
    assert.isUndefined(lane.next(0))
    assert.strictEqual(books().pending.outbox, 1)
  })

  it("retries a payload no more than once at the end of the program when one of its events grows too old", () => {
    const { books, lane, offer, records, settle, state } = make()
    offer(record())
    const young = offer(record(), 500)
    state.destination = { writer: intakeWriter(), endpoint: "agent-evp" }
    settle(lane.next(500)!, answer(404), 500, true)
    const second = lane.next(1_200)!
    assert.deepStrictEqual(records(second), [young])
    settle(second, answer(404), 1_200, true)
    assert.isUndefined(lane.next(1_200))
    assert.strictEqual(books().dropped.expired, 1)
    assert.strictEqual(books().pending.outbox, 1)
  })

  it("tries each payload once at the end of the program, and still counts the rest", () => {
    const { books, lane, offer, settle } = make()
    offer(record())
    settle(lane.next(0)!, answer(503), 0, true)
    assert.isUndefined(lane.next(0))
    assert.strictEqual(books().pending.outbox, 1)
  })
})
