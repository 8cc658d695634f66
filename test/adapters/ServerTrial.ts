/**
 * The required handling of requests and their sessions by every kind of server, tried on real servers over real
 * connections.
 */
import { assert, describe, it } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { DevAgent } from "../../src/adapters/devagent/DevAgent.ts"
import type { SessionFrom } from "../../src/domain/propagation/RequestSession.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "../layers/Observed.ts"

/** The request as the application sees it: the query's `n`, and the body as the application itself read it. */
export interface Said {
  readonly n: string
  readonly body: unknown
}

export interface Running {
  readonly url: string
  readonly close: () => Promise<void>
}

/** The application as an Effect, for servers that run Effects themselves, and the services it needs. */
export interface Inside {
  readonly chat: (said: Said) => Effect.Effect<Answer>
  readonly services: () => Promise<Context.Context<LLMObs.DevAgent>>
}

/** Starts a server that answers every `/chat` with the JSON of what the application says. */
export type Serve = (
  answer: (said: Said) => Promise<unknown>,
  sessionFrom: SessionFrom,
  inside: Inside
) => Promise<Running>

/** A server on a free port, and its end. */
export const listening = (server: Server): Promise<Running> =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          })
      })
    })
  })

/** The answer of an application: where the session of its span came from, and what it read itself. */
export interface Answer {
  readonly session: string | undefined
  readonly body: unknown
}

const later = Effect.callback<void>((resume) => {
  const timer = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(timer))
})

const chat = ({ body, n }: Said): Effect.Effect<Answer> =>
  Effect.gen(function*() {
    yield* later
    const forked = yield* Effect.forkChild(later.pipe(LLMObs.task(`forked ${n}`)))
    yield* Stream.fromIterable([1, 2]).pipe(
      Stream.mapEffect(() => later.pipe(LLMObs.task(`streamed ${n}`))),
      Stream.runDrain
    )
    yield* Fiber.join(forked)
    // Started anew, from a promise, as code that is not Effect's would.
    const context = yield* Effect.context<never>()
    yield* Effect.promise(async () => {
      await new Promise((resolve) => setImmediate(resolve))
      await Effect.runPromiseWith(context)(later.pipe(LLMObs.task(`anew ${n}`)))
    })
    const span = Option.getOrThrow(yield* LLMObs.currentSpan)
    return { session: span.sources.session, body }
  }).pipe(LLMObs.workflow(`chat ${n}`))

const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body)
})

