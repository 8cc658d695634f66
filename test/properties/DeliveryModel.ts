/**
 * The required fate of every event, as plain data: the promises about delivery a second time, without the engine. A
 * step gives the next model and the faults in the observations. Where the engine is free to choose, as in how many
 * events fit into a payload, its choice is part of the observations, and the model says whether it was allowed.
 */
import { isSame, startsWith, verdict } from "./DeliveryAnswer.ts"
import { answerEvents, sendEvents } from "./DeliveryEvents.ts"
import { admit, enter, findRoom, isKept, lineOf, makeRoom, offer } from "./DeliveryRoom.ts"
import type { Draft, Event, Id, Model, NewEvent, Outcome, Seen, SeenSpan, Step, TracePayload } from "./DeliveryState.ts"
import * as DeliveryState from "./DeliveryState.ts"
import { heldBytes, isPending, move } from "./DeliveryState.ts"

const finish = (d: Draft, event: NewEvent, span: number | undefined, seen: Seen): void => {
  const kept = isKept(d, event)
  if (!kept) makeRoom(d, event, seen.released.filter((id) => id !== event.id))
  const held = findRoom(d, event, seen)
  const isLine = d.limits.overflow === "backpressure" && (!held || lineOf(d, event.route).length > 0)
  const copy = kept ? "open" : "none"
  const made: Omit<Event, "place"> = {
    ...event,
    held,
    copy,
    taken: false,
    madeAt: d.world.now,
    offeredAt: 0,
    uncertain: false
  }
  const carrier = span === undefined ? undefined : d.spans.get(span)!
  if (carrier !== undefined) d.spans.set(span!, { ...carrier, event: event.id })
  if (isLine) {
    d.events.set(event.id, { ...made, held: false, place: "line" })
    d.line = [...d.line, { id: event.id, span, until: d.world.now + d.limits.waitMillis }]
    return
  }
  if (!held && !kept) return void d.events.set(event.id, { ...made, place: "dropped.outboxFull" })
  if (!held) {
    d.events.set(event.id, { ...made, place: "file", taken: true, offeredAt: d.world.now })
    d.filed = [[...d.filed[0] ?? [], event.id], ...d.filed.slice(1)]
    return
  }
  d.events.set(event.id, { ...made, place: "chunk" })
  enter(d, event.id, span)
}

/** The table of rescue, for an event that waits in its chunk: whether it rides. */
const decide = (d: Draft, id: Id): boolean => {
  const { apm, carrier, filtered, mode, priority } = d.world
  const nothingToRideOn = !apm || !carrier || mode.startsWith("llmobs-")
  const lostBehindUs = mode === "apm-agent" && (priority <= 0 || filtered)
  const tooLarge = d.events.get(id)!.bound > 1_000_000
  if (!nothingToRideOn && !lostBehindUs && !tooLarge) {
    move(d, id, "trace")
    return true
  }
  if (offer(d, id, false)) {
    d.events.set(id, { ...d.events.get(id)!, taken: true })
    return false
  }
  if (nothingToRideOn || lostBehindUs) {
    move(d, id, "dropped.outboxFull")
    return false
  }
  d.lastChance++
  move(d, id, "trace")
  return true
}

/** Finished spans of a trace are decided, in the order of their start. */
const route = (d: Draft, spans: ReadonlyArray<number>): void => {
  const seen = spans.toSorted((a, b) => a - b).map((span): SeenSpan => {
    const id = d.spans.get(span)!.event
    const rider = id !== undefined && d.events.get(id)!.place === "chunk" && decide(d, id) ? id : undefined
    return { span, rider, submitted: id !== undefined && d.events.get(id)!.taken }
  })
  if (!d.world.apm || d.closed) return
  d.routed.push(seen)
  if (d.world.way === "open" && d.tracesAgain.length === 0 && d.packed === d.queue.length) d.packed++
  d.queue = [...d.queue, d.chunks.length]
  d.chunks = [...d.chunks, seen.flatMap(({ rider }) => rider ?? [])]
}

/** Decides the chunks that wait for a receiver of traces, in their order. */
const routeUndecided = (d: Draft, keep: number): void => {
  const { undecided } = d
  d.undecided = undecided.slice(undecided.length - keep)
  for (const spans of undecided.slice(0, undecided.length - keep)) route(d, spans)
}

/** A trace's finished spans leave, and are decided at once when it is known who takes traces. */
const leave = (d: Draft, number: number): void => {
  const trace = d.traces.get(number)!
  d.unsent = d.unsent.filter((other) => other !== number)
  d.traces.set(number, { ...trace, finished: [] })
  // The chunks before this one leave first, two at a time.
  if (d.world.known) routeUndecided(d, Math.max(0, d.undecided.length - 2))
  if (d.world.known && d.undecided.length === 0) return route(d, trace.finished)
  d.undecided = [...d.undecided, trace.finished]
  if (d.undecided.length > d.limits.maxHeld) routeUndecided(d, d.limits.maxHeld)
}

