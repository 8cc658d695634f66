/** The engine without its loops and its network, and the model beside it: whoever holds `run` decides what happens next. */
import { assert } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Ledger from "../../src/domain/Ledger.ts"
import * as MetaStruct from "../../src/domain/MetaStruct.ts"
import type { SpanRecord } from "../../src/domain/SpanRecord.ts"
import type { TraceChunk } from "../../src/domain/TraceChunk.ts"
import * as ChunkAssembler from "../../src/engine/ChunkAssembler.ts"
import * as IntakeLane from "../../src/engine/IntakeLane.ts"
import type { LiveSpan } from "../../src/engine/LocalTrace.ts"
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

const small = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))
const seldom = Schema.Literals([false, false, false, false, false, true])

const start = Schema.Struct({ _tag: Schema.Literal("start"), trace: small, llm: Schema.Literals([true, true, false]) })
const end = Schema.Struct({
  _tag: Schema.Literal("end"),
  span: small,
  // Of the sizes the largest is an estimate alone, above the bound of what rides; 6,000 is more than a payload may have.
  size: Schema.Literals([10, 10, 10, 10, 10, 10, 2_000, 2_000, 6_000, 1_200_000]),
  event: Schema.Literals(["now", "now", "now", "now", "now", "now", "now", "now", "later", "redacted"])
})
const sendTrace = Schema.Struct({ _tag: Schema.Literal("send a trace") })
const sendEvents = Schema.Struct({ _tag: Schema.Literal("send events") })
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
  Schema.Struct({ _tag: Schema.Literal("event without a carrier"), size: Schema.Literals([10, 10, 2_000]) }),
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
    to: Schema.Literals(["evp", "evp", "intake", "intake", "relay", "nobody"])
  })
])

export type Drawn = typeof Drawn.Type

export const Schedule = Schema.Struct({
  steps: Schema.Array(Drawn).check(Schema.isMinLength(60)),
  budgetBytes: Schema.Literals([0, 10_000, 10_000, 2_000_000, 2_000_000, 1e9, 1e9, 1e9]),
  outboxBytes: Schema.Literals([0, 6_000, 1e9, 1e9, 1e9])
})

const payloadBytes = 6_000

const idOf = (record: SpanRecord): DeliveryState.Id => record.context.spanId

const eventOf = (record: SpanRecord): DeliveryState.NewEvent => ({
  id: idOf(record),
  bound: record.bytes,
  size: measure(record),
  route: record.context.route ?? ""
})

export const make = (options: Omit<typeof Schedule.Type, "steps">) => {
  const released: Array<DeliveryState.Id> = []
  const setAside: Array<DeliveryState.Id> = []
  const { budget, ledger, outbox, router, sent, weather } = makeRouter({
    maxBytes: options.budgetBytes,
    outboxBytes: options.outboxBytes,
    watch: ({ budget, outbox }) => ({
      outbox,
      budget: {
        ...budget,
        release: (record) => {
          released.push(idOf(record))
          budget.release(record)
        }
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
    way: "open",
    to: { "": "evp" }
  }
  const limits: DeliveryState.Limits = {
    budgetBytes: options.budgetBytes,
    outboxBytes: options.outboxBytes,
    minSpans: 4,
    chunkMillis: 40_000,
    maxChunks: 3,
    maxAttempts: 2,
    payloadBytes,
    ageMillis: 100_000
  }
  let model = DeliveryState.make(limits, world)
  const nothing = () => {}
  const shared = { outbox, ledger, budget, random: () => 0.5, onRediscover: nothing, onReachable: nothing }
  const traces = TraceLane.make({
    ...shared,
    way: () => ways[model.world.way],
    maxChunks: limits.maxChunks,
    maxAttempts: limits.maxAttempts,
    onHandedOver: nothing
  })
  const intake = IntakeLane.make({
    ...shared,
    destination: () => takers[model.world.to[""]!],
    targetBytes: 4_000,
    maxAgeMillis: limits.ageMillis,
    onSetAside: ({ item }) => {
      setAside.push(idOf(item.record))
    },
    warn: nothing
  })
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
      traces.add(chunk)
    }
  }
  const assembler = ChunkAssembler.make({
    minSpans: limits.minSpans,
    maxAgeMillis: limits.chunkMillis,
    emit: (trace, spans) => {
      router.route(trace, spans)
      collect()
    }
  })
  ledger.attach({ chunk: router.waiting, payload: traces.riders, outbox: outbox.size })

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
    assert.deepStrictEqual(next.problems, [], step._tag)
    const books = ledger.snapshot()
    const expected = DeliveryState.books(model)
    assert.deepStrictEqual(books, expected, step._tag)
    assert.isTrue(Ledger.balances(books), JSON.stringify(books))
    assert.isTrue(Ledger.balances(expected), JSON.stringify(expected))
  }

  const change = (to: Partial<DeliveryState.World>) =>
    step({ _tag: "world", world: to }, () => {
      const { to: _, way: __, ...rest } = to
      Object.assign(weather, rest)
    })

  const finish = (record: SpanRecord, span: LiveSpan | undefined) =>
    step(
      { _tag: "finish", event: eventOf(record), span: span === undefined ? undefined : spanNumbers.get(span.spanId) },
      () => router.finish(record, span)
    )

  const endSpan = (span: LiveSpan, event: (Drawn & { _tag: "end" })["event"], size: number) => {
    const number = spanNumbers.get(span.spanId)!
    if (span.llm && event === "now") finish(size > 1_000_000 ? { ...record(10), bytes: size } : record(size), span)
    if (span.llm && event === "later") owing.push(span)
    if (span.llm && event === "redacted") {
      const dropped = record(size)
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

  const sendEvents = () => {
    const flight = nextFlight++
    step({ _tag: "send events", flight, route: "" }, () => {
      const payload = intake.next(weather.now)
      if (payload === undefined) return
      flights.set(flight, (outcome, last) => intake.settle(payload, outcome, weather.now, last))
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
        return span === undefined ? undefined : endSpan(span, drawn.event, drawn.size)
      }
      case "late event": {
        const span = pick(owing, drawn.span)
        return span === undefined ? undefined : finish(record(10), span)
      }
      case "event without a carrier":
        return finish(record(drawn.size), undefined)
      case "send a trace":
        return sendTrace()
      case "send events":
        return sendEvents()
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
        return change({ to: { "": drawn.to } })
    }
  }

  /** All spans end, everybody answers, everything is sent. */
  const drain = () => {
    change({ way: "open", to: { "": "intake" } })
    for (const span of running.splice(0)) endSpan(span, "now", 10)
    step({ _tag: "flush" }, assembler.flush)
    for (let rounds = 0; rounds < 1_000; rounds++) {
      sendTrace()
      sendEvents()
      if (flights.size === 0) return
      while (flights.size > 0) answerOne(0, 200, false)
    }
    assert.fail("the drain did not end")
  }

  return { run, drain, model: () => model, ledger }
}
