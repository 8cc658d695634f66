/** The road of events to the intake, or to relays: one for each account. */
import { isSame, startsWith, verdict } from "./DeliveryAnswer.ts"
import { admit, sum, take } from "./DeliveryRoom.ts"
import type { Draft, Event, EventPayload, Id, Outcome, Seen } from "./DeliveryState.ts"
import { move } from "./DeliveryState.ts"

const isOverdue = (d: Draft, event: Event): boolean => d.world.now - event.offeredAt > d.limits.ageMillis

/** A payload has a bracket at each end, and a comma between two events. */
const fitsAlone = (d: Draft, event: Event): boolean => event.size + 2 <= d.limits.payloadBytes

/** Drops an event while a payload is packed: allowed only if it is too old or too large. */
const giveUp = (d: Draft, id: Id, route: string): void => {
  const event = d.events.get(id)
  const mayBe = [d.waiting, ...d.filed].some((ids) => ids.includes(id)) ||
    d.eventsAgain.some(({ ids }) => ids.includes(id))
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

export const sendEvents = (d: Draft, flight: number, route: string, seen: Seen): void => {
  const to = d.world.to[route] ?? "nobody"
  if (to === "nobody") {
    if (seen.events !== undefined) d.problems.push("events left although nobody takes any")
    return
  }
  for (const id of seen.released) {
    giveUp(d, id, route)
    // The event that gets its room can leave, or be dropped, in the same step.
    admit(d, seen.reserved, true)
  }
  const sources = [d.waiting, ...d.filed].map((ids) => ids.filter((id) => d.events.get(id)!.route === route))
  const again = d.eventsAgain.filter((payload) => payload.route === route)
  const waiting = sources.filter((source) => source.length > 0).map((source) => source.join()).join(" and ")
  if (seen.events === undefined) {
    if (again.length > 0 || waiting !== "") d.problems.push(`events were kept back: ${waiting}`)
    return
  }
  const ids = seen.events.map(({ id }) => id)
  const before = again.find((payload) => isSame(payload.ids, ids))
  const isAgain = before !== undefined
  // Each of them once, and each source in its order.
  const inOrder = sources.every((source) => startsWith(source, ids.filter((id) => source.includes(id))))
  const known = ids.every((id) => sources.some((source) => source.includes(id)))
  if (ids.length === 0 || (!isAgain && (!inOrder || !known))) {
    d.problems.push(`events ${ids.join()} left, and ${waiting} were waiting`)
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
  // Another receiver has said nothing about its route yet.
  d.flights.set(flight, { ids, route, to, rediscovered: before?.to === to && before.rediscovered })
}

export const answerEvents = (d: Draft, payload: EventPayload, outcome: Outcome, last: boolean): void => {
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
    // Even the last attempt of a program is made once more, because the Agent certainly did not pass it on.
    case "rediscover":
      if (!last || !payload.rediscovered) d.eventsAgain = [...d.eventsAgain, { ...payload, rediscovered: true }]
      return
    case "held":
      if (!last) d.eventsAgain = [...d.eventsAgain, payload]
  }
}
