import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Observed from "../../layers/Observed.ts"
import * as HttpApp from "./HttpApp.ts"

const all = { baggage: "session.id=s%2D1,user.id=u%201,account.id=a-1" }

/** One request with these headers, and what the Agent got of it. */
const received = (handler: Effect.Effect<unknown>, headers: HttpApp.Headers, options: Observed.DevOptions = {}) =>
  Effect.gen(function*() {
    assert.strictEqual(yield* HttpApp.get("/chat/7", headers), 200)
    return (yield* Observed.settle).agent
  }).pipe(Effect.provide(HttpApp.serving(handler)), Effect.provide(Observed.dev(options)))

const labels = (agent: LLMObs.DevAgent["Service"], name: string) => {
  const event = Observed.named(agent, name)
  const tags = Observed.tagsOf(event)
  return [event.event["session_id"], tags.get("session_id"), tags.get("usr.id"), tags.get("usr.account_id")]
}

describe("RUM baggage on an Effect HTTP server", () => {
  it.live("auto-tags session and user", () =>
    Effect.gen(function*() {
      const agent = yield* received(HttpApp.chat, all)
      for (const name of ["chat", "support"]) {
        assert.deepStrictEqual(labels(agent, name), ["s-1", "s-1", "u 1", "a-1"], name)
      }
    }))

  it.live("does not overwrite an explicit session id", () =>
    Effect.gen(function*() {
      const agent = yield* received(
        Effect.void.pipe(LLMObs.llm("chat"), LLMObs.workflow("support", { sessionId: "mine" })),
        all
      )
      assert.deepStrictEqual(labels(agent, "support"), ["mine", "mine", "u 1", "a-1"])
      assert.deepStrictEqual(labels(agent, "chat"), ["mine", "mine", "u 1", "a-1"])
    }))

  it.live("does not overwrite an annotated user tag", () =>
    Effect.gen(function*() {
      const agent = yield* received(
        Effect.gen(function*() {
          yield* Effect.void.pipe(LLMObs.llm("before"))
          yield* LLMObs.annotateCurrentSpan({ tags: { "usr.id": "mine" } })
          yield* Effect.void.pipe(LLMObs.llm("after"))
        }).pipe(LLMObs.workflow("support")),
        all
      )
      assert.deepStrictEqual(labels(agent, "support"), ["s-1", "s-1", "mine", "a-1"])
      assert.deepStrictEqual(labels(agent, "after"), ["s-1", "s-1", "mine", "a-1"])
      assert.deepStrictEqual(labels(agent, "before"), ["s-1", "s-1", "u 1", "a-1"])
    }))

  it.live("partial keys tag only what is present", () =>
    Effect.gen(function*() {
      const agent = yield* received(HttpApp.chat, { baggage: "user.id=u-1" })
      assert.deepStrictEqual(labels(agent, "chat"), [undefined, undefined, "u-1", undefined])
      assert.isFalse(Object.hasOwn(Observed.named(agent, "chat").event, "session_id"))
    }))

  it.live("opts out of the baggage's session when the span names an empty one", () =>
    Effect.gen(function*() {
      const agent = yield* received(Effect.void.pipe(LLMObs.llm("chat", { sessionId: "" })), all)
      assert.isFalse(Object.hasOwn(Observed.named(agent, "chat").event, "session_id"))
    }))

  it.live("prefers annotateSpans around the span, and DD_TAGS, to RUM's baggage", () =>
    Effect.gen(function*() {
      const region = yield* received(HttpApp.chat.pipe(LLMObs.annotateSpans({ sessionId: "region" })), all)
      assert.deepStrictEqual(labels(region, "chat"), ["region", "region", "u 1", "a-1"])
      const process = yield* received(HttpApp.chat, all, { tags: { session_id: "process", "usr.id": "robot" } })
      assert.deepStrictEqual(labels(process, "chat"), ["process", "process", "robot", "a-1"])
    }))

  it.live("makes no tag of any other baggage key, and drops hostile members instead of altering them", () =>
    Effect.gen(function*() {
      const { layer, lines } = Observed.warnings()
      const agent = yield* received(HttpApp.chat, {
        baggage: [
          "session.id=" + "x".repeat(201),
          "user.name=Ann,user.email=ann%40example.com,=,;;;",
          "user.id=a%00b,account.id=a-1"
        ]
      }).pipe(Effect.provide(layer))
      assert.deepStrictEqual(labels(agent, "chat"), [undefined, undefined, undefined, "a-1"])
      const tags = [...Observed.tagsOf(Observed.named(agent, "chat"))].flat()
      assert.isFalse(tags.some((text) => text.includes("Ann") || text.includes("ann@")), tags.join())
      assert.strictEqual(lines.filter((line) => line.includes("invalid_baggage")).length, 1)
    }))

  it.live("knows the session after awaits, in forked fibers and in streams", () =>
    Effect.gen(function*() {
      const agent = yield* received(
        Effect.gen(function*() {
          yield* Effect.sleep(1)
          yield* Effect.promise(() => Promise.resolve())
          yield* Effect.void.pipe(LLMObs.llm("awaited"))
          yield* Effect.void.pipe(LLMObs.llm("child"), Effect.forkChild, Effect.flatMap(Fiber.join))
          yield* Effect.void.pipe(LLMObs.llm("detached"), Effect.forkDetach, Effect.flatMap(Fiber.join))
          yield* Stream.make(1).pipe(
            Stream.mapEffect(() => Effect.void.pipe(LLMObs.llm("streamed"))),
            Stream.runDrain
          )
        }),
        all
      )
      for (const name of ["awaited", "child", "detached", "streamed"]) {
        assert.deepStrictEqual(labels(agent, name), ["s-1", "s-1", "u 1", "a-1"], name)
      }
    }))

  it.live("reports whether a label comes from RUM or from the parent span", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      yield* received(
        Effect.gen(function*() {
          const current = yield* LLMObs.currentSpan.pipe(LLMObs.llm("chat"), LLMObs.workflow("support"))
          const root = yield* LLMObs.currentSpan.pipe(LLMObs.workflow("root"))
          for (const span of [root, current]) {
            if (span._tag === "Some") seen.push([span.value.sources.session, span.value.sources.parent])
          }
        }),
        all
      )
      assert.deepStrictEqual(seen, [["rum", undefined], ["parent", "parent"]])
    }))

  it.live("keeps the sessions of 200 concurrent requests apart", () =>
    Effect.gen(function*() {
      const indexes = Array.from({ length: 200 }, (_, index) => index)
      yield* Effect.forEach(
        indexes,
        (index) =>
          HttpApp.get(`/chat/${index}`, {
            baggage: `session.id=s-${index},user.id=u-${index}`,
            traceparent: `00-0000000000000000000000000000${String(1000 + index)}-00000000000000${10 + index % 80}-01`
          }),
        { concurrency: "unbounded", discard: true }
      )
      const { agent } = yield* Observed.settle
      const sessions = agent.events().map((event) => {
        const tags = Observed.tagsOf(event)
        const session = String(event.event["session_id"])
        assert.strictEqual(tags.get("usr.id"), session.replace("s-", "u-"))
        assert.strictEqual(Number(event.apmTraceId.slice(-4)) - 1000, Number(session.slice(2)))
        return session
      })
      assert.strictEqual(sessions.length, 400)
      assert.deepStrictEqual([...new Set(sessions)].sort(), indexes.map((index) => `s-${index}`).sort())
      assert.isTrue(sessions.every((session) => sessions.filter((other) => other === session).length === 2))
    }).pipe(
      Effect.provide(HttpApp.serving(
        Effect.gen(function*() {
          yield* Effect.sleep(2)
          yield* Effect.yieldNow.pipe(LLMObs.llm("chat"))
        }).pipe(LLMObs.workflow("support"))
      )),
      Effect.provide(Observed.dev())
    ))
})
