import { describe } from "@effect/vitest"
import express from "express"
import * as Http from "node:http"
import * as Express from "../../../src/layers/Express.ts"
import { listening, trial } from "../ServerTrial.ts"
import type { Serve } from "../ServerTrial.ts"

const serve = (before: boolean): Serve => (answer, sessionFrom) => {
  const app = express()
  const ours = Express.middleware({ sessionFrom })
  if (before) app.use(ours)
  app.use(express.json())
  if (!before) app.use(ours)
  const routes = express.Router()
  routes.all("/chat", async (request, response) => {
    response.json(await answer({ n: String(request.query["n"]), body: request.body }))
  })
  app.use(routes)
  return listening(Http.createServer({ keepAliveTimeout: 0 }, app))
}

describe("Express", () => {
  describe("with the middleware before the body's parser", () => trial(serve(true)))
  describe("with the middleware after the body's parser", () => trial(serve(false)))
})
