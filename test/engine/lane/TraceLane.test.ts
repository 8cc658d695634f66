import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ledger from "../../../src/domain/delivery/Ledger.ts"
import * as HeldContents from "../../../src/domain/event/HeldContent.ts"
import * as Annotation from "../../../src/domain/span/Annotation.ts"
import type { TraceChunk } from "../../../src/domain/trace/TraceChunk.ts"
import * as LedgerBook from "../../../src/engine/books/Ledger.ts"
import * as TraceLane from "../../../src/engine/lane/TraceLane.ts"
import type * as TracePayload from "../../../src/engine/lane/TracePayload.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import * as MemoryOutbox from "../../../src/engine/outbox/MemoryOutbox.ts"
import type { Outcome } from "../../../src/ports/Transport.ts"
import { agentWriter, answer, chunkOf, failure, makeTrace, measure, open, record, slice } from "../Scene.ts"

const make = (options: {
  readonly maxPayloadBytes?: number
  readonly maxChunks?: number
  readonly outboxBytes?: number
} = {}) => {
  const ledger = LedgerBook.make()
  const budget = ByteBudget.make({ limit: Infinity, measure })
  const outbox = MemoryOutbox.make({ maxBytes: options.outboxBytes })
  const state: { way: TraceLane.Way } = {
    way: { _tag: "Open", writer: agentWriter(undefined, options.maxPayloadBytes) }
  }
  const said: Array<string> = []
  const lane = TraceLane.make({
    outbox,
    ledger,
    budget,
    random: () => 0.5,
    way: () => state.way,
    readyBytes: 0,
    maxChunks: options.maxChunks ?? 100,
    maxAttempts: 3,
    now: () => 0,
    onHandedOver: () => said.push("handed over"),
    onRediscover: () => said.push("rediscover"),
    onReachable: (reachable) => said.push(reachable ? "reachable" : "unreachable")
  })
  ledger.attach({ payload: lane.riders, outbox: outbox.size })
  const add = (riders = 1): TraceChunk => {
    const trace = makeTrace()
    const spans = [false, ...Array.from({ length: riders }, () => true)].map((llm) => {
      const span = open(trace, llm)
      const rider = llm ? record() : undefined
      if (rider !== undefined) {
        budget.reserve(rider)
        ledger.enqueued++
      }
      return { span: span.toApmSpan({ meta: {}, metrics: {} }), rider }
    })
    lane.add({ spans })
    return { spans }
  }
  const books = () => {
    const books = ledger.snapshot()
    assert.isTrue(Ledger.balances(books), JSON.stringify(books))
    return books
  }
  const settle = (payload: TracePayload.Payload, outcome: Outcome, now = 0, last = false) => {
    const settled = lane.onOutcome(payload, outcome, now, last)
    books()
    return settled
  }
  return { state, lane, budget, outbox, said, add, books, settle }
}