const end = (d: Draft, number: number): void => {
  const span = d.spans.get(number)!
  d.spans.set(number, { ...span, ended: true })
  const before = d.traces.get(span.trace)!
  const finished = [...before.finished, number]
  const oldest = before.finished.length === 0 ? d.world.now : before.oldest
  d.traces.set(span.trace, { open: before.open - 1, finished, oldest })
  if (before.open === 1 || finished.length >= d.limits.minSpans) leave(d, span.trace)
  else if (finished.length === 1) d.unsent = [...d.unsent, span.trace]
}

/** A trace that was not taken gives its events to the outbox, and is thrown away in the same step. */
const handOver = (d: Draft, chunks: ReadonlyArray<number>, uncertain: boolean): void => {
  for (const id of chunks.flatMap((chunk) => d.chunks[chunk]!)) {
    if (uncertain) d.possibleDuplicates++
    if (!offer(d, id, uncertain)) move(d, id, "dropped.outboxFull")
  }
}

const handOverAll = (d: Draft): void => {
  handOver(d, [...d.tracesAgain.flatMap(({ chunks }) => chunks), ...d.queue], false)
  d.tracesAgain = []
  d.queue = []
  d.packed = 0
}

const sendTrace = (d: Draft, flight: number, chunks: ReadonlyArray<number> | undefined): void => {
  const { maxChunks } = d.limits
  if (d.world.way === "give up") handOverAll(d)
  const over = d.queue.slice(d.packed, Math.max(d.packed, d.queue.length - maxChunks))
  d.queue = d.queue.toSpliced(d.packed, over.length)
  handOver(d, over, false)
  if (d.world.way !== "open") {
    if (chunks !== undefined) d.problems.push("a trace left although nobody takes any")
    return
  }
  if (chunks === undefined) {
    if (d.queue.length + d.tracesAgain.length > 0) d.problems.push("traces were kept back")
    return
  }
  const again = d.tracesAgain.find((payload) => isSame(payload.chunks, chunks))
  if (again !== undefined) d.tracesAgain = d.tracesAgain.filter((payload) => payload !== again)
  else if (chunks.length > 0 && startsWith(d.queue, chunks)) {
    d.queue = d.queue.slice(chunks.length)
    d.packed = Math.max(0, d.packed - chunks.length)
  } else d.problems.push(`chunks ${chunks.join()} left, and ${d.queue.join()} were waiting`)
  d.flights.set(flight, again ?? { chunks, attempts: 0 })
}

const answerTrace = (d: Draft, payload: TracePayload, outcome: Outcome, last: boolean): void => {
  const { attempts, chunks } = payload
  const middle = Math.floor(chunks.length / 2)
  switch (verdict("traces", outcome)) {
    case "delivered":
      for (const id of chunks.flatMap((chunk) => d.chunks[chunk]!)) move(d, id, "agent")
      return
    case "open":
      return handOver(d, chunks, true)
    case "refused":
      return handOver(d, chunks, false)
    case "split":
      if (chunks.length === 1) return handOver(d, chunks, false)
      d.tracesAgain = [
        ...d.tracesAgain,
        { chunks: chunks.slice(0, middle), attempts },
        { chunks: chunks.slice(middle), attempts }
      ]
      return
    case "held":
      if (last || attempts + 1 >= d.limits.maxAttempts) return handOver(d, chunks, false)
      d.tracesAgain = [...d.tracesAgain, { chunks, attempts: attempts + 1 }]
  }
}

/** Drops and counts the events in memory alone, in order. Events in the file wait for the next process. */
const exit = (d: Draft): void => {
  d.line = []
  const { length } = d.settled
  for (const event of d.events.values()) {
    if (!isPending(event.place)) continue
    if (event.copy === "none") move(d, event.id, "dropped.shutdown")
    else if (event.place !== "file") move(d, event.id, "file", { held: false })
  }
  commit(d)
  // Memory goes with the process: nobody gives its bytes back.
  d.settled.splice(length)
  d.flights.clear()
  d.closed = true
}

/** First all that waits for its trace is offered. */
const close = (d: Draft): void => {
  for (const trace of d.unsent) leave(d, trace)
  routeUndecided(d, 0)
  handOverAll(d)
  exit(d)
}

const commit = (d: Draft): void => {
  for (const event of d.events.values()) {
    if (event.copy === "open") d.events.set(event.id, { ...event, copy: isPending(event.place) ? "committed" : "none" })
  }
}

