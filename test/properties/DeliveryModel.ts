/**
 * What must become of every event, as plain data: the promises about delivery said a second time, without the engine. A
 * step gives the next model and what was wrong with what was seen. Where the engine is free to choose, as in how many
 * events fit into a payload, its choice is part of what was seen, and the model says whether it was allowed.
 */
import type {
  Draft,
  Event,
  EventPayload,
  Id,
  Model,
  NewEvent,
  Outcome,
  Seen,
  SeenSpan,
  Step,
  TracePayload,
  World
} from "./DeliveryState.ts"
import * as DeliveryState from "./DeliveryState.ts"
import { heldBytes, isPending, move, sum } from "./DeliveryState.ts"

/** What an answer says about what was sent. Whatever does not arrive and may be sent again on this road is `held`. */
const verdict = (to: "traces" | EventPayload["to"], outcome: Outcome) => {
  if (outcome === "no connection") return "held"
  if (outcome === "reset after bytes" || outcome === 502 || outcome === 504) return "open"
  if (outcome >= 200 && outcome <= 299) return "delivered"
  if (outcome === 400 || outcome === 413) return "split"
  if (outcome >= 500 || [408, 425, 429].includes(outcome)) return "held"
  if (to === "traces") return "refused"
  if (outcome < 400 || [401, 403, 407].includes(outcome)) return "held"
  return to === "evp" && (outcome === 404 || outcome === 405) ? "held" : "refused"
}

/** The outbox takes an event when its bytes have room, and else it is gone unless somebody still has it. */
const offer = (d: Draft, id: Id, uncertain: boolean): boolean => {
  const { bound, route } = d.events.get(id)!
  const inside = d.events.values().filter((event) =>
    event.route === route && (event.place === "outbox" || event.place === "lent")
  )
  if (sum(inside.map((event) => event.bound)) + bound > d.limits.outboxBytes) return false
  move(d, id, "outbox", { offeredAt: d.world.now, uncertain })
  d.waiting = [...d.waiting, id]
  return true
}

const rides = (world: World): boolean => world.apm && world.carrier && world.mode.startsWith("apm-")

const sizeOf = (event: NewEvent): number => Math.min(event.bound, event.size)

/** Another account than the layer's own has a quarter of the memory at most. */
const hasShare = (d: Draft, event: NewEvent): boolean =>
  event.route === "" || heldBytes(d, event.route) + sizeOf(event) <= d.limits.budgetBytes / 4

const hasRoom = (d: Draft, event: NewEvent): boolean =>
  hasShare(d, event) && heldBytes(d) + sizeOf(event) <= d.limits.budgetBytes

const waitingOf = (d: Draft, route: string): ReadonlyArray<Id> =>
  d.waiting.filter((id) => d.events.get(id)!.route === route)

const waitingBytes = (d: Draft, route: string): number => sum(waitingOf(d, route).map((id) => d.events.get(id)!.bound))

/**
 * Room for an event is made by dropping the oldest that wait: of the same account first, then of whoever has most. One
 * that needs more than a quarter of the memory is not worth it; as long as that is an estimate, it is the engine's choice.
 */
const makeRoom = (d: Draft, event: NewEvent, given: ReadonlyArray<Id>): void => {
  const { budgetBytes, overflow } = d.limits
  const next = (): Id | undefined => {
    if (overflow !== "dropOldest" || hasRoom(d, event)) return undefined
    const routes = Object.keys(d.world.to).toSorted((a, b) => waitingBytes(d, b) - waitingBytes(d, a))
    return waitingOf(d, event.route)[0] ?? waitingOf(d, routes[0]!)[0]
  }
  for (const id of given) {
    const expected = Math.min(event.size, event.bound / 6) <= budgetBytes / 4 ? next() : undefined
    if (expected !== id) return void d.problems.push(`${id} was dropped to make room, not ${expected}`)
    move(d, id, "dropped.outboxFull")
    take(d, id)
  }
  const missing = given.length > 0 || event.bound <= budgetBytes / 4 ? next() : undefined
  // Others need not make room for an event whose own account has no share left.
  const isIdle = missing !== undefined && !hasShare(d, event) && d.events.get(missing)!.route !== event.route
  if (missing !== undefined && !isIdle) d.problems.push(`${missing} was not dropped to make room`)
}

