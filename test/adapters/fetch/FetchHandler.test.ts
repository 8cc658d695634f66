import { describe } from "@effect/vitest"
import { getRequestListener } from "@hono/node-server"
import { Hono } from "hono"
import * as Http from "node:http"
import * as Fetch from "../../../src/layers/Fetch.ts"
import { listening, trial } from "../ServerTrial.ts"
import type { Said } from "../ServerTrial.ts"

const said = async (request: Request): Promise<Said> => {
  const text = await request.text()
  return { n: new URL(request.url).searchParams.get("n")!, body: text === "" ? undefined : JSON.parse(text) }
}

describe("a handler of web requests", () => {
  trial((answer, sessionFrom) => {
    const handler = Fetch.wrap(async (request: Request) => Response.json(await answer(await said(request))), {
      sessionFrom
    })
    return listening(Http.createServer(getRequestListener(handler)))
  })

  describe("as a middleware of Hono", () => {
    trial((answer, sessionFrom) => {
      const app = new Hono()
      app.use(Fetch.middleware({ sessionFrom }))
      app.all("/chat", async (context) => context.json(await answer(await said(context.req.raw)) as object))
      return listening(Http.createServer(getRequestListener(app.fetch)))
    })
  })
})
