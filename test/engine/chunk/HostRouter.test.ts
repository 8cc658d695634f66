import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import * as MetaStruct from "../../../src/domain/event/MetaStruct.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import * as Ledger from "../../../src/engine/books/Ledger.ts"
import * as HostRouter from "../../../src/engine/chunk/HostRouter.ts"
import * as RetentionHold from "../../../src/engine/chunk/RetentionHold.ts"
import * as HostRides from "../../../src/engine/lane/HostRides.ts"
import * as ByteBudget from "../../../src/engine/outbox/ByteBudget.ts"
import * as MemoryOutbox from "../../../src/engine/outbox/MemoryOutbox.ts"
import * as Outboxes from "../../../src/engine/outbox/Outboxes.ts"
import * as Overflow from "../../../src/engine/outbox/Overflow.ts"
import type { HostSpan, HostTrace } from "../../../src/ports/HostTracer.ts"
import { ownAccount } from "../../../src/ports/Outbox.ts"
import { answer, failure, measure, record } from "../Scene.ts"

/** A host without a trace format: it keeps what is put on its spans. */
const makeHost = (outboxBytes?: number, isDurable = false) => {
  const weather = { carries: true, filtered: false, elapsed: 0 }
  const ledger = Ledger.make()
  const outboxes = Outboxes.make({
    open: () => ({ ...MemoryOutbox.make({ maxBytes: outboxBytes }), ...(isDurable ? { kept: () => 0 } : undefined) })
  })
  const outbox = outboxes.of(ownAccount)
  const budget = ByteBudget.make({ limit: Infinity, measure })
  const overflow = Overflow.make({ policy: "dropNewest", budget, outboxes, ledger, waitMillis: 1_000 })
  let silences = 0
  const rides = HostRides.make({
    outbox,
    ledger,
    budget,
    diagnostics: {
      defect: (place, error) => {
        throw new Error(place, { cause: error })
      }
    },
    now: () => weather.elapsed,
    aging: () => weather.elapsed,
    elapsed: () => weather.elapsed,
    onHandedOver: () => {},
    onSilence: () => {
      silences++
      weather.carries = false
    }
  })
  const router = HostRouter.make({
    conditions: {
      now: () => weather.elapsed,
      elapsed: () => weather.elapsed,
      mode: () => "apm-agent",
      canRide: () => weather.carries,
      apm: () => true,
      filter: () => () => weather.filtered,
      structBytes: (record) => record.bytes
    },
    ledger,
    overflow,
    outboxes,
    retention: RetentionHold.make({ maxAgeMillis: 30_000 }),
    maxAgeMillis: 30_000,
    onRide: rides.add,
    onWaiting: () => {},
    carried: () => new Map(),
    onOffered: () => {},
    onDefect: (place, error) => {
      throw new Error(place, { cause: error })
    }
  })
  ledger.attach({ chunk: router.waiting, payload: rides.riders, outbox: outboxes.size })
  const outboxed = (): ReadonlyArray<SpanRecord> => {
    const records: Array<SpanRecord> = []
    for (let item = outbox.take(); item !== undefined; item = outbox.take()) records.push(item.record)
    return records
  }
  return { weather, ledger, books: ledger.snapshot, router, rides, outboxed, budget, silences: () => silences }
}

interface Opened {
  readonly event: SpanRecord
  readonly tags: { readonly [key: string]: string | number }
  readonly carried: () => SpanRecord | undefined
}

/** Opens and ends a span of the host, whose event waits for the departure of its trace. */
const end = (
  { router }: Pick<ReturnType<typeof makeHost>, "router">,
  trace: HostTrace,
  { isHeld = true, isWhole = true, account }: { isHeld?: boolean; isWhole?: boolean; account?: string } = {}
): Opened => {
  const tags: { [key: string]: string | number } = {}
  let carried: SpanRecord | undefined
  let ended = false
  const host: HostSpan = {
    traceId: "6a86f1c000000000aa11bb22cc33dd44",
    spanId: "00000000000000ff",
    service: "shop",
    tag: (key, value) => {
      tags[key] = value
    },
    rename: () => {},
    link: () => {},
    hasEnded: () => ended,
    isHeld: () => isHeld,
    canCarry: () => isWhole,
    carry: (record) => {
      carried = record
    }
  }
  const carrier = trace.carrier(host)
  const event = record(10, account)
  router.finish(event, carrier)
  carrier.seal()
  ended = true
  return { event, tags, carried: () => carried }
}

