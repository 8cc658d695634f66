import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Intakes from "./Intakes.ts"
import * as Observed from "./Observed.ts"
import * as Patience from "./Patience.ts"

const credentials = { apiKey: Redacted.make("key"), site: "datadoghq.eu" } as const

/** A server on loopback; its address. */
const server = (answer: Http.RequestListener) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<Http.Server>((resume) => {
        const server = Http.createServer({ keepAliveTimeout: 0 }, answer)
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  )

const work = Effect.void.pipe(LLMObs.llm("chat"), LLMObs.workflow("support"))

/** Runs a short program with an intake; what the intake got, and the warnings. */
const ended = (options: LLMObs.Options) =>
  Effect.gen(function*() {
    const intake = yield* Intakes.make()
    const { layer, lines } = Observed.warnings()
    yield* work.pipe(
      Effect.provide(LLMObs.layer({ mlApp: "shop", ...options }).pipe(Layer.provide(intake.layer))),
      Effect.provide(layer)
    )
    return { names: intake.accepted.flatMap(({ names }) => names).sort(), sites: intake.accepted, lines }
  })

describe("a short program without an Agent", () => {
  it.live("delivers every event at the end when no process listens at the Agent's address", () =>
    Effect.gen(function*() {
      const { lines, names, sites } = yield* ended({ ...credentials, agentUrl: "http://127.0.0.1:1" })
      assert.deepStrictEqual(names, ["chat", "support"])
      assert.deepStrictEqual([...new Set(sites.map(({ site }) => site))], ["datadoghq.eu"])
      assert.deepStrictEqual(lines, [])
    }))

  it.live("delivers every event at the end when another program listens at the Agent's address", () =>
    Effect.gen(function*() {
      const agentUrl = yield* server((_request, response) => response.writeHead(404).end("Not Found"))
      const { lines, names } = yield* ended({ ...credentials, agentUrl })
      assert.deepStrictEqual(names, ["chat", "support"])
      assert.deepStrictEqual(lines, [])
    }))

  it.live("delivers every event at the end when the Agent's address never answers, in the second half of the deadline", () =>
    Effect.gen(function*() {
      const { giveUp, layer } = Patience.make(Patience.searchTimeout)
      const agentUrl = yield* server(giveUp)
      const { lines, names } = yield* ended({ ...credentials, agentUrl, flushTimeout: Patience.flushTimeout }).pipe(
        Effect.provide(layer)
      )
      assert.deepStrictEqual(names, ["chat", "support"])
      assert.deepStrictEqual(lines, [])
    }))

  it.live("delivers every event at the end when it writes no APM traces", () =>
    Effect.gen(function*() {
      const { names } = yield* ended({ ...credentials, agentUrl: "http://127.0.0.1:1", apm: "off" })
      assert.deepStrictEqual(names, ["chat", "support"])
    }))

  it.live("sends no event past a configured Agent, and reports the loss and its reason", () =>
    Effect.gen(function*() {
      const { lines, names } = yield* ended({ ...credentials, agentUrl: "http://127.0.0.1:1", agentless: false })
      assert.deepStrictEqual(names, [])
      assert.deepStrictEqual(lines, [
        "effect-llmobs: 2 events could not be sent before the end and are lost. No Datadog Agent at " +
        "http://127.0.0.1:1 (ECONNREFUSED). Start one, or correct the option agentUrl."
      ])
    }))

  it.live("sends no event to a default site", () =>
    Effect.gen(function*() {
      const { lines, names } = yield* ended({ apiKey: credentials.apiKey, agentUrl: "http://127.0.0.1:1" })
      assert.deepStrictEqual(names, [])
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0]!, "set the option agentless to true with the option apiKey and the option site.")
    }))
})