const finish = (d: Draft, event: NewEvent, span: number | undefined, seen: Seen): void => {
  makeRoom(d, event, seen.released.filter((id) => id !== event.id))
  const held = hasRoom(d, event)
  d.events.set(event.id, { ...event, place: "chunk", held, taken: false, offeredAt: 0, uncertain: false })
  const carrier = span === undefined ? undefined : d.spans.get(span)!
  if (carrier !== undefined) d.spans.set(span!, { ...carrier, event: event.id })
  if (!held) return move(d, event.id, "dropped.outboxFull")
  if (carrier !== undefined && !carrier.ended && event.route === "" && rides(d.world)) return
  if (offer(d, event.id, false)) d.events.set(event.id, { ...d.events.get(event.id)!, taken: true })
  else move(d, event.id, "dropped.outboxFull")
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
  d.queue = [...d.queue, d.chunks.length]
  d.chunks = [...d.chunks, seen.flatMap(({ rider }) => rider ?? [])]
}

/** What waits for somebody who takes traces is decided in its order. */
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
}

const startsWith = <A>(all: ReadonlyArray<A>, start: ReadonlyArray<A>) => start.every((each, i) => all[i] === each)

const isSame = <A>(a: ReadonlyArray<A>, b: ReadonlyArray<A>) => a.length === b.length && startsWith(a, b)

const sendTrace = (d: Draft, flight: number, chunks: ReadonlyArray<number> | undefined): void => {
  const { maxChunks } = d.limits
  if (d.world.way === "give up") handOverAll(d)
  const over = d.queue.slice(0, Math.max(0, d.queue.length - maxChunks))
  d.queue = d.queue.slice(over.length)
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
  else if (chunks.length > 0 && startsWith(d.queue, chunks)) d.queue = d.queue.slice(chunks.length)
  else d.problems.push(`chunks ${chunks.join()} left, and ${d.queue.join()} were waiting`)
  d.flights.set(flight, again ?? { chunks, attempts: 0 })
}

const isOverdue = (d: Draft, event: Event): boolean => d.world.now - event.offeredAt > d.limits.ageMillis

/** A payload has a bracket at each end, and a comma between two events. */
const fitsAlone = (d: Draft, event: Event): boolean => event.size + 2 <= d.limits.payloadBytes

const take = (d: Draft, id: Id): void => {
  d.waiting = d.waiting.filter((other) => other !== id)
  d.eventsAgain = d.eventsAgain.flatMap((payload) => {
    const ids = payload.ids.filter((other) => other !== id)
    return ids.length === 0 ? [] : ids.length === payload.ids.length ? [payload] : [{ ...payload, ids }]
  })
}

/** What was given up while a payload was packed: only what is too old or too large may be. */
const giveUp = (d: Draft, id: Id, route: string): void => {
  const event = d.events.get(id)
  const mayBe = d.waiting.includes(id) || d.eventsAgain.some(({ ids }) => ids.includes(id))
  if (event === undefined || !mayBe || event.route !== route) {
    d.problems.push(`${id} was given up, and did not wait here`)
    return
  }
  if (isOverdue(d, event)) move(d, id, "dropped.expired")
  else if (!fitsAlone(d, event)) {
    move(d, id, "dropped.oversized")
    d.aside.push(id)
  } else d.problems.push(`${id} was given up for nothing`)
  take(d, id)
}

