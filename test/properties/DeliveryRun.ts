/** The model and the engine side by side: whoever holds `run` decides what happens next, to both. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Ledger from "../../src/domain/delivery/Ledger.ts"
import type { SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import type { LiveSpan } from "../../src/engine/chunk/LocalTrace.ts"
import type { Slices } from "../../src/engine/chunk/Slices.ts"
import type { JournalService } from "../../src/ports/Journal.ts"
import type { Outcome } from "../../src/ports/Transport.ts"
import { answer, failure, makeTrace, measure, open, record } from "../engine/Scene.ts"
import * as DeliveryEngine from "./DeliveryEngine.ts"
import * as DeliveryModel from "./DeliveryModel.ts"
import type { Drawn, Route, Size } from "./DeliverySchedule.ts"
import * as DeliverySchedule from "./DeliverySchedule.ts"
import * as DeliveryState from "./DeliveryState.ts"

const outcomeOf = (outcome: DeliveryState.Outcome): Outcome =>
  outcome === "no connection" || outcome === "reset after bytes"
    ? failure(outcome === "reset after bytes")
    : answer(outcome, outcome === 429 ? { "retry-after": "1" } : {})

const payloadBytes = 6_000

const unseen = { traces: undefined, events: undefined, kept: undefined }

const turn = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 1)))

/** All slices of a work in one step, because the model knows no slices. */
const whole = (begin: () => Slices) => (): void => {
  const slices = begin()
  while (slices());
}

const eventOf = (record: SpanRecord): DeliveryState.NewEvent => ({
  id: DeliveryEngine.idOf(record),
  bound: record.bytes,
  size: measure(record),
  route: record.context.account ?? ""
})

