import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Http from "node:http"
import type * as Net from "node:net"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"
import * as Patience from "./Patience.ts"

const program = Effect.void.pipe(LLMObs.llm("call"), Effect.andThen(LLMObs.flush))

/** The events that an Agent without TLS got, and the warnings. */
const beside = (variables: { readonly [name: string]: string }, options: object = {}) =>
  Effect.gen(function*() {
    const { layer, lines } = Observed.warnings()
    const agent = yield* DevAgent.make()
    const env = { DD_TRACE_AGENT_URL: agent.url, ...variables }
    yield* program.pipe(
      Effect.provide(LLMObs.layerFromConfig({ ...Observed.usual, ...options })),
      Effect.provide(Layer.merge(layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))))
    )
    return { names: Observed.names(agent), lines }
  })

describe("unusual settings", () => {
  const variables: ReadonlyArray<readonly [name: string, text: string, warnings: number]> = [
    ["HTTPS_PROXY", "10.0.0.1:3128", 0],
    ["HTTPS_PROXY", "localhost:3128", 0],
    ["HTTPS_PROXY", "  ", 0],
    ["HTTPS_PROXY", "direct", 0],
    ["HTTPS_PROXY", "http://", 1],
    ["DD_API_KEY", "two words", 1],
    ["DD_SITE", "evil.example", 1],
    ["DD_LLMOBS_SAMPLE_RATE", "half", 1],
    ["DD_LLMOBS_MLAPP", "shop", 1]
  ]
  for (const [name, text, warnings] of variables) {
    it.live(`delivers events to an Agent despite ${name}=${JSON.stringify(text)}`, () =>
      Effect.gen(function*() {
        const { lines, names } = yield* beside({ [name]: text })
        assert.deepStrictEqual(names, ["call"])
        assert.strictEqual(lines.length, warnings, lines.join("\n"))
        for (const line of lines) assert.include(line, name)
      }))
  }

  const options: ReadonlyArray<readonly [name: string, value: unknown]> = [
    ["site", 9],
    ["apiKey", "plain text"],
    ["agentUrl", 7],
    ["tags", { build: undefined }],
    ["tags", { build: null, team: "ops" }],
    ["flushTimeout", {}],
    ["processors", "none"],
    ["durable", 7]
  ]
  for (const [name, value] of options) {
    it.live(`delivers events to an Agent despite the option ${name}: ${JSON.stringify(value)}`, () =>
      Effect.gen(function*() {
        const { lines, names } = yield* beside({}, { [name]: value })
        assert.deepStrictEqual(names, ["call"])
        assert.strictEqual(lines.length, 1, lines.join("\n"))
        assert.include(lines[0], `The option ${name} `)
      }))
  }
})

describe("a proxy that opens no tunnel", () => {
  for (const status of [202, 407]) {
    it.live(`keeps events pending behind a proxy that opens no tunnel, and blames no key (${status})`, () =>
      Effect.gen(function*() {
        const { layer, lines } = Observed.warnings()
        const port = yield* Effect.acquireRelease(
          Effect.callback<Http.Server>((resume) => {
            const server = Http.createServer()
            server.on("connect", (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\n\r\n`))
            server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
          }),
          (server) => Effect.sync(() => server.close())
        ).pipe(Effect.map((server) => (server.address() as Net.AddressInfo).port))
        const env = {
          HTTPS_PROXY: `127.0.0.1:${port}`,
          DD_API_KEY: "key",
          DD_SITE: "datadoghq.com",
          DD_LLMOBS_AGENTLESS_ENABLED: "1"
        }
        const { giveUp, layer: clock, vain } = Patience.make()
        const report = yield* Effect.void.pipe(
          LLMObs.llm("call"),
          Effect.andThen(vain(() => lines.some((line) => line.includes(`answers CONNECT with ${status}`)))),
          Effect.tap(() => Effect.sync(giveUp)),
          Effect.provide(LLMObs.layerFromConfig({ ...Observed.usual, flushTimeout: Patience.flushTimeout })),
          Effect.provide(Layer.mergeAll(clock, layer, ConfigProvider.layer(ConfigProvider.fromEnv({ env }))))
        )
        assert.deepStrictEqual([report.delivered, report.pending], [0, 1])
        assert.isFalse(lines.some((line) => line.includes("DD_API_KEY")), lines.join("\n"))
      }))
  }
})

describe("a layer that cannot start", () => {
  it.live("reports why a layer cannot start, and runs the program without it", () =>
    Effect.gen(function*() {
      const { layer, lines } = Observed.warnings()
      const clock = yield* Clock.Clock
      const broken: Clock.Clock = Object.assign(Object.create(clock), {
        monotonicTimeNanosUnsafe: () => {
          throw new TypeError("no such clock\nsecond line")
        }
      })
      const report = yield* program.pipe(
        Effect.provide(LLMObs.layer(Observed.usual)),
        Effect.provide(layer),
        Effect.provideService(Clock.Clock, broken)
      )
      assert.strictEqual(report.delivered, 0)
      assert.deepStrictEqual(lines, [
        "effect-llmobs could not start (TypeError: no such clock). The program runs without LLM Observability."
      ])
    }))
})
