import { assert, describe, it } from "@effect/vitest"
import { getRequestListener } from "@hono/node-server"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Request from "effect/Request"
import * as RequestResolver from "effect/RequestResolver"
import { Hono } from "hono"
import * as Http from "node:http"
import * as Fetch from "../../../src/layers/Fetch.ts"
import * as LLMObs from "../../../src/layers/LLMObs.ts"
import * as Observed from "../../layers/Observed.ts"
import { listening, trial } from "../ServerTrial.ts"
import type { Said } from "../ServerTrial.ts"

const said = async (request: globalThis.Request): Promise<Said> => {
  const text = await request.text()
  return { n: new URL(request.url).searchParams.get("n")!, body: text === "" ? undefined : JSON.parse(text) }
}

describe("FetchHandler", () => {
  trial((answer, sessionFrom) => {
    const handler = Fetch.wrap(
      async (request: globalThis.Request) => Response.json(await answer(await said(request))),
      {
        sessionFrom
      }
    )
    return listening(Http.createServer({ keepAliveTimeout: 0 }, getRequestListener(handler)))
  })

  describe("as a middleware of Hono", () => {
    trial((answer, sessionFrom) => {
      const app = new Hono()
      app.use(Fetch.middleware({ sessionFrom }))
      app.all("/chat", async (context) => context.json(await answer(await said(context.req.raw)) as object))
      return listening(Http.createServer({ keepAliveTimeout: 0 }, getRequestListener(app.fetch)))
    })
  })

  it("finds each caller's request in a batched resolver that captured it", async () => {
    class Ask extends Request.TaggedClass("Ask")<{ readonly n: number }, number> {}
    const resolver = RequestResolver.make<Ask>((entries) =>
      Effect.forEach(entries, (entry) =>
        Effect.yieldNow.pipe(
          LLMObs.retrieval(`found ${entry.request.n}`),
          Effect.provideContext(entry.context as Context.Context<never>),
          Effect.andThen(Request.succeed(entry, entry.request.n))
        ), { discard: true })
    ).pipe(RequestResolver.setDelay("20 millis"))
    const runtime = ManagedRuntime.make(Observed.dev())
    const handler = Fetch.wrap(async (_request: globalThis.Request, n: number) => {
      await runtime.runPromise(Effect.request(new Ask({ n }), resolver).pipe(Fetch.capture))
      return n
    }, { sessionFrom: { query: "sid" } })
    const answers = await Promise.all(
      [1, 2, 3].map((n) => handler(new globalThis.Request(`http://localhost/?sid=s-${n}`), n))
    )
    assert.deepStrictEqual(answers, [1, 2, 3])
    const { agent } = await runtime.runPromise(Observed.settle)
    for (const n of [1, 2, 3]) assert.strictEqual(Observed.named(agent, `found ${n}`).event["session_id"], `s-${n}`)
    await runtime.dispose()
  })
})
