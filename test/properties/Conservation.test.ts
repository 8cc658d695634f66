import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Ledger from "../../src/domain/Ledger.ts"
import type { SpanRecord } from "../../src/domain/SpanRecord.ts"
import * as ChunkAssembler from "../../src/engine/ChunkAssembler.ts"
import * as IntakeLane from "../../src/engine/IntakeLane.ts"
import type { LiveSpan } from "../../src/engine/LocalTrace.ts"
import * as TraceLane from "../../src/engine/TraceLane.ts"
import type { Outcome } from "../../src/ports/Transport.ts"
import { agentWriter, answer, failure, intakeWriter, makeRouter, makeTrace, open, record } from "../engine/Scene.ts"

/** What can come of a request. */
const outcomes = {
  200: answer(200),
  202: answer(202),
  400: answer(400),
  401: answer(401),
  404: answer(404),
  413: answer(413),
  422: answer(422),
  429: answer(429, { "retry-after": "1" }),
  500: answer(500),
  502: answer(502),
  "no connection": failure(false),
  "reset after bytes": failure(true)
} as const

const outcome = Schema.Literals([
  200,
  202,
  400,
  401,
  404,
  413,
  422,
  429,
  500,
  502,
  "no connection",
  "reset after bytes"
])
const small = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 }))

const step = Schema.Union([
  Schema.Struct({ _tag: Schema.Literal("start"), trace: small, llm: Schema.Boolean }),
  Schema.Struct({ _tag: Schema.Literal("start"), trace: small, llm: Schema.Literal(true) }),
  Schema.Struct({ _tag: Schema.Literal("end"), span: small, size: Schema.Literals([10, 10, 2_000, 6_000, 1_200_000]) }),
  Schema.Struct({ _tag: Schema.Literal("end"), span: small, size: Schema.Literals([10, 10, 2_000, 6_000, 1_200_000]) }),
  Schema.Struct({ _tag: Schema.Literal("event without a carrier") }),
  Schema.Struct({ _tag: Schema.Literal("send a trace") }),
  Schema.Struct({ _tag: Schema.Literal("send events") }),
  Schema.Struct({ _tag: Schema.Literal("answer a trace"), which: small, outcome, last: Schema.Boolean }),
  Schema.Struct({
    _tag: Schema.Literal("answer events"),
    which: small,
    outcome,
    last: Schema.Literals([false, false, true])
  }),
  Schema.Struct({ _tag: Schema.Literal("wait"), millis: Schema.Literals([10, 1_000, 50_000]) }),
  Schema.Struct({ _tag: Schema.Literal("flush") }),
  Schema.Struct({
    _tag: Schema.Literal("sampling"),
    priority: Schema.Literals([-1, 0, 1, 2]),
    filtered: Schema.Boolean
  }),
  Schema.Struct({
    _tag: Schema.Literal("mode"),
    mode: Schema.Literals(["apm-agent", "apm-agent", "apm-agentless", "llmobs-agent-proxy", "llmobs-agentless"]),
    carrier: Schema.Boolean,
    apm: Schema.Boolean
  }),
  Schema.Struct({ _tag: Schema.Literal("way"), way: Schema.Literals(["Open", "Open", "Wait", "GiveUp"]) }),
  Schema.Struct({ _tag: Schema.Literal("destination"), to: Schema.Literals(["agent-evp", "intake", "nobody"]) })
])

// Of the sizes the largest is an estimate alone, above the bound of what rides; 6,000 is more than a payload may have.
const schedules = Schema.Struct({
  steps: Schema.Array(step),
  budgetBytes: Schema.Literals([0, 10_000, 2_000_000, 1e9, 1e9]),
  outboxBytes: Schema.Literals([0, 6_000, 1e9, 1e9])
})

