/** The engine without its loops and its network, and the model beside it: whoever holds `run` decides what happens next. */
import { assert } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Ledger from "../../src/domain/Ledger.ts"
import * as MetaStruct from "../../src/domain/MetaStruct.ts"
import type { SpanRecord } from "../../src/domain/SpanRecord.ts"
import type { TraceChunk } from "../../src/domain/TraceChunk.ts"
import * as AccountShares from "../../src/engine/AccountShares.ts"
import * as ByteBudget from "../../src/engine/ByteBudget.ts"
import * as ChunkAssembler from "../../src/engine/ChunkAssembler.ts"
import * as ChunkHold from "../../src/engine/ChunkHold.ts"
import * as IntakeLane from "../../src/engine/IntakeLane.ts"
import type { LiveSpan } from "../../src/engine/LocalTrace.ts"
import * as MemoryOutbox from "../../src/engine/MemoryOutbox.ts"
import * as Outboxes from "../../src/engine/Outboxes.ts"
import * as TraceLane from "../../src/engine/TraceLane.ts"
import type { Outcome } from "../../src/ports/Transport.ts"
import {
  agentWriter,
  answer,
  failure,
  intakeWriter,
  makeRouter,
  makeTrace,
  measure,
  open,
  record
} from "../engine/Scene.ts"
import * as DeliveryModel from "./DeliveryModel.ts"
import * as DeliveryState from "./DeliveryState.ts"

const outcomes = [
  200,
  202,
  307,
  400,
  401,
  403,
  404,
  405,
  408,
  413,
  422,
  425,
  429,
  500,
  502,
  503,
  504,
  "no connection",
  "reset after bytes"
] as const

const outcomeOf = (outcome: DeliveryState.Outcome): Outcome =>
  outcome === "no connection" || outcome === "reset after bytes"
    ? failure(outcome === "reset after bytes")
    : answer(outcome, outcome === 429 ? { "retry-after": "1" } : {})

// Of the sizes the largest is an estimate alone, above the bound of what rides; an event that "fits" has a payload to
// itself, and one that is "too large" has one byte more.
const Size = Schema.Literals([10, 10, 10, 10, 10, 10, 2_000, 2_000, "fits", "too large", 1_200_000])

const Route = Schema.Literals(["", "", "", "", "other"])

const small = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
const seldom = Schema.Literals([false, false, false, false, false, true])

const start = Schema.Struct({ _tag: Schema.Literal("start"), trace: small, llm: Schema.Literals([true, true, false]) })
const end = Schema.Struct({
  _tag: Schema.Literal("end"),
  span: small,
  size: Size,
  route: Route,
  event: Schema.Literals(["now", "now", "now", "now", "now", "now", "now", "now", "later", "redacted"])
})
const sendTrace = Schema.Struct({ _tag: Schema.Literal("send a trace") })
const sendEvents = Schema.Struct({ _tag: Schema.Literal("send events"), route: Route })
const answered = Schema.Struct({
  _tag: Schema.Literal("answer"),
  which: small,
  outcome: Schema.Literals([...Array.from({ length: 12 }, () => 200 as const), ...outcomes]),
  last: seldom
})

