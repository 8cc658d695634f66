import { describe } from "@effect/vitest"
import fastify from "fastify"
import * as Fastify from "../../../src/layers/Fastify.ts"
import { trial } from "../ServerTrial.ts"

describe("Fastify", () => {
  trial(async (answer, sessionFrom) => {
    const app = fastify({ forceCloseConnections: true })
    await app.register(Fastify.plugin, { sessionFrom })
    await app.register(async (routes) => {
      routes.all("/chat", async (request) => {
        const { n } = request.query as { readonly n: string }
        return answer({ n, body: request.body ?? undefined })
      })
    })
    return { url: await app.listen({ host: "127.0.0.1", port: 0 }), close: () => app.close() }
  })
})