/** The engine without its loops and its network: whoever holds `run` decides what happens next. */
const makeEngine = (options: typeof schedules.Type) => {
  const { budget, ledger, outbox, router, sent, weather } = makeRouter({
    maxBytes: options.budgetBytes,
    outboxBytes: options.outboxBytes
  })
  const agent = agentWriter()
  const writers = {
    "agent-evp": { writer: intakeWriter(undefined, 6_000), destination: "agent-evp" },
    intake: { writer: intakeWriter(undefined, 6_000), destination: "intake" },
    nobody: undefined
  } as const
  const state: { way: TraceLane.Way; to: keyof typeof writers; last: boolean } = {
    way: { _tag: "Open", writer: agent },
    to: "agent-evp",
    last: false
  }
  const nothing = () => {}
  const shared = { outbox, ledger, budget, random: () => 0.5, onRediscover: nothing, onReachable: nothing }
  const traces = TraceLane.make({
    ...shared,
    way: () => state.way,
    maxChunks: 3,
    maxAttempts: 2,
    onHandedOver: nothing
  })
  const intake = IntakeLane.make({
    ...shared,
    destination: () => writers[state.to],
    targetBytes: 4_000,
    maxAgeMillis: 100_000,
    warn: nothing
  })
  const assembler = ChunkAssembler.make({ minSpans: 4, maxAgeMillis: 40_000, emit: router.route })
  ledger.attach({ chunk: router.waiting, payload: traces.riders, outbox: outbox.size })
  const collect = () => {
    for (const chunk of sent.splice(0)) traces.add(chunk)
  }

  const locals = Array.from({ length: 3 }, makeTrace)
  const running: Array<LiveSpan> = []
  const inFlight: { readonly traces: Array<TraceLane.Payload>; readonly events: Array<IntakeLane.Payload> } = {
    traces: [],
    events: []
  }
  let enqueued = 0
  let dropTold = 0
  // Each event that a 2xx acknowledged, and those of whom nobody knows.
  const acknowledged: Array<SpanRecord> = []
  const uncertain = new Set<SpanRecord>()

  const check = () => {
    const books = ledger.snapshot()
    assert.strictEqual(books.enqueued, enqueued)
    assert.isTrue(Ledger.balances(books), JSON.stringify(books))
    assert.isAtMost(budget.used(), options.budgetBytes)
    assert.isAtLeast(Math.min(...Object.values(books.pending)), 0)
    assert.isAtLeast(Ledger.dropped(books), dropTold)
    dropTold = Ledger.dropped(books)
    assert.strictEqual(Ledger.delivered(books), acknowledged.length)
  }

  const finish = (event: SpanRecord, carrier: LiveSpan | undefined) => {
    enqueued++
    router.finish(event, carrier)
    check()
  }

  const isDelivered = (outcome: Outcome) => outcome._tag === "Answer" && outcome.status < 300
  const isOpen = (outcome: Outcome) => outcome._tag === "Answer" ? outcome.status === 502 : outcome.bytesWritten

  const note = (records: ReadonlyArray<SpanRecord>, outcome: Outcome) => {
    if (isDelivered(outcome)) acknowledged.push(...records)
    if (isOpen(outcome)) { for (const record of records) uncertain.add(record) }
  }

  const answerTrace = (which: number, outcome: Outcome, last: boolean) => {
    const [payload] = inFlight.traces.splice(which % Math.max(1, inFlight.traces.length), 1)
    if (payload === undefined) return
    note(payload.chunks.flatMap(({ chunk }) => chunk.spans.flatMap(({ rider }) => rider ?? [])), outcome)
    traces.settle(payload, outcome, weather.now, last)
  }

  const answerEvents = (which: number, outcome: Outcome, last: boolean) => {
    const [payload] = inFlight.events.splice(which % Math.max(1, inFlight.events.length), 1)
    if (payload === undefined) return
    note(payload.items.map((item) => item.record), outcome)
    intake.settle(payload, outcome, weather.now, last)
    if (last && !isDelivered(outcome)) state.last = true
  }

  const end = (span: LiveSpan, size: number) => {
    if (span.llm) finish(size > 1_000_000 ? { ...record(10), bytes: size } : record(size), span)
    assembler.finish(span, weather.now)
    collect()
  }

  const run = (step: typeof schedules.Type["steps"][number]): void => {
    switch (step._tag) {
      case "start": {
        const span = open(locals[step.trace % locals.length]!, step.llm)
        running.push(span)
        return assembler.start(span)
      }
      case "end": {
        const [span] = running.splice(step.span % Math.max(1, running.length), 1)
        return span === undefined ? undefined : end(span, step.size)
      }
      case "event without a carrier":
        return finish(record(10), undefined)
      case "send a trace": {
        const payload = traces.next(weather.now)
        if (payload !== undefined) inFlight.traces.push(payload)
        return
      }
      case "send events": {
        const payload = intake.next(weather.now)
        if (payload !== undefined) inFlight.events.push(payload)
        return
      }
      case "answer a trace":
        return answerTrace(step.which, outcomes[step.outcome], step.last)
      case "answer events":
        return answerEvents(step.which, outcomes[step.outcome], step.last)
      case "wait":
        weather.now += step.millis
        assembler.sweep(weather.now)
        return collect()
      case "flush":
        assembler.flush()
        return collect()
      case "sampling":
        weather.priority = step.priority
        weather.filtered = step.filtered
        return
      case "mode":
        weather.mode = step.mode
        weather.carrier = step.carrier
        weather.apm = step.apm
        return
      case "way":
        state.way = step.way === "Open" ? { _tag: "Open", writer: agent } : { _tag: step.way }
        return
      case "destination":
        state.to = step.to
    }
  }

  /** All spans end, everybody answers, everything is sent. */
  const drain = () => {
    state.way = { _tag: "Open", writer: agent }
    state.to = "intake"
    for (const span of running.splice(0)) end(span, 10)
    assembler.flush()
    collect()
    for (let rounds = 0; rounds < 1_000; rounds++) {
      run({ _tag: "send a trace" })
      run({ _tag: "send events" })
      check()
      if (inFlight.traces.length + inFlight.events.length === 0) return
      answerTrace(0, outcomes[200], false)
      answerEvents(0, outcomes[202], false)
      check()
    }
    assert.fail("the drain did not end")
  }

  return { acknowledged, budget, check, drain, ledger, run, state, uncertain }
}