/** What can happen, as a generator draws it, the usual more often: numbers say which of those that there are. */
export const Drawn = Schema.Union([
  start,
  start,
  start,
  end,
  end,
  end,
  sendTrace,
  sendTrace,
  sendEvents,
  sendEvents,
  answered,
  answered,
  answered,
  Schema.Struct({ _tag: Schema.Literal("late event"), span: small }),
  Schema.Struct({ _tag: Schema.Literal("event without a carrier"), size: Size, route: Route }),
  Schema.Struct({ _tag: Schema.Literal("wait"), millis: Schema.Literals([10, 1_000, 1_000, 50_000]) }),
  Schema.Struct({ _tag: Schema.Literal("flush") }),
  Schema.Struct({
    _tag: Schema.Literal("sampling"),
    priority: Schema.Literals([-1, 0, 1, 1, 1, 2]),
    filtered: seldom
  }),
  Schema.Struct({
    _tag: Schema.Literal("mode"),
    mode: Schema.Literals([
      "apm-agent",
      "apm-agent",
      "apm-agent",
      "apm-agentless",
      "llmobs-agent-proxy",
      "llmobs-agentless"
    ]),
    carrier: Schema.Literals([true, true, true, true, false]),
    apm: Schema.Literals([true, true, true, true, false])
  }),
  Schema.Struct({ _tag: Schema.Literal("way"), way: Schema.Literals(["open", "open", "open", "wait", "give up"]) }),
  Schema.Struct({
    _tag: Schema.Literal("destination"),
    route: Route,
    to: Schema.Literals(["evp", "evp", "intake", "intake", "relay", "nobody"])
  }),
  Schema.Struct({ _tag: Schema.Literal("known"), known: Schema.Literals([true, true, false]) })
])

export type Drawn = typeof Drawn.Type

export const Schedule = Schema.Struct({
  steps: Schema.Array(Drawn).check(Schema.isMinLength(60)),
  budgetBytes: Schema.Literals([0, 10_000, 10_000, 2_000_000, 2_000_000, 1e9, 1e9, 1e9]),
  outboxBytes: Schema.Literals([0, 6_000, 1e9, 1e9, 1e9]),
  overflow: Schema.Literals(["dropNewest", "dropOldest"])
})

const payloadBytes = 6_000

const idOf = (record: SpanRecord): DeliveryState.Id => record.context.spanId

const eventOf = (record: SpanRecord): DeliveryState.NewEvent => ({
  id: idOf(record),
  bound: record.bytes,
  size: measure(record),
  route: record.context.route ?? ""
})

const makeEvent = (size: typeof Size.Type, name: string): SpanRecord => {
  const route = name === "" ? undefined : name
  if (size === 1_200_000) return { ...record(10, route), bytes: size }
  if (typeof size === "number") return record(size, route)
  const wanted = payloadBytes - (size === "fits" ? 2 : 1)
  // The id, which is another each time, has a digit more now and then.
  for (let characters = wanted - measure(record(0, route));; characters--) {
    const made = record(characters, route)
    if (measure(made) <= wanted) return made
  }
}

