/**
 * Where every event is, and all else that the promises about delivery speak of, as plain data.
 */
import type { DropReason, Ledger } from "../../src/domain/delivery/Ledger.ts"

export type Id = string

/** `line` waits for room in memory. `lent` is in a payload to the intake: under way, to be sent again, or left by a last attempt. */
export type Pending = "line" | "chunk" | "trace" | "outbox" | "lent" | "file"
export type Settled = "agent" | "intake" | "relay" | `dropped.${DropReason}`

/** Where an event can go from where it is. The outbox is the only way from one road to the other, and never back. */
const moves: { readonly [from in Pending]: ReadonlyArray<Pending | Settled> } = {
  line: ["chunk", "dropped.outboxFull", "dropped.shutdown"],
  chunk: ["trace", "outbox", "file", "dropped.outboxFull", "dropped.shutdown"],
  trace: ["agent", "outbox", "file", "dropped.outboxFull", "dropped.shutdown"],
  outbox: ["lent", "file", "dropped.outboxFull", "dropped.expired", "dropped.oversized", "dropped.shutdown"],
  lent: [
    "intake",
    "relay",
    "outbox",
    "file",
    "dropped.expired",
    "dropped.oversized",
    "dropped.refused",
    "dropped.shutdown"
  ],
  file: ["lent", "outbox", "dropped.expired", "dropped.oversized"]
}

export const isPending = (place: Pending | Settled): place is Pending => place in moves

/** `bound` is what an event's size is estimated at, `size` what it is: bytes. `route` is `""` for the layer's own account. */
export interface NewEvent {
  readonly id: Id
  readonly bound: number
  readonly size: number
  readonly route: string
}

export interface Event extends NewEvent {
  readonly place: Pending | Settled
  /** Whether memory holds it. */
  readonly held: boolean
  /** Whether the file has it: not, perhaps, or for certain, and whatever became of it since. */
  readonly copy: "none" | "open" | "committed"
  readonly madeAt: number
  /** Whether the outbox took it when its span or its chunk was decided: its span says so. */
  readonly taken: boolean
  readonly offeredAt: number
  /** Whether it was sent, and nobody knows whether it arrived. */
  readonly uncertain: boolean
}

interface Span {
  readonly trace: number
  readonly ended: boolean
  readonly event: Id | undefined
}

interface Trace {
  readonly open: number
  readonly finished: ReadonlyArray<number>
  readonly oldest: number
}

export interface TracePayload {
  readonly chunks: ReadonlyArray<number>
  readonly attempts: number
}

export interface EventPayload {
  readonly ids: ReadonlyArray<Id>
  readonly route: string
  readonly to: "evp" | "intake" | "relay"
  /** Whether an Agent has answered that it does not have this route. */
  readonly rediscovered: boolean
}

export interface Limits {
  readonly budgetBytes: number
  /** The fate of an event without room: it is dropped, the oldest that wait are, or its span waits to end. */
  readonly overflow: "dropNewest" | "dropOldest" | "backpressure"
  readonly waitMillis: number
  readonly outboxBytes: number
  readonly minSpans: number
  readonly chunkMillis: number
  readonly maxChunks: number
  /** Chunks that wait until a receiver of traces is found. */
  readonly maxHeld: number
  readonly maxAttempts: number
  readonly payloadBytes: number
  readonly ageMillis: number
  /** The size of the file that outlives the process, if there is one: a quarter of it is what an event has at most. */
  readonly fileBytes: number | undefined
}

export interface World {
  readonly now: number
  readonly mode: "apm-agent" | "apm-agentless" | "llmobs-agent-proxy" | "llmobs-agentless"
  readonly carrier: boolean
  readonly apm: boolean
  readonly filtered: boolean
  readonly priority: number
  /** Whether the receiver of traces is known. */
  readonly known: boolean
  /** The way of traces. */
  readonly way: "open" | "wait" | "give up"
  /** The receiver that takes events now, by route. */
  readonly to: { readonly [route: string]: EventPayload["to"] | "nobody" }
}

export interface Model {
  readonly limits: Limits
  readonly world: World
  readonly closed: boolean
  readonly events: ReadonlyMap<Id, Event>
  readonly spans: ReadonlyMap<number, Span>
  readonly traces: ReadonlyMap<number, Trace>
  /** Traces of which finished spans wait, in the order in which they began to. */
  readonly unsent: ReadonlyArray<number>
  /** Parts of traces that wait to be decided, until the receiver of traces is known. */
  readonly undecided: ReadonlyArray<ReadonlyArray<number>>
  /** The riders of each chunk that went to the traces' road. */
  readonly chunks: ReadonlyArray<ReadonlyArray<Id>>
  readonly queue: ReadonlyArray<number>
  /** How many of them are packed, the first ones. They wait for a request, and no others crowd them out. */
  readonly packed: number
  readonly tracesAgain: ReadonlyArray<TracePayload>
  /** Events whose span waits for room in memory, in the order in which they came. */
  readonly line: ReadonlyArray<{ readonly id: Id; readonly span: number | undefined; readonly until: number }>
  readonly waiting: ReadonlyArray<Id>
  /** The events that the file alone has: this process's, then each ended process's, by the parts of the file. */
  readonly filed: ReadonlyArray<ReadonlyArray<Id>>
  readonly eventsAgain: ReadonlyArray<EventPayload>
  readonly flights: ReadonlyMap<number, TracePayload | EventPayload>
  readonly possibleDuplicates: number
  readonly lastChance: number
  readonly redelivered: number
}

export type Outcome = number | "no connection" | "reset after bytes"

