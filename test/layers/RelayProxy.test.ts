import { assert, describe, it } from "@effect/vitest"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as RedisOutbox from "effect-llmobs/RedisOutbox"
import * as Relay from "effect-llmobs/Relay"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as RedisServer from "../adapters/redis/RedisServer.ts"

if (RedisServer.missing !== undefined) console.log(`The proxy tests of relays are left out: ${RedisServer.missing}.`)

/** A proxy that opens no tunnel, and says which ones it was asked for. */
const proxy = Effect.acquireRelease(
  Effect.promise(() =>
    new Promise<{ readonly server: Http.Server; readonly asked: Array<string> }>((resolve) => {
      const asked: Array<string> = []
      const server = Http.createServer((_, response) => response.end())
      server.on("connect", (request, socket) => {
        asked.push(request.url ?? "")
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
      })
      server.listen(0, "127.0.0.1", () => resolve({ server, asked }))
    })
  ),
  ({ server }) => Effect.sync(() => server.close())
)

/** The tunnels that a relay asks for when one event waits in the queue, with these variables. So many are waited for. */
const tunnels = (variables: { readonly [name: string]: string }, expected: number) =>
  Effect.gen(function*() {
    const redis = yield* RedisServer.make
    const { asked, server } = yield* proxy
    const queue = { url: Redacted.make(redis.url) }
    yield* Effect.andThen(Effect.void.pipe(LLMObs.llm("call")), LLMObs.flush).pipe(
      Effect.provide(LLMObs.layer({ mlApp: "fleet", apm: "off", agentless: true, flushTimeout: "30 seconds" })),
      Effect.provide(RedisOutbox.layer(queue))
    )
    const relay = Relay.layer({
      ...queue,
      agentless: true,
      apiKey: Redacted.make("key"),
      overrideOrigin: "https://intake.invalid",
      pollMillis: 10,
      flushTimeout: "500 millis"
    }).pipe(Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({
      HTTPS_PROXY: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...variables
    }))))
    yield* Effect.gen(function*() {
      let held = 0
      for (let look = 0; look < 5_000 && (held === 0 || asked.length < expected); look++) {
        yield* Effect.sleep(10)
        held = (yield* Relay.ledger).pending.outbox
      }
      assert.strictEqual(held, 1)
      yield* Effect.flatMap(Relay.Relay, (relay) => relay.flush)
    }).pipe(Effect.provide(relay))
    return new Set(asked)
  })

describe.skipIf(RedisServer.missing !== undefined)("a relay behind a proxy", () => {
  it.live("reaches the intake through the proxy", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* tunnels({}, 1), new Set(["intake.invalid:443"]))
    }))

  it.live("bypasses the proxy for the hosts of NO_PROXY", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* tunnels({ NO_PROXY: "other.invalid,.invalid" }, 0), new Set())
    }))
})