/** `settle` waits for what a step left to do. */
export const make = (options: Omit<typeof Schedule.Type, "steps">) => {
  const released: Array<DeliveryState.Id> = []
  const setAside: Array<DeliveryState.Id> = []
  const { budget, ledger, outbox, outboxes, router, sent, weather } = makeRouter({
    overflow: options.overflow,
    store: () => ({
      budget: AccountShares.make(ByteBudget.make({ limit: options.budgetBytes, measure }), measure),
      outboxes: Outboxes.make({ open: () => MemoryOutbox.make({ maxBytes: options.outboxBytes }) })
    }),
    watch: (budget) => ({
      ...budget,
      release: (record) => {
        released.push(idOf(record))
        budget.release(record)
      }
    })
  })
  const agent = agentWriter()
  const writer = () => intakeWriter(undefined, payloadBytes)
  const takers = {
    evp: { writer: writer(), destination: "agent-evp" },
    intake: { writer: writer(), destination: "intake" },
    relay: { writer: writer(), destination: "intake", transfers: true },
    nobody: undefined
  } as const
  const ways = { open: { _tag: "Open", writer: agent }, wait: { _tag: "Wait" }, "give up": { _tag: "GiveUp" } } as const
  const world: DeliveryState.World = {
    now: weather.now,
    mode: weather.mode,
    carrier: weather.carrier,
    apm: weather.apm,
    filtered: weather.filtered,
    priority: weather.priority,
    known: true,
    way: "open",
    to: { "": "evp", other: "intake" }
  }
  const limits: DeliveryState.Limits = {
    budgetBytes: options.budgetBytes,
    outboxBytes: options.outboxBytes,
    overflow: options.overflow,
    minSpans: 4,
    chunkMillis: 40_000,
    maxChunks: 3,
    maxHeld: 2,
    maxAttempts: 2,
    payloadBytes,
    ageMillis: 100_000
  }
  let model = DeliveryState.make(limits, world)
  const nothing = () => {}
  const shared = { ledger, budget, random: () => 0.5, onRediscover: nothing, onReachable: nothing }
  const traces = TraceLane.make({
    ...shared,
    outbox,
    way: () => ways[model.world.way],
    maxChunks: limits.maxChunks,
    maxAttempts: limits.maxAttempts,
    onHandedOver: nothing
  })
  const lanes = new Map(
    Object.keys(world.to).map((route) => [
      route,
      IntakeLane.make({
        ...shared,
        outbox: outboxes.of(route),
        destination: () => takers[model.world.to[route]!],
        targetBytes: 4_000,
        maxAgeMillis: limits.ageMillis,
        onSetAside: ({ item }) => {
          setAside.push(idOf(item.record))
        },
        warn: nothing
      })
    ])
  )
  const chunks: Array<ReadonlyArray<DeliveryState.SeenSpan>> = []
  const numbers = new Map<TraceChunk, number>()
  const spanNumbers = new Map<string, number>()
  const collect = () => {
    for (const chunk of sent.splice(0)) {
      numbers.set(chunk, numbers.size)
      chunks.push(chunk.spans.map(({ rider, span }) => ({
        span: spanNumbers.get(span.spanId)!,
        rider: rider === undefined ? undefined : idOf(rider),
        submitted: span.meta[MetaStruct.submittedTag] === "1"
      })))
      if (!model.closed) traces.add(chunk)
    }
  }
  const hold = ChunkHold.make({
    maxChunks: limits.maxHeld,
    isKnown: () => model.world.known,
    route: (trace, spans) => {
      router.route(trace, spans)
      collect()
    },
    onHeld: nothing
  })
  const assembler = ChunkAssembler.make({
    minSpans: limits.minSpans,
    maxAgeMillis: limits.chunkMillis,
    emit: hold.take
  })
  ledger.attach({ payload: traces.riders })

  const locals = Array.from({ length: 3 }, makeTrace)
  const running: Array<LiveSpan> = []
  const owing: Array<LiveSpan> = []
  const flights = new Map<number, (outcome: Outcome, last: boolean) => void>()
  let nextFlight = 0

  /** Makes a step of both, and compares. */
  const step = (step: DeliveryState.Step, act: () => Pick<DeliveryState.Seen, "traces" | "events"> | void) => {
    const given = act()
    const next = DeliveryModel.step(model, step, {
      traces: undefined,
      events: undefined,
      ...given,
      chunks: chunks.splice(0),
      released: released.splice(0),
      setAside: setAside.splice(0),
      used: budget.used()
    })
    model = next.model
    assert.strictEqual(next.problems.join("\n"), "", step._tag)
    const books = ledger.snapshot()
    const expected = DeliveryState.books(model)
    assert.deepStrictEqual(books, expected, step._tag)
    assert.isTrue(Ledger.balances(books), JSON.stringify(books))
    assert.isTrue(Ledger.balances(expected), JSON.stringify(expected))
  }

  const change = (to: Partial<DeliveryState.World>) =>
    step({ _tag: "world", world: to }, () => {
      const { known, to: _, way: __, ...rest } = to
      Object.assign(weather, rest)
      if (known === true) hold.release()
    })

  const finish = (record: SpanRecord, span: LiveSpan | undefined) =>
    step(
      { _tag: "finish", event: eventOf(record), span: span === undefined ? undefined : spanNumbers.get(span.spanId) },
      () => void router.finish(record, span)
    )

  const endSpan = (span: LiveSpan, { event, route, size }: Omit<Drawn & { _tag: "end" }, "_tag" | "span">) => {
    const number = spanNumbers.get(span.spanId)!
    if (span.llm && event === "now") finish(makeEvent(size, route), span)
    if (span.llm && event === "later") owing.push(span)
    if (span.llm && event === "redacted") {
      const dropped = makeEvent(size, route)
      step(
        { _tag: "refuse", event: eventOf(dropped), reason: "redaction", span: number },
        () => router.refuse(dropped, "redaction", span)
      )
    }
    step({ _tag: "end", span: number }, () => assembler.finish(span, weather.now))
  }

  const sendTrace = () => {
    const flight = nextFlight++
    step({ _tag: "send a trace", flight }, () => {
      const payload = traces.next(weather.now)
      if (payload === undefined) return
      flights.set(flight, (outcome, last) => traces.settle(payload, outcome, weather.now, last))
      return { traces: payload.chunks.map(({ chunk }) => numbers.get(chunk)!), events: undefined }
    })
  }

  const sendEvents = (route: string) => {
    const flight = nextFlight++
    const lane = lanes.get(route)!
    step({ _tag: "send events", flight, route }, () => {
      const payload = lane.next(weather.now)
      if (payload === undefined) return
      flights.set(flight, (outcome, last) => lane.settle(payload, outcome, weather.now, last))
      return {
        traces: undefined,
        events: payload.items.map((item) => ({ id: idOf(item.record), uncertain: item.uncertain }))
      }
    })
  }

  const answerOne = (which: number, outcome: DeliveryState.Outcome, last: boolean) => {
    const flight = [...flights.keys()][which % Math.max(1, flights.size)]
    if (flight === undefined) return
    const settle = flights.get(flight)!
    flights.delete(flight)
    step({ _tag: "answer", flight, outcome, last }, () => settle(outcomeOf(outcome), last))
  }

  const pick = <A>(from: Array<A>, which: number): A | undefined => from.splice(which % Math.max(1, from.length), 1)[0]

  const run = (drawn: Drawn): void => {
    switch (drawn._tag) {
      case "start": {
        const trace = drawn.trace % locals.length
        const span = open(locals[trace]!, drawn.llm)
        const number = spanNumbers.size
        spanNumbers.set(span.spanId, number)
        running.push(span)
        return step({ _tag: "start", trace, span: number }, () => assembler.start(span))
      }
      case "end": {
        const span = pick(running, drawn.span)
        return span === undefined ? undefined : endSpan(span, drawn)
      }
      case "late event": {
        const span = pick(owing, drawn.span)
        return span === undefined ? undefined : finish(record(10), span)
      }
      case "event without a carrier":
        return finish(makeEvent(drawn.size, drawn.route), undefined)
      case "send a trace":
        return sendTrace()
      case "send events":
        return sendEvents(drawn.route)
      case "answer":
        return answerOne(drawn.which, drawn.outcome, drawn.last)
      case "wait":
        return step({ _tag: "wait", millis: drawn.millis }, () => {
          weather.now += drawn.millis
          assembler.sweep(weather.now)
        })
      case "flush":
        return step({ _tag: "flush" }, assembler.flush)
      case "sampling":
        return change({ priority: drawn.priority, filtered: drawn.filtered })
      case "mode":
        return change({ mode: drawn.mode, carrier: drawn.carrier, apm: drawn.apm })
      case "way":
        return change({ way: drawn.way })
      case "destination":
        return change({ to: { ...model.world.to, [drawn.route]: drawn.to } })
      case "known":
        return change({ known: drawn.known })
    }
  }

  /** All spans end, everybody answers, everything is sent. */
  const drain = () => {
    change({ known: true, way: "open", to: { "": "intake", other: "intake" } })
    for (const span of running.splice(0)) endSpan(span, { event: "now", route: "", size: 10 })
    step({ _tag: "flush" }, assembler.flush)
    for (let rounds = 0; rounds < 1_000; rounds++) {
      sendTrace()
      for (const route of lanes.keys()) sendEvents(route)
      if (flights.size === 0) return
      while (flights.size > 0) answerOne(0, 200, false)
    }
    assert.fail("the drain did not end")
  }

  return { run, drain, model: () => model, ledger }
}