export type Step =
  | { readonly _tag: "start"; readonly trace: number; readonly span: number }
  | { readonly _tag: "finish"; readonly event: NewEvent; readonly span: number | undefined }
  | {
    readonly _tag: "refuse"
    readonly event: NewEvent
    readonly reason: DropReason
    readonly span: number | undefined
  }
  | { readonly _tag: "end"; readonly span: number }
  | { readonly _tag: "send a trace"; readonly flight: number }
  | { readonly _tag: "send events"; readonly flight: number; readonly route: string }
  | { readonly _tag: "answer"; readonly flight: number; readonly outcome: Outcome; readonly last: boolean }
  | { readonly _tag: "wait"; readonly millis: number }
  | { readonly _tag: "flush" }
  | { readonly _tag: "world"; readonly world: Partial<World> }
  /** Whatever waits for somebody who takes traces is decided, as when an Agent was found. */
  | { readonly _tag: "release" }
  /** The layer is closed, and nobody takes anything any more; or the process ends without that. */
  | { readonly _tag: "close" }
  | { readonly _tag: "exit" }
  /** Everything that the file was asked to keep and to forget is done. */
  | { readonly _tag: "commit" }
  /** The commit window has passed: everything that the file was asked to keep is kept. */
  | { readonly _tag: "window" }
  /** The process is gone, in order or not, and the next one finds these events in the file, in this order. */
  | { readonly _tag: "begin"; readonly found: ReadonlyArray<ReadonlyArray<Id>> }

export interface SeenSpan {
  readonly span: number
  readonly rider: Id | undefined
  readonly submitted: boolean
}

/** The observations of the engine in one step. */
export interface Seen {
  /** The chunks that went to the traces' road. */
  readonly chunks: ReadonlyArray<ReadonlyArray<SeenSpan>>
  /** The payload that a lane gave out, by the numbers of its chunks. */
  readonly traces: ReadonlyArray<number> | undefined
  readonly events: ReadonlyArray<{ readonly id: Id; readonly uncertain: boolean }> | undefined
  /** The events that found room in memory. */
  readonly reserved: ReadonlyArray<Id>
  /** The events whose bytes were given back. */
  readonly released: ReadonlyArray<Id>
  /** The events that somebody was told of, since nobody takes them. */
  readonly setAside: ReadonlyArray<Id>
  /** How many events the file says to keep, when it was asked. */
  readonly kept: number | undefined
  /** The bytes that are reserved after the step. */
  readonly used: number
}

export const make = (limits: Limits, world: World): Model => ({
  limits,
  world,
  closed: false,
  events: new Map(),
  spans: new Map(),
  traces: new Map(),
  unsent: [],
  undecided: [],
  chunks: [],
  queue: [],
  packed: 0,
  tracesAgain: [],
  line: [],
  waiting: [],
  filed: [],
  eventsAgain: [],
  flights: new Map(),
  possibleDuplicates: 0,
  lastChance: 0,
  redelivered: 0
})

/** The books, from the places of all events. */
export const books = (self: Model): Ledger => {
  const counts: { [place in Event["place"]]?: number } = {}
  for (const { place } of self.events.values()) counts[place] = (counts[place] ?? 0) + 1
  const count = (place: Event["place"]) => counts[place] ?? 0
  return {
    enqueued: self.events.size,
    pending: {
      chunk: count("line") + count("chunk"),
      payload: count("trace"),
      outbox: count("outbox") + count("lent") + count("file")
    },
    delivered: { agent: count("agent"), intake: count("intake") },
    transferred: count("relay"),
    dropped: {
      outboxFull: count("dropped.outboxFull"),
      expired: count("dropped.expired"),
      redaction: count("dropped.redaction"),
      refused: count("dropped.refused"),
      closed: count("dropped.closed"),
      shutdown: count("dropped.shutdown"),
      oversized: count("dropped.oversized"),
      failed: count("dropped.failed")
    },
    possibleDuplicates: self.possibleDuplicates,
    lastChance: self.lastChance,
    redelivered: self.redelivered
  }
}

/** A step's own copy of the model, and what it found. */
export type Draft =
  & { -readonly [K in keyof Model]: Model[K] }
  & {
    events: Map<Id, Event>
    spans: Map<number, Span>
    traces: Map<number, Trace>
    flights: Map<number, TracePayload | EventPayload>
    readonly routed: Array<ReadonlyArray<SeenSpan>>
    readonly settled: Array<Id>
    readonly aside: Array<Id>
    readonly problems: Array<string>
  }

export const move = (d: Draft, id: Id, place: Event["place"], more: Partial<Event> = {}): void => {
  const event = d.events.get(id)!
  if (!isPending(event.place) || !moves[event.place].includes(place)) {
    d.problems.push(`${id} went from ${event.place} to ${place}`)
  }
  const settles = !isPending(place)
  if (settles && event.place !== "line") d.settled.push(id)
  // The file forgets a settled event later.
  const copy = settles && event.copy === "committed" ? "open" : event.copy
  d.events.set(id, { ...event, copy, ...more, place, held: (more.held ?? event.held) && !settles })
}

/** The bytes that memory holds for certain, of all accounts or of one. */
export const heldBytes = (d: Pick<Model, "events">, route?: string): number => {
  let total = 0
  for (const event of d.events.values()) {
    if (event.held && (route === undefined || event.route === route)) total += Math.min(event.bound, event.size)
  }
  return total
}

/** A copy for a step to change. */
export const draft = (self: Model): Draft => ({
  ...self,
  events: new Map(self.events),
  spans: new Map(self.spans),
  traces: new Map(self.traces),
  flights: new Map(self.flights),
  routed: [],
  settled: [],
  aside: [],
  problems: []
})
