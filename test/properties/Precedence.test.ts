import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as SessionSource from "../../src/domain/span/SessionSource.ts"
import * as SpanContext from "../../src/domain/span/SpanContext.ts"
import * as Tags from "../../src/domain/span/Tags.ts"
import { makeContext, process } from "../domain/Records.ts"

const place = Schema.Literals(["explicit", "context", "traceDefault", "process", "request", "rum", "annotated"])

type Places = { readonly [K in typeof place.Type]?: string | undefined }

/** The sources that name a session at one span: few, so that each of them has its turn. */
const places = Arbitrary.map(
  Arbitrary.schema(
    Schema.Array(Schema.Tuple([place, Schema.Literals(["a", "b", "c", ""])])).check(Schema.isMaxLength(3))
  ),
  (named): Places => Object.fromEntries(named)
)

const chains = Arbitrary.array(places, { minLength: 1, maxLength: 5 })

/** The ranking, a second time and as a list: value and where it came from, the strongest first. */
const rank = (
  place: Places,
  parent: { readonly value: string; readonly origin: string } | undefined
): { readonly value: string; readonly origin: string } | undefined => {
  const vouched = parent !== undefined && ["explicit", "context", "propagated"].includes(parent.origin)
  const named = (value: string | undefined, origin: string) => value === undefined ? undefined : { value, origin }
  return [
    named(place.explicit, "explicit"),
    named(place.context, "context"),
    vouched ? parent : undefined,
    named(place.traceDefault, "propagated"),
    named(place.process, "explicit"),
    named(place.request, "request"),
    parent,
    named(place.rum, "rum")
  ].find((found) => found !== undefined)
}

const startOf = (place: Places, parent: SpanContext.SpanContext | undefined) =>
  makeContext({
    parent,
    explicit: { sessionId: place.explicit },
    context: { sessionId: place.context },
    process: { sessionId: place.process },
    traceDefault: place.traceDefault === undefined ? undefined : SessionSource.make(place.traceDefault, "propagated"),
    labels: { request: { sessionId: place.request }, rum: { sessionId: place.rum } }
  })

describe("the precedence of sessions", () => {
  it.prop("ranks sessions like the model through any number of generations and annotations", [chains], ([chain]) => {
    let parent: SpanContext.SpanContext | undefined
    let expected: { readonly value: string; readonly origin: string } | undefined
    for (const place of chain) {
      let context = startOf(place, parent)
      expected = rank(place, expected)
      assert.strictEqual(context.session?.value, expected?.value)
      assert.strictEqual(context.session?.origin, expected?.origin)
      if (place.annotated !== undefined) {
        context = SpanContext.rename(context, { sessionId: place.annotated })
        expected = { value: place.annotated, origin: "explicit" }
      }
      parent = context
    }
  }, { arbitrary: { runs: 500 } })

  it.prop("never vouches for a session from a browser or a request alone", [chains], ([chain]) => {
    let parent: SpanContext.SpanContext | undefined
    for (const { request, rum } of chain) {
      parent = startOf({
        ...(request === undefined ? undefined : { request }),
        ...(rum === undefined ? undefined : { rum })
      }, parent)
      if (parent.session !== undefined) assert.isFalse(SessionSource.isVouched(parent.session))
    }
  })

  it.prop("leaves a parent's session unchanged by a later rename", [chains], ([chain]) => {
    const contexts: Array<SpanContext.SpanContext> = []
    for (const place of chain) contexts.push(startOf(place, contexts.at(-1)))
    const before = structuredClone(contexts)
    SpanContext.rename(contexts[0]!, { sessionId: "later" })
    assert.deepStrictEqual(contexts, before)
  })

  it.prop("ranks each label by itself, and writes each as its tag", [chains, chains], ([sessions, users]) => {
    const [session, user] = [sessions[0]!, users[0]!]
    const context = makeContext({
      explicit: { sessionId: session.explicit, userId: user.explicit },
      context: { sessionId: session.context, userId: user.context },
      process: { sessionId: session.process, userId: user.process },
      labels: { rum: { sessionId: session.rum, userId: user.rum } }
    })
    const { explicit, context: region, process: fromProcess, rum } = user
    assert.strictEqual(context.userId?.value, [explicit, region, fromProcess, rum].find((value) => value !== undefined))
    assert.isUndefined(context.accountId)
    const tags = Tags.resolve({ process, service: "s", context, annotated: undefined, agentVersion: undefined })
    assert.strictEqual(
      context.session?.value,
      [session.explicit, session.context, session.process, session.rum].find((value) => value !== undefined)
    )
    assert.strictEqual(tags["session_id"], context.session?.value)
    assert.strictEqual(tags["usr.id"], context.userId?.value)
  })
})