const passWindow = (d: Draft): void => {
  for (const event of d.events.values()) {
    if (event.copy === "open" && isPending(event.place)) d.events.set(event.id, { ...event, copy: "committed" })
  }
}

/** A new process has the events that the file had, and nothing else. */
const begin = (d: Draft, found: ReadonlyArray<ReadonlyArray<Id>>): void => {
  const ids = found.flat()
  const events = new Map<Id, Event>()
  for (const id of ids) {
    const event = d.events.get(id)
    if (event === undefined || event.copy === "none") d.problems.push(`${id} was found, and the file cannot have it`)
    else if (events.has(id)) d.problems.push(`${id} was found twice`)
    else {
      events.set(id, {
        ...event,
        place: "file",
        held: false,
        copy: "committed",
        taken: false,
        offeredAt: event.madeAt,
        uncertain: false
      })
    }
  }
  for (const { copy, id } of d.events.values()) {
    if (copy === "committed" && !events.has(id)) d.problems.push(`${id} was committed, and was not found`)
  }
  Object.assign(d, DeliveryState.make(d.limits, d.world), { events, filed: [[], ...found], redelivered: events.size })
}

const apply = (d: Draft, step: Step, seen: Seen): void => {
  switch (step._tag) {
    case "start": {
      const trace = d.traces.get(step.trace) ?? { open: 0, finished: [], oldest: 0 }
      d.traces.set(step.trace, { ...trace, open: trace.open + 1 })
      d.spans.set(step.span, { trace: step.trace, ended: false, event: undefined })
      return
    }
    case "finish":
      return finish(d, step.event, step.span, seen)
    case "refuse": {
      const made = {
        ...step.event,
        held: false,
        copy: "none" as const,
        taken: false,
        madeAt: d.world.now,
        offeredAt: 0,
        uncertain: false
      }
      d.events.set(step.event.id, { ...made, place: `dropped.${step.reason}` })
      return
    }
    case "end":
      return end(d, step.span)
    case "send a trace":
      return sendTrace(d, step.flight, seen.traces)
    case "send events":
      return sendEvents(d, step.flight, step.route, seen)
    case "answer": {
      const payload = d.flights.get(step.flight)!
      d.flights.delete(step.flight)
      return "ids" in payload
        ? answerEvents(d, payload, step.outcome, step.last)
        : answerTrace(d, payload, step.outcome, step.last)
    }
    case "wait":
      d.world = { ...d.world, now: d.world.now + step.millis }
      for (const { id } of d.line.filter(({ until }) => until <= d.world.now)) move(d, id, "dropped.outboxFull")
      d.line = d.line.filter(({ until }) => until > d.world.now)
      for (const trace of d.unsent) {
        if (d.traces.get(trace)!.oldest + d.limits.chunkMillis <= d.world.now) leave(d, trace)
      }
      return
    case "flush":
      for (const trace of d.unsent) leave(d, trace)
      return
    case "world":
      d.world = { ...d.world, ...step.world }
      return
    case "release":
      return routeUndecided(d, 0)
    case "close":
      return close(d)
    case "exit":
      return exit(d)
    case "commit":
      return commit(d)
    case "window":
      return passWindow(d)
    case "begin":
      return begin(d, step.found)
  }
}

/** Makes a step: the next model, and all that was wrong with what was seen. */
export const step = (
  self: Model,
  step: Step,
  seen: Seen
): { readonly model: Model; readonly problems: ReadonlyArray<string> } => {
  const d = DeliveryState.draft(self)
  apply(d, step, seen)
  admit(d, seen.reserved)
  const { aside, problems, routed, settled, ...model } = d
  const differs = (what: string, ours: unknown, theirs: unknown) => {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
    if (a !== b) problems.push(`${what}: ${a} expected, ${b} seen`)
  }
  differs("chunks", routed, seen.chunks)
  differs("released", settled.toSorted(), seen.released.toSorted())
  differs("set aside", aside.toSorted(), seen.setAside.toSorted())
  if (seen.kept !== undefined) {
    differs(
      "kept",
      model.events.values().filter(({ copy, place }) => copy !== "none" && isPending(place)).toArray().length,
      seen.kept
    )
  }
  const held = heldBytes(model)
  const { budgetBytes, fileBytes } = model.limits
  // Events that come back from the file have bytes of their own.
  const most = held === 0 ? 0 : budgetBytes
  if (!model.closed && (seen.used < held || (fileBytes === undefined && seen.used > most))) {
    problems.push(`${seen.used} bytes are reserved for ${held}, of ${budgetBytes}`)
  }
  return { model, problems }
}
