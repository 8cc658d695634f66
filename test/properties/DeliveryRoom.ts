/**
 * Where an event can be held: memory has a budget, of which another account than the layer's own has a quarter at most;
 * the outbox in memory can have a bound of its own; a file takes what memory has no room for.
 */
import type { Draft, Event, Id, NewEvent, Seen, World } from "./DeliveryState.ts"
import { heldBytes, move } from "./DeliveryState.ts"

export const sum = (numbers: Iterable<number>): number => {
  let total = 0
  for (const each of numbers) total += each
  return total
}

/** The outbox takes an event when its bytes have room, and else it is gone unless somebody still has it. */
export const offer = (d: Draft, id: Id, uncertain: boolean): boolean => {
  const { bound, route } = d.events.get(id)!
  const inside = d.events.values().filter((event) =>
    event.held && event.route === route && (event.place === "outbox" || event.place === "lent")
  )
  if (sum(inside.map((event) => event.bound)) + bound > d.limits.outboxBytes) return false
  move(d, id, "outbox", { offeredAt: d.world.now, uncertain })
  d.waiting = [...d.waiting, id]
  return true
}

export const take = (d: Draft, id: Id): void => {
  d.waiting = d.waiting.filter((other) => other !== id)
  d.filed = d.filed.map((part) => part.includes(id) ? part.filter((other) => other !== id) : part)
  d.eventsAgain = d.eventsAgain.flatMap((payload) => {
    const ids = payload.ids.filter((other) => other !== id)
    return ids.length === 0 ? [] : ids.length === payload.ids.length ? [payload] : [{ ...payload, ids }]
  })
}

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
export const makeRoom = (d: Draft, event: NewEvent, given: ReadonlyArray<Id>): void => {
  const { budgetBytes, overflow } = d.limits
  const next = (): Id | undefined => {
    if (overflow !== "dropOldest" || hasRoom(d, event)) return undefined
    const routes = Object.keys(d.world.to).toSorted((a, b) => waitingBytes(d, b) - waitingBytes(d, a))
    // Others need not make room for an event whose own account has no share left.
    return waitingOf(d, event.route)[0] ?? (hasShare(d, event) ? waitingOf(d, routes[0]!)[0] : undefined)
  }
  for (const id of given) {
    const expected = Math.min(event.size, event.bound / 6) <= budgetBytes / 4 ? next() : undefined
    if (expected !== id) return void d.problems.push(`${id} was dropped to make room, not ${expected}`)
    move(d, id, "dropped.outboxFull")
    take(d, id)
  }
  const missing = given.length > 0 || event.bound <= budgetBytes / 4 ? next() : undefined
  if (missing !== undefined) d.problems.push(`${missing} was not dropped to make room`)
}

const sumOf = (d: Draft, of: (event: Event) => number): number => sum(Array.from(d.events.values(), of))

/** Whether the file takes an event. */
export const isKept = ({ limits }: Draft, event: NewEvent): boolean =>
  limits.fileBytes !== undefined && event.bound <= limits.fileBytes / 4

/** Room in memory is found out exactly; with a file, that is not worth it near the end. */
export const findRoom = (d: Draft, event: NewEvent, seen: Seen): boolean => {
  if (d.limits.fileBytes === undefined) return hasRoom(d, event)
  const reserved = seen.reserved.includes(event.id)
  const estimated = (route?: string) =>
    event.bound +
    sumOf(d, (other) => other.held && (route === undefined || other.route === route) ? other.bound : 0)
  const surely = estimated() <= d.limits.budgetBytes &&
    (event.route === "" || estimated(event.route) <= d.limits.budgetBytes / 4)
  if (reserved ? !hasRoom(d, event) : surely) d.problems.push(`${event.id} is ${reserved ? "" : "not "}held in memory`)
  return reserved
}

const rides = (world: World): boolean => world.apm && world.carrier && world.mode.startsWith("apm-")

/** An event with a place in memory waits for its chunk, or is offered. */
export const enter = (d: Draft, id: Id, span: number | undefined): void => {
  const carrier = span === undefined ? undefined : d.spans.get(span)!
  if (carrier !== undefined && !carrier.ended && d.events.get(id)!.route === "" && rides(d.world)) return
  if (offer(d, id, false)) d.events.set(id, { ...d.events.get(id)!, taken: true })
  else move(d, id, "dropped.outboxFull")
}

export const lineOf = (d: Draft, route: string) => d.line.filter(({ id }) => d.events.get(id)!.route === route)

/** A waiting event gets room as soon as there is some, the first of an account first. `more` room may still come. */
export const admit = (d: Draft, reserved: ReadonlyArray<Id>, more = false): void => {
  for (const id of reserved) {
    const entry = d.line.find((entry) => entry.id === id)
    if (entry === undefined) continue
    const event = d.events.get(id)!
    if (lineOf(d, event.route)[0] !== entry) d.problems.push(`${id} did not wait for those before it`)
    if (!hasRoom(d, event)) {
      if (more) return
      d.problems.push(`${id} was let in without room`)
    }
    d.line = d.line.filter((other) => other !== entry)
    move(d, id, "chunk", { held: true })
    enter(d, id, entry.span)
  }
  for (const route of Object.keys(d.world.to)) {
    const [first] = lineOf(d, route)
    if (first !== undefined && hasRoom(d, d.events.get(first.id)!)) {
      d.problems.push(`${first.id} waits although there is room`)
    }
  }
}