describe("TraceLane", () => {
  it("packs chunks in order; riders are pending until the Agent answers 200", () => {
    const { add, books, budget, lane, settle } = make()
    const chunks = [add(), add(2)]
    const payload = lane.next(0)!
    assert.deepStrictEqual(
      payload.chunks.map((chunk) => chunkOf(chunk).spans),
      chunks.map(({ spans }) => spans)
    )
    assert.strictEqual(books().pending.payload, 3)
    assert.isTrue(lane.isEmpty())
    assert.deepStrictEqual(settle(payload, answer(200)), { _tag: "Done" })
    assert.strictEqual(books().delivered.agent, 3)
    assert.strictEqual(budget.used(), 0)
  })

  it("waits while the mode is unknown, and hands every event to the outbox when there will be no Agent", () => {
    const { add, books, lane, outbox, said, state } = make()
    state.way = { _tag: "Wait" }
    add(2)
    assert.isUndefined(lane.next(0))
    assert.strictEqual(books().pending.payload, 2)
    state.way = { _tag: "GiveUp" }
    assert.isUndefined(lane.next(0))
    assert.strictEqual(outbox.size(), 2)
    assert.isTrue(lane.isEmpty())
    assert.deepStrictEqual(said, ["handed over"])
    assert.strictEqual(books().possibleDuplicates, 0)
  })

  it("packs a payload in slices, and hands over a part of one when there will be no Agent", () => {
    const { add, books, lane, outbox, settle, state } = make()
    const { way } = state
    state.way = { _tag: "Wait" }
    const spans = Array.from({ length: 120 }, () => add().spans)
    state.way = way
    const packed = [lane.pack!(0, slice(50)), lane.pack!(0, slice(0)), lane.pack!(0, slice(Infinity))]
    assert.deepStrictEqual(packed, [true, true, false])
    assert.isFalse(lane.isEmpty())
    const payload = lane.next(0)!
    assert.deepStrictEqual(payload.chunks.map((chunk) => chunkOf(chunk).spans), spans)
    assert.isTrue(lane.isEmpty())
    settle(payload, answer(200))
    state.way = { _tag: "Wait" }
    for (let i = 0; i < 60; i++) add()
    state.way = way
    assert.isTrue(lane.pack!(0, slice(50)))
    assert.isTrue(lane.isReady!())
    state.way = { _tag: "GiveUp" }
    assert.isUndefined(lane.next(0))
    assert.strictEqual(outbox.size(), 60)
    assert.isTrue(lane.isEmpty())
    assert.strictEqual(books().delivered.agent, 120)
  })

  it("packs a chunk later that cannot be packed at once, where the stack is full for example", () => {
    const { add, books, lane, settle, state } = make()
    const writer = agentWriter()
    const faults: Array<() => undefined> = [
      () => undefined,
      () => {
        throw new RangeError("Maximum call stack size exceeded")
      }
    ]
    for (const fault of faults) {
      let isFull = true
      const encode: typeof writer.encode = (chunk) => isFull ? fault() : writer.encode(chunk)
      state.way = { _tag: "Open", writer: { ...writer, encode } }
      const { spans } = add()
      isFull = false
      const payload = lane.next(0)!
      assert.deepStrictEqual(payload.chunks.map((chunk) => chunkOf(chunk).spans), [spans])
      assert.isTrue(lane.isEmpty())
      settle(payload, answer(200))
    }
    assert.strictEqual(books().delivered.agent, 2)
    assert.strictEqual(lane.waitingBytes(), 0)
  })

  it("estimates the bytes of an event from those of its packed content", () => {
    const estimate = (length: number): number => {
      const { lane } = make()
      const place = { page: { bytes: new Uint8Array(length) }, start: 0, length, members: 0 }
      const rider = { ...record(), annotation: new HeldContents.HeldContent(Annotation.empty, place) }
      const span = open(makeTrace(), true).toApmSpan({ meta: {}, metrics: {} })
      lane.add({ spans: [{ span, rider }] })
      return lane.waitingBytes()
    }
    assert.strictEqual(estimate(1_000) - estimate(0), 6_000)
  })

  it("packs a chunk at once if no other waits, and hands it over when there will be no Agent", () => {
    const { add, books, lane, outbox, settle, state } = make()
    let encoded = 0
    const writer = agentWriter()
    const way: TraceLane.Way = {
      _tag: "Open",
      writer: { ...writer, encode: (chunk) => (encoded++, writer.encode(chunk)) }
    }
    state.way = way
    const spans = [add().spans, add().spans]
    assert.strictEqual(encoded, 2)
    assert.isAbove(lane.waitingBytes(), 0)
    const payload = lane.next(0)!
    assert.deepStrictEqual(payload.chunks.map((chunk) => chunkOf(chunk).spans), spans)
    assert.strictEqual(lane.waitingBytes(), 0)
    // What failed goes first.
    settle(payload, answer(500))
    add()
    assert.strictEqual(encoded, 2)
    assert.strictEqual(lane.next(0)!.attempts, 1)
    assert.isFalse(lane.isEmpty())
    state.way = { _tag: "GiveUp" }
    assert.isUndefined(lane.next(0))
    assert.strictEqual(outbox.size(), 1)
    assert.strictEqual(books().pending.payload, 2)
    assert.isTrue(lane.isEmpty())
  })

  it("keeps a payload under the limit, an eighth of it at a time", () => {
    const { add, lane } = make({ maxPayloadBytes: 3_200 })
    for (let i = 0; i < 6; i++) add()
    const sizes: Array<number> = []
    for (let payload = lane.next(0); payload !== undefined; payload = lane.next(0)) sizes.push(payload.chunks.length)
    assert.deepStrictEqual(sizes, [2, 2, 2])
  })

  it("hands over the events of a chunk that cannot be encoded, and sends the other chunks", () => {
    const { add, lane, outbox, state } = make()
    state.way = { _tag: "Wait" }
    const bad = add()
    const good = add()
    const writer = agentWriter()
    state.way = {
      _tag: "Open",
      writer: { ...writer, encode: (chunk) => chunk.spans[0] === bad.spans[0] ? undefined : writer.encode(chunk) }
    }
    assert.deepStrictEqual(lane.next(0)!.chunks.map((chunk) => chunkOf(chunk).spans[0]), [good.spans[0]])
    assert.strictEqual(outbox.take()!.record, bad.spans[1]!.rider)
  })

  it("retries a bounded number of times, then hands the events to the outbox and drops the trace", () => {
    const { add, books, lane, outbox, settle } = make()
    add(2)
    const delays: Array<number> = []
    for (let i = 0; i < 3; i++) {
      const settled = settle(lane.next(0)!, [answer(500), failure(false), answer(429, { "retry-after": "2" })][i]!)
      delays.push(settled._tag === "Later" ? settled.delayMillis : -1)
    }
    assert.deepStrictEqual(delays, [50, 100, 2_200])
    assert.isUndefined(lane.next(0))
    assert.strictEqual(outbox.size(), 2)
    assert.strictEqual(books().possibleDuplicates, 0)
    assert.strictEqual(books().pending.payload, 0)
  })

  for (const outcome of [failure(true), answer(502), answer(504)]) {
    it(`hands events of unknown fate to the outbox, counted, and does not resend the trace: ${JSON.stringify(outcome)}`, () => {
      const { add, books, lane, outbox, settle } = make()
      add(2)
      assert.strictEqual(settle(lane.next(0)!, outcome)._tag, "Later")
      assert.isTrue(lane.isEmpty())
      assert.strictEqual(books().possibleDuplicates, 2)
      assert.isTrue(outbox.take()!.uncertain)
    })
  }

  it("halves a refused payload until the refused chunk is alone", () => {
    const { add, books, lane, outbox, settle } = make()
    const chunks = Array.from({ length: 5 }, () => add())
    const bad = chunks[3]!.spans[0]!
    let requests = 0
    for (let payload = lane.next(0); payload !== undefined && requests < 50; payload = lane.next(0)) {
      requests++
      settle(
        payload,
        payload.chunks.some((chunk) => chunkOf(chunk).spans[0] === bad) ? answer(400) : answer(200)
      )
    }
    assert.strictEqual(books().delivered.agent, 4)
    assert.strictEqual(outbox.take()!.record, chunks[3]!.spans[1]!.rider)
    assert.strictEqual(books().possibleDuplicates, 0)
  })

  it.effect("sends all chunks again, and halves them, when a writer empties the list that it is given", () =>
    Effect.gen(function*() {
      const { add, books, lane, outbox, settle, state } = make()
      const writer = agentWriter()
      const given: Array<number> = []
      state.way = {
        _tag: "Open",
        writer: {
          ...writer,
          send: (chunks) =>
            Effect.sync(() => {
              given.push((chunks as Array<unknown>).splice(0).length)
              return given.length === 1 ? answer(503) : answer(400)
            })
        }
      }
      add()
      add()
      for (let payload = lane.next(0); payload !== undefined && given.length < 9; payload = lane.next(0)) {
        settle(payload, yield* lane.send(payload))
      }
      assert.deepStrictEqual(given, [2, 2, 1, 1])
      assert.strictEqual(outbox.size(), 2)
      assert.strictEqual(books().delivered.agent, 0)
    }))

  for (const status of [401, 403, 404, 405, 422]) {
    it(`hands a refused payload to the outbox at once, and asks the Agent again if the endpoint is gone: ${JSON.stringify(status)}`, () => {
      const { add, lane, outbox, said, settle } = make()
      add()
      assert.deepStrictEqual(settle(lane.next(0)!, answer(status)), { _tag: "Done" })
      assert.strictEqual(outbox.size(), 1)
      assert.strictEqual(said.includes("rediscover"), status === 404 || status === 405)
    })
  }

  it("counts events as dropped that the outbox has no room for", () => {
    const { add, books, budget, lane, settle } = make({ outboxBytes: 0 })
    add(3)
    settle(lane.next(0)!, answer(403))
    assert.strictEqual(books().dropped.outboxFull, 3)
    assert.strictEqual(budget.used(), 0)
  })

  it("holds a bounded number of chunks, and hands over the events of the oldest", () => {
    const { add, lane, outbox, state } = make({ maxChunks: 2 })
    state.way = { _tag: "Wait" }
    const oldest = add()
    add()
    add()
    lane.next(0)
    assert.strictEqual(outbox.size(), 1)
    assert.strictEqual(outbox.take()!.record, oldest.spans[1]!.rider)
    assert.strictEqual(lane.riders(), 2)
  })

  it("sends failed payloads before new chunks", () => {
    const { add, lane, settle } = make()
    const first = add()
    settle(lane.next(0)!, answer(500))
    add()
    assert.strictEqual(chunkOf(lane.next(0)!.chunks[0]!).spans[0], first.spans[0])
  })

  it("hands over every waiting event, retries included", () => {
    const { add, books, lane, outbox, settle } = make()
    add()
    settle(lane.next(0)!, answer(500))
    add()
    lane.handOver()
    assert.strictEqual(outbox.size(), 2)
    assert.isTrue(lane.isEmpty())
    books()
  })

  it("hands events over instead of waiting for another attempt at the end of the program", () => {
    const { add, books, lane, outbox, settle } = make()
    add()
    settle(lane.next(0)!, answer(503), 0, true)
    assert.isTrue(lane.isEmpty())
    assert.strictEqual(outbox.size(), 1)
    assert.strictEqual(books().possibleDuplicates, 0)
  })

  it("reports whether the Agent answers", () => {
    const { add, lane, said, settle } = make()
    add()
    settle(lane.next(0)!, failure(false))
    settle(lane.next(0)!, answer(200))
    assert.deepStrictEqual(said, ["unreachable", "reachable"])
  })
})