const makeEvent = (size: Size, name: Route): SpanRecord => {
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

/** A file that outlives its processes. */
export interface File {
  readonly bytes: number
  readonly open: (now: () => number) => JournalService
  /** The events that the next process finds, by the parts of the file; the process before is gone from here on. */
  readonly leave: () => ReadonlyArray<ReadonlyArray<DeliveryState.Id>>
}

export interface Options {
  readonly budgetBytes: number
  readonly outboxBytes: number
  readonly overflow: DeliveryState.Limits["overflow"]
  readonly file?: File | undefined
}

export const make = ({ budgetBytes, file, outboxBytes, overflow }: Options) => {
  const limits: DeliveryState.Limits = {
    budgetBytes,
    // Room that an event waited for is enough: of two bounds the model could not know which was met first.
    outboxBytes: overflow === "backpressure" ? 1e9 : outboxBytes,
    overflow,
    minSpans: 4,
    chunkMillis: 40_000,
    maxChunks: 3,
    maxHeld: 2,
    maxAttempts: 2,
    payloadBytes,
    waitMillis: 1_000,
    ageMillis: 100_000,
    fileBytes: file?.bytes
  }
  let model = DeliveryState.make(limits, {
    now: 0,
    mode: "apm-agent",
    carrier: true,
    apm: true,
    filtered: false,
    priority: 1,
    known: true,
    way: "open",
    to: { "": "evp", other: "intake" }
  })
  const spanNumbers = new Map<string, number>()
  const numberOf = (span: { readonly spanId: string }) => spanNumbers.get(span.spanId)!
  let journal: JournalService | undefined
  const makeEngine = () => {
    const { now, apm, carrier, filtered, mode, priority } = model.world
    let made: ReturnType<typeof DeliveryEngine.make> | undefined = undefined
    journal = file?.open(() => made?.weather.now ?? now)
    made = DeliveryEngine.make({
      limits,
      world: () => model.world,
      numberOf: (spanId) => spanNumbers.get(spanId)!,
      journal
    })
    Object.assign(made.weather, { now, apm, carrier, filtered, mode, priority })
    return made
  }
  let engine = makeEngine()
  void engine.start()
  let locals = Array.from({ length: 3 }, makeTrace)
  const running: Array<LiveSpan> = []
  const owing: Array<LiveSpan> = []
  const flights = new Map<number, DeliveryEngine.Given["settle"]>()
  let nextFlight = 0
  let exited = false
  /** Spans that have waited for room, and end now. */
  const admitted: Array<LiveSpan> = []

  const compare = (step: DeliveryState.Step, seen: Partial<DeliveryState.Seen> = {}): void => {
    const next = DeliveryModel.step(model, step, { ...unseen, ...seen, ...engine.look() })
    model = next.model
    if (next.problems.length > 0) assert.fail(`${step._tag}: ${next.problems.join(", ")}`)
    const books = engine.ledger.snapshot()
    const expected = DeliveryState.books(model)
    // Most steps find nothing, and to compare texts costs less.
    if (JSON.stringify(books) !== JSON.stringify(expected)) assert.deepStrictEqual(books, expected, step._tag)
    for (const each of [books, expected]) if (!Ledger.balances(each)) assert.fail(JSON.stringify(each))
  }

  /** Compares when all that follows from a step without more ado has happened, and ends the spans that waited. */
  const settle = (after: DeliveryState.Step, seen?: Partial<DeliveryState.Seen>): Effect.Effect<void> =>
    Effect.gen(function*() {
      if (limits.overflow === "backpressure") { for (let turns = 0; turns < 10; turns++) yield* Effect.yieldNow }
      compare(after, seen)
      for (const span of admitted.splice(0)) yield* endOf(span)
    })

  /** Makes a step of both, and compares. */
  const step = (step: DeliveryState.Step, act: () => unknown) =>
    Effect.suspend(() => {
      act()
      return settle(step)
    })

  const endOf = (span: LiveSpan) =>
    step({ _tag: "end", span: numberOf(span) }, () => engine.assembler.finish(span, () => engine.weather.now))

  const change = (to: Partial<DeliveryState.World>) =>
    step({ _tag: "world", world: to }, () => {
      const { known: _, to: __, way: ___, ...rest } = to
      Object.assign(engine.weather, rest)
    })

  const release = Effect.suspend(() => step({ _tag: "release" }, whole(engine.hold.release)))

  const finish = (event: SpanRecord, span: LiveSpan | undefined, redacted = false) => {
    const number = span === undefined ? undefined : numberOf(span)
    const entered = { event: eventOf(event), span: number }
    if (model.closed) return step({ ...entered, _tag: "refuse", reason: "closed" }, () => engine.refuse(span))
    return redacted
      ? step({ ...entered, _tag: "refuse", reason: "redaction" }, () => engine.router.refuse(event, "redaction", span))
      : Effect.gen(function*() {
        const wait = engine.router.finish(event, span)
        const end = Effect.sync(() => {
          if (span?.ended === false) admitted.push(span)
        })
        if (wait !== undefined) yield* Effect.forkDetach(Effect.andThen(wait, end))
        yield* settle({ ...entered, _tag: "finish" })
      })
  }

  const endSpan = (span: LiveSpan, { event, route, size }: Pick<Drawn & { _tag: "end" }, "event" | "route" | "size">) =>
    Effect.gen(function*() {
      if (span.llm && event === "later") owing.push(span)
      else if (span.llm) yield* finish(makeEvent(size, route), span, event === "redacted")
      // The end of a span waits for the room that its event waits for.
      const waits = model.line.some((entry) => entry.span === numberOf(span))
      if (!waits && !span.ended) yield* endOf(span)
    })

  const send = (
    make: (flight: number) => DeliveryState.Step,
    next: Effect.Effect<DeliveryEngine.Given | undefined>
  ) =>
    Effect.flatMap(next, (given) => {
      const flight = nextFlight++
      if (given !== undefined) flights.set(flight, given.settle)
      return settle(make(flight), given?.seen)
    })

  const sendTrace = Effect.suspend(() =>
    send((flight) => ({ _tag: "send a trace", flight }), Effect.sync(engine.nextTrace))
  )

  const sendEvents = (route: Route) =>
    send((flight) => ({ _tag: "send events", flight, route }), engine.nextEvents(route))

  const answerOne = (which: number, outcome: DeliveryState.Outcome, last: boolean) => {
    const flight = [...flights.keys()][which % Math.max(1, flights.size)]
    if (flight === undefined) return Effect.void
    const settle = flights.get(flight)!
    flights.delete(flight)
    return step({ _tag: "answer", flight, outcome, last }, () => settle(outcomeOf(outcome), last))
  }

  const end = (_tag: "close" | "exit") =>
    Effect.suspend(() => {
      flights.clear()
      exited = _tag === "exit"
      return Effect.andThen(engine[_tag], settle({ _tag }))
    })

  /** The process is gone as it stands, and another one begins. */
  const begin = Effect.gen(function*() {
    const found = file!.leave()
    exited = false
    for (const gone of [running, owing]) gone.splice(0)
    flights.clear()
    locals = locals.map(makeTrace)
    engine = makeEngine()
    yield* Effect.promise(() => journal!.opened)
    void engine.start()
    const all = found.flat().length
    // Another thread counts the events to take over.
    for (let turns = 0; engine.ledger.redelivered < all && turns < 2_000; turns++) yield* turn
    compare({ _tag: "begin", found })
  })

  const passWindow = Effect.gen(function*() {
    const due = [...model.events.values()].filter(({ copy, place }) =>
      copy !== "none" && DeliveryState.isPending(place)
    ).length
    for (let turns = 0; journal!.kept() < due && turns < 2_000; turns++) yield* turn
    compare({ _tag: "window" }, { kept: journal!.kept() })
  })

  const wait = (millis: number) =>
    Effect.gen(function*() {
      yield* TestClock.adjust(millis)
      yield* step({ _tag: "wait", millis }, () => {
        engine.weather.now += millis
        engine.assembler.sweep(engine.weather.now)
      })
    })

  const pick = <A>(from: Array<A>, which: number): A | undefined => from.splice(which % Math.max(1, from.length), 1)[0]

  const spanSteps = (drawn: Drawn): Effect.Effect<void> | undefined => {
    switch (drawn._tag) {
      case "start": {
        const trace = drawn.trace % locals.length
        const span = open(locals[trace]!, drawn.llm)
        const number = spanNumbers.size
        spanNumbers.set(span.spanId, number)
        running.push(span)
        return step({ _tag: "start", trace, span: number }, () => engine.assembler.start(span))
      }
      case "end": {
        const span = pick(running, drawn.span)
        return span === undefined ? Effect.void : endSpan(span, drawn)
      }
      case "late event": {
        const span = pick(owing, drawn.span)
        return span === undefined ? Effect.void : finish(record(10), span)
      }
      case "event without a carrier":
        return finish(makeEvent(drawn.size, drawn.route), undefined)
    }
    return undefined
  }

  const deliverySteps = (drawn: Drawn): Effect.Effect<void> => {
    switch (drawn._tag) {
      case "send a trace":
        return sendTrace
      case "send events":
        return sendEvents(drawn.route)
      case "answer":
        return answerOne(drawn.which, drawn.outcome, drawn.last)
      case "wait":
        return wait(drawn.millis)
      case "flush":
        return step({ _tag: "flush" }, whole(engine.assembler.flush))
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
      case "release":
        return release
      case "commit":
        return Effect.sync(() => {
          journal!.commit()
          compare({ _tag: "commit" }, { kept: journal!.kept() })
        })
      case "window":
        return passWindow
      case "crash":
        return begin
      case "close":
      case "exit":
        return end(drawn._tag)
    }
    return Effect.void
  }

  /** Spans can end after their layer has closed; anything else takes the next process, where there is one. */
  const run = (drawn: Drawn): Effect.Effect<void> => {
    if (exited) return file === undefined ? Effect.void : Effect.andThen(begin, Effect.suspend(() => run(drawn)))
    const done = spanSteps(drawn)
    if (done !== undefined) return done
    if (!model.closed) return deliverySteps(drawn)
    return file === undefined ? Effect.void : Effect.andThen(begin, Effect.suspend(() => deliverySteps(drawn)))
  }

  /** All spans end, everybody answers, everything is sent. */
  const drain = Effect.gen(function*() {
    yield* change({ known: true, way: "open", to: { "": "intake", other: "intake" } })
    yield* release
    for (const span of running.splice(0)) yield* endSpan(span, { event: "now", route: "", size: 10 })
    // Events that wait for room in vain give up.
    yield* wait(limits.waitMillis)
    yield* step({ _tag: "flush" }, whole(engine.assembler.flush))
    for (let rounds = 0; rounds < 1_000; rounds++) {
      yield* sendTrace
      for (const route of DeliverySchedule.routes) yield* sendEvents(route)
      if (flights.size === 0) return
      while (flights.size > 0) yield* answerOne(0, 200, false)
    }
    assert.fail("the drain did not end")
  })

  return {
    run: (steps: ReadonlyArray<Drawn>) => Effect.forEach(steps, run, { discard: true }),
    drain,
    end,
    model: () => model
  }
}