describe("the books of the engine", () => {
  it.prop("balance after every step of any schedule", [schedules], ([schedule]) => {
    const { check, run } = makeEngine(schedule)
    check()
    for (const step of schedule.steps) {
      run(step)
      check()
    }
  }, { arbitrary: { runs: 300, size: 150 } })

  it.prop(
    "end with nothing pending, no byte reserved, and nothing delivered twice but what was counted",
    [schedules],
    ([schedule]) => {
      const { acknowledged, budget, drain, ledger, run, state, uncertain } = makeEngine(schedule)
      for (const step of schedule.steps) run(step)
      drain()
      const books = ledger.snapshot()
      // What failed in a last attempt stays where it is, and is counted there.
      if (!state.last) {
        assert.strictEqual(Ledger.pending(books), 0)
        assert.strictEqual(budget.used(), 0)
      }
      assert.strictEqual(new Set(acknowledged).size, acknowledged.length)
      assert.isAtLeast(books.possibleDuplicates, uncertain.size)
      assert.strictEqual(books.enqueued, acknowledged.length + Ledger.dropped(books) + Ledger.pending(books))
    },
    { arbitrary: { runs: 300, size: 150 } }
  )

  // What refuses for good, time that lets events expire, and last attempts are left out, and so is an event too large to send.
  const lossless = Arbitrary.map(Arbitrary.schema(schedules), ({ steps }) =>
    ({
      budgetBytes: 1e9,
      outboxBytes: 1e9,
      steps: steps.filter((step) =>
        !("size" in step && step.size === 6_000) &&
        step._tag !== "wait" &&
        !("last" in step && (step.last || [400, 404, 413, 422].includes(step.outcome as number)))
      )
    }) as typeof schedules.Type)

  it.prop("show every event delivered when nobody refuses one for good and there is room", [lossless], ([schedule]) => {
    const { acknowledged, drain, ledger, run } = makeEngine(schedule)
    for (const step of schedule.steps) run(step)
    drain()
    const books = ledger.snapshot()
    assert.strictEqual(Ledger.dropped(books), 0)
    assert.strictEqual(acknowledged.length, books.enqueued)
  }, { arbitrary: { runs: 300, size: 150 } })
})