const sendEvents = (d: Draft, flight: number, route: string, seen: Seen): void => {
  const to = d.world.to[route] ?? "nobody"
  if (to === "nobody") {
    if (seen.events !== undefined) d.problems.push("events left although nobody takes any")
    return
  }
  for (const id of seen.released) giveUp(d, id, route)
  const waiting = waitingOf(d, route)
  const again = d.eventsAgain.filter((payload) => payload.route === route)
  if (seen.events === undefined) {
    if (waiting.length + again.length > 0) d.problems.push(`events were kept back: ${waiting.join()}`)
    return
  }
  const ids = seen.events.map(({ id }) => id)
  const isAgain = again.some((payload) => isSame(payload.ids, ids))
  if (ids.length === 0 || (!isAgain && !startsWith(waiting, ids))) {
    d.problems.push(`events ${ids.join()} left, and ${waiting.join()} were waiting`)
  }
  const size = sum(ids.map((id) => d.events.get(id)!.size + 1)) + 1
  if (size > d.limits.payloadBytes) d.problems.push(`a payload has ${size} bytes`)
  for (const { id, uncertain } of seen.events) {
    const event = d.events.get(id)!
    if (isOverdue(d, event)) d.problems.push(`${id} left although it was too old`)
    if (uncertain !== event.uncertain) d.problems.push(`${id} is ${uncertain ? "" : "not "}said to be uncertain`)
    take(d, id)
    if (!isAgain) move(d, id, "lent")
  }
  d.flights.set(flight, { ids, route, to })
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

const answerEvents = (d: Draft, payload: EventPayload, outcome: Outcome, last: boolean): void => {
  const { ids, to } = payload
  const middle = Math.floor(ids.length / 2)
  const refuse = (reason: "dropped.refused" | "dropped.oversized") => {
    for (const id of ids) {
      d.aside.push(id)
      move(d, id, reason)
    }
  }
  switch (verdict(to, outcome)) {
    case "delivered":
      for (const id of ids) move(d, id, to === "relay" ? "relay" : "intake")
      return
    case "refused":
      return refuse("dropped.refused")
    case "split":
      if (ids.length === 1) return refuse(outcome === 413 ? "dropped.oversized" : "dropped.refused")
      d.eventsAgain = [
        ...d.eventsAgain,
        { ...payload, ids: ids.slice(0, middle) },
        { ...payload, ids: ids.slice(middle) }
      ]
      return
    case "open":
      d.possibleDuplicates += ids.length
      for (const id of ids) d.events.set(id, { ...d.events.get(id)!, uncertain: true })
      if (!last) d.eventsAgain = [...d.eventsAgain, payload]
      return
    case "held":
      if (!last) d.eventsAgain = [...d.eventsAgain, payload]
  }
}

/** What is held in memory alone is lost in order: it is said, and counted. */
const close = (d: Draft): void => {
  for (const trace of d.unsent) leave(d, trace)
  routeUndecided(d, 0)
  handOverAll(d)
  for (const event of d.events.values()) if (isPending(event.place)) move(d, event.id, "dropped.shutdown")
  d.settled.splice(0)
  d.flights.clear()
  d.closed = true
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
      const made = { ...step.event, held: false, taken: false, offeredAt: 0, uncertain: false }
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
      for (const trace of d.unsent) {
        if (d.traces.get(trace)!.oldest + d.limits.chunkMillis <= d.world.now) leave(d, trace)
      }
      return
    case "flush":
      for (const trace of d.unsent) leave(d, trace)
      return
    case "world":
      d.world = { ...d.world, ...step.world }
      if (d.world.known) routeUndecided(d, 0)
      return
    case "close":
      return close(d)
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
  const { aside, problems, routed, settled, ...model } = d
  const differs = (what: string, ours: unknown, theirs: unknown) => {
    const [a, b] = [JSON.stringify(ours), JSON.stringify(theirs)]
    if (a !== b) problems.push(`${what}: ${a} expected, ${b} seen`)
  }
  differs("chunks", routed, seen.chunks)
  differs("released", settled.toSorted(), seen.released.toSorted())
  differs("set aside", aside.toSorted(), seen.setAside.toSorted())
  const held = heldBytes(model)
  if (!model.closed && (seen.used < held || seen.used > model.limits.budgetBytes || (held === 0 && seen.used > 0))) {
    problems.push(`${seen.used} bytes are reserved for ${held}, of ${model.limits.budgetBytes}`)
  }
  return { model, problems }
}