const root = () => ({ resource: "GET /", meta: {} })
const kept = { priority: 1, isWritten: true, root }

describe("HostRouter", () => {
  it("puts an event on its span when the host takes the span, and not before", () => {
    const host = makeHost()
    const trace = host.router.trace()
    const span = end(host, trace)
    assert.isUndefined(span.carried())
    assert.strictEqual(host.books().pending.chunk, 1)
    trace.depart(kept)
    assert.strictEqual(span.carried(), span.event)
    assert.notProperty(span.tags, MetaStruct.submittedTag)
    assert.strictEqual(host.books().pending.payload, 1)
    assert.isFalse(trace.isWaiting())
  })

  const dropped = {
    "a rejected trace": { departure: { priority: 0 } },
    "a trace without a decision": { departure: { priority: undefined } },
    "a trace that the host does not write": { departure: { isWritten: false } },
    "a trace that a filter of the Agent drops": { weather: { filtered: true } },
    "a span that has left already": { span: { isHeld: false } },
    "a span that would lose a part of it": { span: { isWhole: false } },
    "a host that stopped carrying": { later: { carries: false } },
    "another account": { span: { account: "datadoghq.eu:1" }, other: true }
  }
  for (
    const [what, { departure, later, other, span: given, weather }] of Object.entries(dropped) as ReadonlyArray<[
      string,
      { departure?: object; later?: object; other?: boolean; span?: object; weather?: object }
    ]>
  ) {
    it(`offers the event of ${what}, and marks its span`, () => {
      const host = makeHost()
      Object.assign(host.weather, weather)
      const trace = host.router.trace()
      const span = end(host, trace, given)
      Object.assign(host.weather, later)
      trace.depart({ ...kept, ...departure })
      assert.isUndefined(span.carried())
      assert.strictEqual(span.tags[MetaStruct.submittedTag], "1")
      assert.deepStrictEqual(host.outboxed(), other === true ? [] : [span.event])
      assert.isTrue(Ledgers.balances(host.books()))
    })
  }

  it("counts an event of a trace that will be dropped as dropped when the outbox refuses it", () => {
    const host = makeHost(0)
    const trace = host.router.trace()
    const span = end(host, trace)
    trace.depart({ ...kept, priority: 0 })
    assert.isUndefined(span.carried())
    assert.strictEqual(host.books().dropped.outboxFull, 1)
    assert.isTrue(Ledgers.balances(host.books()))
  })

  it("offers events whose trace stays open, 30 seconds after the first of them ended", () => {
    const host = makeHost()
    const span = end(host, host.router.trace())
    assert.strictEqual(host.router.sweep(29_999), 30_000)
    assert.strictEqual(host.router.waiting(), 1)
    assert.strictEqual(host.router.sweep(30_000), undefined)
    assert.deepStrictEqual(host.outboxed(), [span.event])
    assert.strictEqual(span.tags[MetaStruct.submittedTag], "1")
  })
})

