import { assert, describe, it } from "@effect/vitest"
import type { Held, Sides } from "../../../examples/support-chat/Comparison.ts"
import * as Comparison from "../../../examples/support-chat/Comparison.ts"
import * as Conversations from "../../../examples/support-chat/Conversations.ts"
import type { Sighting } from "../../../examples/support-chat/Witness.ts"

// A rejected trace whose browser named session, user and account.
const conversation = Conversations.all[0]!

const source = (index: number) => index === 0 ? "rum" : "parent"

const sightings = Conversations.spanNames.map((_, index): Sighting => ({
  conversation: conversation.id,
  parentId: index === 0 ? "undefined" : "100",
  traceId: "llm-trace",
  spanId: String(100 + index),
  sources: {
    session: source(index),
    userId: source(index),
    accountId: source(index),
    mlApp: "configured",
    parent: index === 0 ? undefined : "parent"
  }
}))

const held = Conversations.spanNames.map((name, index): Held => ({
  route: "rescued",
  spanId: String(100 + index),
  traceId: "llm-trace",
  apmTraceId: conversation.traceId!,
  parentId: index === 0 ? "undefined" : "100",
  name,
  session: conversation.session!.value,
  userId: conversation.userId!.value,
  accountId: conversation.accountId!.value
}))

const sides: Sides = {
  conversations: [conversation],
  answered: [{ conversation: conversation.id, status: 200 }],
  sightings,
  held,
  books: { delivered: 5, rode: 0, rescued: 5, dropped: 0, pending: 0 }
}

const first = (patch: Partial<Held>): Sides => ({ ...sides, held: [{ ...held[0]!, ...patch }, ...held.slice(1)] })
const books = (patch: Partial<Sides["books"]>): Sides => ({ ...sides, books: { ...sides.books, ...patch } })

const doctored: ReadonlyArray<readonly [name: string, sides: Sides, found: RegExp]> = [
  ["an event that is missing", { ...sides, held: held.slice(1) }, /c-01 span 100: the Agent holds 0 events, not 1/],
  ["an event that came twice", { ...sides, held: [...held, held[0]!] }, /c-01 span 100: the Agent holds 2 events/],
  ["an event without a span", { ...sides, held: [...held, { ...held[0]!, spanId: "9" }] }, /span 9: .* never saw/],
  ["two spans with one id", { ...sides, sightings: [...sightings, sightings[0]!] }, /span 100: 2 spans have this id/],
  ["the other route", first({ route: "rode" }), /the route is rode, not rescued/],
  ["another LLM trace", first({ traceId: "x" }), /the LLM trace is x, not llm-trace/],
  ["another APM trace", first({ apmTraceId: "x" }), /the APM trace is x, not 67aa/],
  ["another parent", first({ parentId: "7" }), /the parent is 7, not undefined/],
  ["a session that is lost", first({ session: undefined }), /the session is none, not 5f0c2d1e-1/],
  ["a session of another conversation", first({ session: "5f0c2d1e-2" }), /the session is 5f0c2d1e-2, not 5f0c2d1e-1/],
  ["a user that was altered", first({ userId: "auth0" }), /the user is auth0, not auth0\|5f7c8ec7/],
  ["an account that is lost", first({ accountId: undefined }), /the account is none/],
  [
    "a session with another source",
    { ...sides, sightings: [{ ...sightings[0]!, sources: sightings[1]!.sources }, ...sightings.slice(1)] },
    /the session's source is parent, not rum/
  ],
  ["a conversation that failed", { ...sides, answered: [{ conversation: "c-01", status: 500 }] }, /status is 500/],
  ["a conversation that was never sent", { ...sides, conversations: [] }, /nobody sent this conversation/],
  [
    "a missing step when all else agrees",
    {
      ...sides,
      sightings: sightings.slice(0, 4),
      held: held.slice(0, 4),
      books: { ...sides.books, delivered: 4, rescued: 4 }
    },
    /the list of spans is .*, not .*LanguageModel\.streamText, /
  ],
  ["books with too few delivered", books({ delivered: 4 }), /the books: delivered is 4, not 5/],
  ["books with a ride that did not happen", books({ rode: 1 }), /the books: rode is 1, not 0/],
  ["books with a rescue too many", books({ rescued: 6 }), /the books: rescued is 6, not 5/],
  ["books with a drop", books({ dropped: 1 }), /the books: dropped is 1, not 0/],
  ["books with a pending event", books({ pending: 1 }), /the books: pending is 1, not 0/]
]

describe("Comparison", () => {
  it("finds no difference when all sides agree", () => {
    assert.deepStrictEqual(Comparison.compare(sides), [])
  })

  for (const [name, given, found] of doctored) {
    it(`finds ${name}`, () => {
      assert.isTrue(Comparison.compare(given).some((text) => found.test(text)), Comparison.compare(given).join("\n"))
    })
  }
})
