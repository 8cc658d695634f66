/**
 * The comparison, event by event, of what the callers sent and the program saw with what the Agent holds and the books
 * say. Plain functions: what they are given is all they know.
 */
import type { Conversation, Label } from "./Conversations.ts"
import { spanNames } from "./Conversations.ts"
import type { Answered } from "./Driver.ts"
import type { Sighting } from "./Witness.ts"

export type Route = "rode" | "rescued"

/** An event as the Agent holds it. Labels are `undefined` when the event has none. */
export interface Held {
  readonly route: Route | "sent straight to the intake"
  readonly spanId: string
  readonly traceId: string
  readonly apmTraceId: string
  readonly parentId: string
  readonly name: string
  readonly session: string | undefined
  readonly userId: string | undefined
  readonly accountId: string | undefined
}

/** The books of the program, in events. */
export interface Books {
  readonly delivered: number
  readonly rode: number
  readonly rescued: number
  readonly dropped: number
  readonly pending: number
}

/** All that is compared. `answered` has the conversations that ran to an answer, good or bad. */
export interface Sides {
  readonly conversations: ReadonlyArray<Conversation>
  readonly answered: ReadonlyArray<Answered>
  readonly sightings: ReadonlyArray<Sighting>
  readonly held: ReadonlyArray<Held>
  readonly books: Books
}

const show = (value: unknown): string => value === undefined ? "none" : String(value)

const groupBy = <A>(list: ReadonlyArray<A>, key: (item: A) => string): ReadonlyMap<string, ReadonlyArray<A>> =>
  Map.groupBy(list, key)

const differences = (
  what: string,
  rows: ReadonlyArray<readonly [name: string, expected: unknown, found: unknown]>
): ReadonlyArray<string> =>
  rows.flatMap(([name, expected, found]) =>
    expected === found ? [] : [`${what}: ${name} is ${show(found)}, not ${show(expected)}`]
  )

/** The span's place decides where its labels come from: the first has them from outside, the others from it. */
const sourceOf = (label: Label | undefined, sighting: Sighting): string | undefined =>
  label === undefined ? undefined : sighting.parentId === "undefined" ? label.source : "parent"

const event = (conversation: Conversation, sighting: Sighting, held: Held): ReadonlyArray<string> =>
  differences(`${conversation.id} ${held.name} ${sighting.spanId}`, [
    ["the route", conversation.rescued ? "rescued" : "rode", held.route],
    ["the LLM trace", sighting.traceId, held.traceId],
    ["the APM trace", conversation.traceId ?? held.apmTraceId, held.apmTraceId],
    ["the parent", sighting.parentId, held.parentId],
    ["the session", conversation.session?.value, held.session],
    ["the user", conversation.userId?.value, held.userId],
    ["the account", conversation.accountId?.value, held.accountId],
    ["the session's source", sourceOf(conversation.session, sighting), sighting.sources.session],
    ["the user's source", sourceOf(conversation.userId, sighting), sighting.sources.userId],
    ["the account's source", sourceOf(conversation.accountId, sighting), sighting.sources.accountId]
  ])

const events = ({ conversations, held, sightings }: Sides): ReadonlyArray<string> => {
  const heldById = groupBy(held, (item) => item.spanId)
  const conversationById = new Map(conversations.map((conversation) => [conversation.id, conversation]))
  return [
    ...sightings.flatMap((sighting) => {
      const copies = heldById.get(sighting.spanId) ?? []
      const conversation = conversationById.get(sighting.conversation)
      const what = `${sighting.conversation} span ${sighting.spanId}`
      if (conversation === undefined) return [`${what}: nobody sent this conversation`]
      if (copies.length !== 1) return [`${what}: the Agent holds ${copies.length} events, not 1`]
      return event(conversation, sighting, copies[0]!)
    }),
    ...[...groupBy(sightings, (sighting) => sighting.spanId)].flatMap(([spanId, same]) =>
      same.length === 1 ? [] : [`span ${spanId}: ${same.length} spans have this id`]
    ),
    ...[...heldById.keys()].filter((spanId) => !sightings.some((sighting) => sighting.spanId === spanId)).map((
      spanId
    ) => `span ${spanId}: the Agent holds an event that the program never saw`)
  ]
}

const wholeConversations = ({ answered, held, sightings }: Sides): ReadonlyArray<string> => {
  const names = new Map(held.map((item) => [item.spanId, item.name]))
  const seen = groupBy(sightings, (sighting) => sighting.conversation)
  return answered.flatMap(({ conversation, status }) =>
    differences(conversation, [
      ["the HTTP status", 200, status],
      [
        "the list of spans",
        spanNames.toSorted().join(", "),
        (seen.get(conversation) ?? []).map(({ spanId }) => names.get(spanId) ?? "?").sort().join(", ")
      ]
    ])
  )
}

const count = (held: ReadonlyArray<Held>, route: Route): number => held.filter((item) => item.route === route).length

/** Everything that does not agree, one sentence each; nothing when all does. */
export const compare = (sides: Sides): ReadonlyArray<string> => [
  ...wholeConversations(sides),
  ...events(sides),
  ...differences("the books", [
    ["delivered", sides.sightings.length, sides.books.delivered],
    ["rode", count(sides.held, "rode"), sides.books.rode],
    ["rescued", count(sides.held, "rescued"), sides.books.rescued],
    ["dropped", 0, sides.books.dropped],
    ["pending", 0, sides.books.pending]
  ])
]