describe("HostRides", () => {
  const ridden = (host = makeHost()) => {
    const trace = host.router.trace()
    const span = end(host, trace)
    trace.depart(kept)
    return { ...host, span }
  }

  it("counts an event as delivered when the request with it is answered 200, once", () => {
    const { books, budget, rides } = ridden()
    const payload = rides.take()!
    assert.isUndefined(rides.take())
    payload.settle(answer(200))
    payload.settle(answer(500))
    assert.strictEqual(books().delivered.agent, 1)
    assert.strictEqual(budget.used(), 0)
    assert.isTrue(Ledgers.balances(books()))
  })

  for (const [outcome, doubt] of [[answer(500), 0], [answer(413), 0], [answer(502), 1], [failure(true), 1]] as const) {
    it(`offers the events of a payload that did not arrive: ${JSON.stringify(outcome)}`, () => {
      const { books, outboxed, rides, span } = ridden()
      rides.take()!.settle(outcome)
      assert.strictEqual(books().possibleDuplicates, doubt)
      assert.isTrue(Ledgers.balances(books()))
      assert.deepStrictEqual(outboxed(), [span.event])
    })
  }

  it("waits for a repetition of the host after a failure, and then offers", () => {
    const { books, outboxed, rides, span } = ridden()
    const payload = rides.take()!
    payload.fail(false)
    assert.strictEqual(rides.sweep(29_999), 30_000)
    rides.sweep(30_000)
    assert.isTrue(payload.isSettled())
    assert.strictEqual(books().possibleDuplicates, 0)
    assert.deepStrictEqual(outboxed(), [span.event])
  })

  it("offers events that no request took, and reports the silence", () => {
    const { books, outboxed, rides, silences, span } = ridden()
    rides.sweep(30_000)
    assert.strictEqual(silences(), 1)
    assert.strictEqual(books().possibleDuplicates, 1)
    assert.deepStrictEqual(outboxed(), [span.event])
  })

  it("leaves events without an answer to a durable outbox, as possible duplicates", () => {
    const { books, outboxed, rides, span } = ridden(makeHost(undefined, true))
    rides.take()
    rides.leave()
    assert.strictEqual(books().possibleDuplicates, 1)
    assert.isTrue(Ledgers.balances(books()))
    assert.deepStrictEqual(outboxed(), [span.event])
  })

  it("leaves events without an answer to the host, and hears no later answer", () => {
    const { books, budget, rides } = ridden()
    const payload = rides.take()!
    rides.leave()
    payload.settle(answer(200))
    assert.strictEqual(books().transferred, 1)
    assert.strictEqual(books().delivered.agent, 0)
    assert.strictEqual(budget.used(), 0)
    assert.isTrue(Ledgers.balances(books()))
  })

  const step = Schema.Union([
    Schema.Struct({ _tag: Schema.tag("end"), isHeld: Schema.Boolean, isWhole: Schema.Boolean }),
    Schema.Struct({
      _tag: Schema.tag("depart"),
      priority: Schema.Literals([-1, 0, 1, 2, 1]),
      isWritten: Schema.Boolean
    }),
    Schema.Struct({ _tag: Schema.tag("take") }),
    Schema.Struct({ _tag: Schema.tag("answer"), status: Schema.Literals([200, 400, 404, 429, 500, 502]) }),
    Schema.Struct({ _tag: Schema.tag("fail"), bytesWritten: Schema.Boolean }),
    Schema.Struct({ _tag: Schema.tag("sweep"), by: Schema.Literals([1_000, 31_000]) }),
    Schema.Struct({ _tag: Schema.tag("flush") }),
    Schema.Struct({ _tag: Schema.tag("weather"), carries: Schema.Boolean, filtered: Schema.Boolean })
  ])

  it.prop(
    "keeps each event on one route and the ledger in balance, in any order of steps",
    [Schema.Array(step)],
    ([steps]) => {
      const host = makeHost()
      const trace = host.router.trace()
      const spans: Array<Opened> = []
      const payloads: Array<NonNullable<ReturnType<typeof host.rides.take>>> = []
      const fromDecisions = new Set<SpanRecord>()
      for (const step of steps) {
        switch (step._tag) {
          case "end":
            spans.push(end(host, trace, step))
            break
          case "depart":
            trace.depart({ ...step, root })
            break
          case "take": {
            const payload = host.rides.take()
            if (payload !== undefined) payloads.push(payload)
            break
          }
          case "answer":
            payloads.shift()?.settle(answer(step.status))
            break
          case "fail":
            payloads[0]?.fail(step.bytesWritten)
            break
          case "sweep":
            host.weather.elapsed += step.by
            host.router.sweep(host.weather.elapsed)
            host.rides.sweep(host.weather.elapsed)
            break
          case "flush":
            host.router.flush()()
            break
          case "weather":
            Object.assign(host.weather, step)
            break
        }
        assert.isTrue(Ledgers.balances(host.books()))
        for (const { carried, event, tags } of spans) {
          const isCarried = carried() === event
          const isSubmitted = tags[MetaStruct.submittedTag] === "1"
          assert.isFalse(isCarried && isSubmitted)
          if (isSubmitted) fromDecisions.add(event)
          else assert.isFalse(fromDecisions.has(event))
        }
      }
      host.router.flush()()
      host.rides.leave()
      assert.strictEqual(Ledgers.pending(host.books()), host.books().pending.outbox)
      assert.isTrue(Ledgers.balances(host.books()))
      assert.isTrue(
        spans.every(({ carried, tags }) => (carried() !== undefined) !== (tags[MetaStruct.submittedTag] === "1"))
      )
    }
  )
})