/** Tries a kind of server. */
export const trial = (serve: Serve): void => {
  const within = async (
    sessionFrom: SessionFrom,
    use: (scene: {
      readonly send: (path: string, init?: RequestInit) => Promise<Answer>
      readonly settle: () => Promise<Pick<DevAgent, "events">>
    }) => Promise<void>
  ) => {
    const runtime = ManagedRuntime.make(Observed.dev())
    const server = await serve((said) => runtime.runPromise(chat(said)), sessionFrom, {
      chat,
      services: () => runtime.context()
    })
    try {
      await use({
        send: async (path, init) => {
          const response = await fetch(server.url + path, { ...init, signal: AbortSignal.timeout(20_000) })
          assert.strictEqual(response.status, 200)
          return await response.json() as Answer
        },
        settle: () => runtime.runPromise(Effect.map(Observed.settle, (settled) => settled.agent))
      })
    } finally {
      await server.close()
      await runtime.dispose()
    }
  }
  const both = { body: "session_id", query: "session_id" }

  describe("the session of a request", () => {
    it("reads the session from the query", () =>
      within(both, async ({ send, settle }) => {
        assert.strictEqual((await send("/chat?n=1&session_id=q%2D1")).session, "request")
        const event = Observed.named(await settle(), "chat 1")
        assert.strictEqual(event.event["session_id"], "q-1")
        assert.strictEqual(Observed.tagsOf(event).get("session_id"), "q-1")
      }))

    it("reads the session from a JSON body, which the application can read too", () =>
      within(both, async ({ send, settle }) => {
        const body = { session_id: "b-1", question: "Where is it?", long: "é".repeat(20_000) }
        const answer = await send("/chat?n=1&session_id=q-1", json(body))
        assert.deepStrictEqual(answer, { session: "request", body })
        const event = Observed.named(await settle(), "chat 1")
        assert.strictEqual(event.event["session_id"], "b-1")
        assert.strictEqual(Observed.tagsOf(event).get("session_id"), "b-1")
      }))

    it("ranks a request's session above the browser's baggage and below the application's", () =>
      within(both, async ({ send, settle }) => {
        const baggage = { baggage: "session.id=rum,user.id=ann" }
        assert.strictEqual((await send("/chat?n=1", { headers: baggage })).session, "rum")
        assert.strictEqual((await send("/chat?n=2&session_id=q", { headers: baggage })).session, "request")
        const agent = await settle()
        assert.strictEqual(Observed.named(agent, "chat 1").event["session_id"], "rum")
        const second = Observed.named(agent, "chat 2")
        assert.strictEqual(second.event["session_id"], "q")
        assert.strictEqual(Observed.tagsOf(second).get("usr.id"), "ann")
      }))

    it("leaves out a session that is no valid label, and serves the request all the same", () =>
      within(both, async ({ send, settle }) => {
        const bodies = [
          { session_id: "x".repeat(201) },
          { session_id: "a\u202eb" },
          { session_id: 7 },
          ["session_id"],
          {}
        ]
        for (const [n, body] of bodies.entries()) {
          assert.deepStrictEqual(await send(`/chat?n=${n}`, json(body)), { body } as unknown as Answer)
        }
        const agent = await settle()
        for (const n of bodies.keys()) assert.isUndefined(Observed.named(agent, `chat ${n}`).event["session_id"])
      }))

    it("reads the session only from the places that the application names", () =>
      within({ query: "sid" }, async ({ send }) => {
        const body = { session_id: "b-1", sid: "b-2" }
        assert.deepStrictEqual(await send("/chat?n=1&session_id=q-1", json(body)), { body } as unknown as Answer)
        assert.strictEqual((await send("/chat?n=1&sid=q-1", json(body))).session, "request")
      }))
  })

  it("keeps the sessions of 200 concurrent requests apart", () =>
    within(both, async ({ send, settle }) => {
      const count = 200
      await Promise.all(Array.from({ length: count }, (_, n) => {
        const path = `/chat?n=${n}`
        const baggage = `session.id=s-${n},user.id=u-${n}`
        switch (n % 3) {
          case 0:
            return send(path, { headers: { baggage } })
          case 1:
            return send(path, { ...json({ session_id: `s-${n}`, text: "x".repeat(n * 50) }) })
          default:
            return send(`${path}&session_id=s-${n}`, json({ n }))
        }
      }))
      const agent = await settle()
      assert.strictEqual(agent.events().length, count * 5)
      for (const { event } of agent.events()) {
        assert.strictEqual(event["session_id"], `s-${String(event["name"]).split(" ")[1]}`, String(event["name"]))
      }
      for (let n = 0; n < count; n++) {
        const user = Observed.tagsOf(Observed.named(agent, `chat ${n}`)).get("usr.id")
        assert.strictEqual(user, n % 3 === 0 ? `u-${n}` : undefined)
      }
    }))

  it("takes an experiment from a service, and none from a browser", () =>
    within({}, async ({ send, settle }) => {
      const baggage = "_ml_obs.experiment_id=e-1"
      await send("/chat?n=1", { headers: { baggage } })
      await send("/chat?n=2", { headers: { baggage, "x-datadog-origin": "rum" } })
      const agent = await settle()
      assert.strictEqual(Observed.at(Observed.named(agent, "chat 1").event, "_dd.scope"), "experiments")
      assert.isUndefined(Observed.at(Observed.named(agent, "chat 2").event, "_dd.scope"))
    }))

  it("continues the trace and the LLM trace of a service upstream", () =>
    within({}, async ({ send, settle }) => {
      await send("/chat?n=1", {
        headers: {
          "x-datadog-trace-id": "12",
          "x-datadog-parent-id": "34",
          "x-datadog-sampling-priority": "2",
          "x-datadog-tags":
            "_dd.p.tid=000000000000abcd,_dd.p.llmobs_parent_id=34,_dd.p.llmobs_trace_id=56,_dd.p.llmobs_sid=up"
        }
      })
      const event = Observed.named(await settle(), "chat 1")
      assert.strictEqual(event.apmTraceId, "000000000000abcd000000000000000c")
      assert.strictEqual(event.event["parent_id"], "34")
      assert.strictEqual(event.event["session_id"], "up")
      assert.strictEqual(event.traceId, "56")
    }))
}
